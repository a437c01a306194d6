"""Breaking the monitoring on purpose: what a fault is, injecting it, running all, and what became of each."""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules

from harness.faults.fault import Fault, Injection

__all__ = ["FAULTS", "Fault", "Injection", "load"]


def load(directory: Path) -> tuple[Fault, ...]:
    """The faults of a catalogue, in the order of their numbers.

    Each module of `directory`, a package, holds one as `FAULT`; those that begin with `_` are shared by others.
    """
    return tuple(sorted(_faults(directory), key=lambda fault: fault.number))


def _faults(directory: Path) -> Iterator[Fault]:
    name = directory.name
    if name not in sys.modules:
        spec = spec_from_file_location(name, directory / "__init__.py", submodule_search_locations=[str(directory)])
        assert spec is not None and spec.loader is not None  # noqa: PT018
        package = module_from_spec(spec)
        sys.modules[name] = package
        spec.loader.exec_module(package)
    for module in iter_modules([str(directory)]):
        if not module.name.startswith("_"):
            yield import_module(f"{name}.{module.name}").FAULT


FAULTS = load(Path(__file__).parents[2] / "faults")
