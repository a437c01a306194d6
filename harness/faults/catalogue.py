"""Reads the catalogue of faults that harness.toml names: a directory with one Python file for each fault."""

import importlib
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from harness.config.readers import suggest
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.core.text import shorten
from harness.faults.fault import Fault
from harness.faults.usable import checked
from harness.runtime.files import resolved

PACKAGE = "faults"
"""What the files of a catalogue call it, whatever its directory's name: `from faults import _nginx`."""
REASON_LIMIT = 200
"""Characters of an exception's message that are shown."""


def of(config: Config, project: Path) -> tuple[Fault, ...]:
    """The faults of the target that harness.toml in `project` is about; see `load` for what it raises."""
    if not config.faults:
        raise UsageError(
            f"{config.source}: names no faults; write a file for each in a directory, and name that at the top of "
            'the file, e.g. faults = "faults"'
        )
    directory = project / config.faults
    if not directory.is_dir():
        raise UsageError(
            f"{config.source}: faults: {directory} is not a directory; name that of the fault files, relative to "
            "the file"
        )
    return load(directory)


def load(directory: Path) -> tuple[Fault, ...]:
    """The faults of a catalogue, in the order of their numbers.

    Each `.py` file of `directory` holds one as `FAULT`; those that begin with `_` are shared by others. While they are
    read, `directory` is the package `faults`; afterwards no module of it is left in `sys.modules`.

    Raises UsageError, with the file and the next step, for a file that cannot be read as Python or that fails, that has
    no FAULT or one that cannot be used, for two faults with the same id or number, and when there is no fault at all.
    """
    directory = resolved(directory)
    files = sorted(file for file in directory.glob("*.py") if not file.name.startswith("_"))
    with _package(directory):
        found = [(file, checked(_imported(file), file)) for file in files]
    if not found:
        raise UsageError(f"{directory}: holds no fault; write one as FAULT in a file of its own, e.g. my_fault.py")
    for key in ("id", "number"):
        seen: dict[object, Path] = {}
        for file, fault in found:
            value = getattr(fault, key)
            if (first := seen.setdefault(value, file)) != file:
                raise UsageError(f"{file}: {key} {value!r} is that of {first.name} already; choose another")
    return tuple(sorted((fault for _, fault in found), key=lambda fault: fault.number))


def find(faults: Sequence[Fault], id: str) -> Fault:
    """The fault called `id`. Raises UsageError that suggests another."""
    known = {fault.id: fault for fault in faults}
    if id not in known:
        raise UsageError(f"no fault {id!r}{suggest(id, known)}; `harness faults --list` names them all")
    return known[id]


@contextmanager
def _package(directory: Path) -> Iterator[None]:
    """`directory` as the package `faults`; a package that had the name has it again after the block."""
    before = _taken()
    file = directory / "__init__.py"
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    if file.is_file():
        spec = spec_from_file_location(PACKAGE, file, submodule_search_locations=[]) or spec
    spec.submodule_search_locations = [str(directory)]
    package = module_from_spec(spec)
    importlib.invalidate_caches()
    sys.modules[PACKAGE] = package
    try:
        if spec.loader is not None:
            with _blamed_on(file):
                spec.loader.exec_module(package)
        yield
    finally:
        _taken()
        sys.modules.update(before)


def _taken() -> Mapping[str, ModuleType]:
    """What was the package `faults`, taken out of `sys.modules`."""
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}


def _imported(file: Path) -> object:
    """The FAULT of a file."""
    with _blamed_on(file):
        module = importlib.import_module(f"{PACKAGE}.{file.stem}")
    if not hasattr(module, "FAULT"):
        raise UsageError(
            f"{file}: has no FAULT; assign a harness.faults.Fault to it, or begin the file's name with _ if it only "
            "serves others"
        )
    fault: object = module.FAULT
    return fault


@contextmanager
def _blamed_on(file: Path) -> Iterator[None]:
    """Turn whatever a file of the catalogue raises into a UsageError with the line that raised it."""
    try:
        yield
    except SyntaxError as error:
        raise UsageError(f"{error.filename or file}:{error.lineno or 1}: not valid Python: {error.msg}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the project's own code, which may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(file.parent)]
        where = f"{own[-1].filename}:{own[-1].lineno}" if own else str(file)
        raise UsageError(
            f"{where}: {type(error).__name__}: {shorten(str(error), REASON_LIMIT)}; correct the file"
        ) from None
