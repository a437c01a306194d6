"""The scenario as it travels to workers: one archive of the locustfile and the project's modules that it imports.

What it opens besides, such as a CSV of users, does not travel: a worker that has the locustfile itself
(`harness worker --locustfile`) runs that in its own directory, and the two are compared.
"""

import ast
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.core.errors import LoadError, UsageError
from harness.runtime import files
from harness.runtime.load.distributed.wire import MOST_ARCHIVE


def pack(locustfile: Path, project: Path) -> tuple[str, bytes]:
    """The locustfile's path in the archive, and the archive, the same for the same files. Raises UsageError."""
    root = files.resolved(project)
    if not locustfile.is_relative_to(root):
        root = locustfile.parent
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(_needed(locustfile, root)):
            data = _read(file)
            entry = tarfile.TarInfo(str(file.relative_to(root).as_posix()))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
            if packed.tell() > MOST_ARCHIVE:
                raise UsageError(
                    f"--locustfile: {locustfile} imports more than {MOST_ARCHIVE // 2**20} MiB of the project's "
                    "modules, too much to send; install them on the workers, or start these with --locustfile"
                )
    return locustfile.relative_to(root).as_posix(), packed.getvalue()


def unpack(data: bytes, sha256: str, directory: Path) -> None:
    """Write the files below a directory. Raises LoadError for another archive than was announced, and OSError."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise LoadError("the scenario that came is not the one that the run announced; start the worker again")
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                path = PurePosixPath(entry.name)
                if not entry.isfile() or path.is_absolute() or ".." in path.parts:
                    raise LoadError(f"the scenario that came holds {entry.name!r}, which is no file of a project")
                file = directory / path
                file.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(entry)
                assert content is not None  # it is a file
                file.write_bytes(content.read())
    except (tarfile.TarError, EOFError, ValueError, FileExistsError, NotADirectoryError, IsADirectoryError):
        raise LoadError("the scenario that came is no archive of a project; is --master right?") from None


def _needed(locustfile: Path, root: Path) -> set[Path]:
    """The locustfile and every module of the project that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [locustfile]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for places, name in _imported(file, (locustfile.parent, root)):
            for place in places:
                waiting += _modules(place, name, root)
    return found


def _imported(file: Path, places: tuple[Path, ...]) -> Iterator[tuple[tuple[Path, ...], str]]:
    """Where each import of a file looks, and the dotted name; none of a file that is no Python."""
    try:
        tree = ast.parse(_read(file))
    except (SyntaxError, ValueError):
        return  # Locust says so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((places, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = node.level - 1  # it may lead out of the file system
            own = tuple(file.parents)[above : above + 1] if node.level else places
            module = node.module or ""
            yield own, module
            yield from ((own, f"{module}.{each.name}".strip(".")) for each in node.names)


def _modules(place: Path, name: str, root: Path) -> Iterator[Path]:
    """The files of a dotted name: its packages' `__init__`, and the module itself."""
    path = place
    for part in name.split(".") if name else ():
        path /= part
        for file in (path / "__init__.py", path.with_suffix(".py")):
            real = files.resolved(file)
            if real.is_file() and real == file and real.is_relative_to(root):
                yield file


def _read(file: Path) -> bytes:
    try:
        return files.read_bytes(file, MOST_ARCHIVE)
    except OSError as error:
        raise UsageError(f"--locustfile: {file} cannot be read: {error.strerror}; see its permissions") from None
