"""Whether what a fault file calls FAULT can be run and judged: types, names of checks, profile keys and sidecars."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import msgspec

from harness.checks import CHECKS
from harness.config.profile import Profile
from harness.config.readers import suggest
from harness.core.errors import UsageError
from harness.faults.fault import Fault
from harness.faults.results import CLEAN

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""It names a directory and a page."""


def checked(found: object, file: Path) -> Fault:
    """The FAULT of `file`, when it can be used. Raises UsageError with the file and what to correct."""
    if not isinstance(found, Fault):
        raise UsageError(f"{file}: FAULT is of type {type(found).__name__}; make it a harness.faults.Fault")
    try:
        msgspec.convert(msgspec.to_builtins(found, enc_hook=_plain), Fault)
    except (msgspec.ValidationError, TypeError) as error:
        raise UsageError(f"{file}: FAULT has a value of the wrong type: {error}; see harness.faults.Fault") from None
    for problem in _problems(found):
        raise UsageError(f"{file}: {problem}")
    return found


def _problems(fault: Fault) -> Iterator[str]:
    """What keeps a fault from being run and judged, each with what to do."""
    injection = fault.injection
    checks = tuple(check.id for check in CHECKS)
    keys = tuple(item.name for item in fields(Profile))
    if not ID.fullmatch(fault.id) or fault.id == CLEAN:
        yield f"{fault.id!r} cannot be an id; write lower-case words joined by -, e.g. plain-cache, but not {CLEAN}"
    if fault.number < 1:
        yield f"{fault.number} cannot be a number; count from 1"
    if not fault.caught_by and not fault.named_by:
        yield "no check or finding must notice the fault; list checks in caught_by, or findings in named_by"
    for name in (*fault.caught_by, *fault.quiet):
        if name not in checks:
            yield f"no check {name!r}{suggest(name, checks)}; it is one of {', '.join(checks)}"
    if both := set(fault.caught_by) & set(fault.quiet):
        yield f"{min(both)!r} is in caught_by and in quiet; leave it in one of them"
    for key in injection.profile:
        if key not in keys:
            yield f"injection.profile: no attribute {key!r} of a profile{suggest(key, keys)}"
    sidecars = tuple(sidecar.name for sidecar in injection.sidecars)
    if injection.entry and injection.entry not in sidecars:
        yield f"injection.entry: no sidecar {injection.entry!r}; it is the name of one of injection.sidecars"


def _plain(value: object) -> object:
    """A mapping of any kind, as msgspec writes it."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a plain value")
