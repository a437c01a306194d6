"""What lies over what in harness.toml: the tables beside the profiles, `[defaults]`, the profile, the command line."""

from collections.abc import Mapping
from typing import Any

from harness.config import connection, readers

SIDES = {"target": connection.TARGET_KEYS, "prometheus": connection.KEYS}
"""What a profile runs against: each is a URL, or a table with it and how it is reached."""
CLOSED = ("users", "spawn_rate", "pace")
"""Keys of a closed model."""


def plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """A profile's table with each service as a table of its own, whichever way it was written."""
    made = dict(table)
    for side in SIDES:
        if isinstance(made.get(side), str):
            made[side] = {"url": made[side]}
        if (short := f"{side}_credentials") in made and isinstance(made.setdefault(side, {}), dict):
            made[side] = {"credentials": made.pop(short)} | made[side]
    return made


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, tables merged key by key; a service's own rule is that of `connection.merge`."""
    merged = readers.merge(base, over)
    for side in SIDES:
        if isinstance(base.get(side), dict) and isinstance(over.get(side), dict):
            merged[side] = connection.merge(base[side], over[side])
    return merged


def base(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The defaults under a profile, without what its own keys replace: start or target, closed or open model."""
    others = [("target", "start"), ("target", "variants"), ("start", "target")]
    others += [pair for key in CLOSED for pair in (("arrival_rate", key), (key, "arrival_rate"))]
    named = {key for key in own if key != "target" or (isinstance(own[key], dict) and own[key].get("url"))}
    replaced = {other for key, other in others if key in named}
    return {key: value for key, value in defaults.items() if key not in replaced or (key in own and key != "target")}
