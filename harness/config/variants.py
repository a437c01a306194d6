"""Variants of a profile: the servers and environment that make the same target run on other parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

from harness.core.errors import UsageError

SERVICES: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("port", "user", "password", "database"),
    "mariadb": ("port", "user", "password", "database"),
    "redis": ("port", "password"),
    "memcached": ("port",),
}
"""Each server that can be started for the target, and its placeholders: `{redis_port}` is the port of redis."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What one variant adds to a profile's start."""

    services: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def merged(chosen: Mapping[str, Variant]) -> Variant:
    """All chosen variants as one; each service once, in order.

    Raises UsageError when two of them set a key of the environment to different values.
    """
    services: dict[str, None] = {}
    env: dict[str, str] = {}
    set_by: dict[str, str] = {}
    for name, variant in chosen.items():
        services |= dict.fromkeys(variant.services)
        for key, value in variant.env.items():
            if env.setdefault(key, value) != value:
                raise UsageError(
                    f"variants {set_by[key]!r} and {name!r} set env.{key} to different values ({env[key]!r} and "
                    f"{value!r}); choose one of them"
                )
            set_by.setdefault(key, name)
    return Variant(tuple(services), env)


def check_placeholders(texts: Iterable[tuple[str, str]], services: Sequence[str], where: str) -> None:
    """Check that texts, given with their keys, use no placeholder of a server that is not there. Raises UsageError."""
    owners = {f"{service}_{name}": service for service, names in SERVICES.items() for name in names}
    for key, text in texts:
        for name in _placeholders(text):
            owner = owners.get(name)
            if owner and owner not in services:
                raise UsageError(
                    f"{where}.{key}: {{{name}}} needs the service {owner!r}, which is not started; add it to "
                    "start.services, or choose a variant that starts it"
                )


def _placeholders(text: str) -> tuple[str, ...]:
    """The names in braces; none in a text that is not a template, which is refused when it is filled in."""
    try:
        return tuple(name for _, name, _, _ in Formatter().parse(text) if name)
    except ValueError:
        return ()
