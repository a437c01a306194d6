"""Finding the programs of a server: the environment's directory, PATH, then where distributions put them."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.core.errors import UsageError
from harness.runtime.stack.servers.server import Server


def programs_of(server: Server) -> Mapping[str, Path]:
    """The programs of a server, its helpers first looked for beside the server itself.

    Raises UsageError that names the server, where it was looked for, and what to do.
    """
    main, *helpers = server.programs
    binary = _main(server, main)
    beside = [binary.parent, binary.resolve().parent]
    programs = {main: binary}
    for helper in helpers:
        programs[helper] = _search(helper, beside) or _search(helper, _places(server)) or _missing(server, helper)
    return programs


def variable(server: Server) -> str:
    """The environment variable that names the directory of a server's programs."""
    return f"HARNESS_{server.name.upper()}_BIN"


def _main(server: Server, program: str) -> Path:
    if named := os.environ.get(variable(server)):
        if found := _search(program, [Path(named)]):
            return found
        raise UsageError(
            f"{variable(server)}: {named} is not a directory with an executable {program}; name the one that holds it, "
            "or unset it"
        )
    return _search(program, _places(server)) or _missing(server, program)


def _missing(server: Server, program: str) -> Path:
    patterns = ", ".join(server.places)
    raise UsageError(
        f"{server.name}: no {program} on PATH or in {patterns}; install it (Debian/Ubuntu: `make services`; elsewhere: "
        f"your package manager), or set {variable(server)} to the directory that holds it"
    )


def _places(server: Server) -> Iterable[Path]:
    yield from map(Path, os.get_exec_path())
    for pattern in server.places:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")), key=_version, reverse=True)


def _search(program: str, directories: Iterable[Path]) -> Path | None:
    for directory in directories:
        found = shutil.which(program, path=str(directory))
        if found:
            return Path(found)
    return None


def _version(directory: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(directory))))
