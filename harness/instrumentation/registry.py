"""The instrumentations that the harness knows, and which of them a run or a profile has."""

from collections.abc import Mapping, Sequence
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
        """What stands before each name; None where it is not known yet, which counts as none."""


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


def only(namespaces: Sequence[str], selector: str) -> str | None:
    """The one namespace of the series that a selector picks; None when they have none at all, not even an empty one.

    Raises UsageError that names them when there are several.
    """
    if len(namespaces) > 1:
        several = " and ".join(repr(each) if each else "none" for each in namespaces)
        raise UsageError(
            f"{{{selector}}} has metrics of {len(namespaces)} namespaces, {several}; set `metric_namespace` in the "
            'profile to one of them ("" for none), or narrow the selector'
        )
    return namespaces[0] if namespaces else None


@cache
def _under(id: str, namespace: str) -> Instrumentation:
    return find(id).under(namespace)
