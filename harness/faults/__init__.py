"""The catalogue of faults: each module here holds one, as `FAULT`, but for `fault` and those that begin with `_`."""

from importlib import import_module
from pkgutil import iter_modules

from harness.faults.fault import Fault, Injection

FAULTS: tuple[Fault, ...] = tuple(
    sorted(
        (
            import_module(f"{__name__}.{module.name}").FAULT
            for module in iter_modules(__path__)
            if module.name != "fault" and not module.name.startswith("_")
        ),
        key=lambda fault: fault.number,
    )
)
"""All of them, in the order of their numbers."""

__all__ = ["FAULTS", "Fault", "Injection"]
