"""The instrumentations that the harness knows, and which of them a run or a profile has."""

from collections.abc import Mapping
from functools import cache
from typing import Protocol

from harness.core.errors import UsageError
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS

INSTRUMENTATIONS: Mapping[str, Instrumentation] = {each.id: each for each in (DJANGO_PROMETHEUS,)}
"""By the id that a profile's key `instrumentation` names."""


class Named(Protocol):
    """What names an instrumentation: a run or a profile."""

    @property
    def instrumentation(self) -> str:
        """The id."""

    @property
    def metric_namespace(self) -> str | None:
        """What stands before each name; None where it is not known yet, which is taken for none."""


def of(named: Named) -> Instrumentation:
    """The instrumentation of a run or profile, under its namespace. Raises UsageError for an unknown id."""
    return _under(named.instrumentation, named.metric_namespace or "")


def find(id: str) -> Instrumentation:
    """The instrumentation called `id`, without a namespace. Raises UsageError that names the known ones."""
    if id not in INSTRUMENTATIONS:
        raise UsageError(
            f"instrumentation: {id!r} is not known; write one of {', '.join(sorted(INSTRUMENTATIONS))} in the profile"
        )
    return INSTRUMENTATIONS[id]


@cache
def _under(id: str, namespace: str) -> Instrumentation:
    return find(id).under(namespace)
