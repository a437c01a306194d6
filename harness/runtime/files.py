"""Files that others may have made: read with limits, and written so that nothing else can be hit.

Only regular files are read: a FIFO would wait for ever, a device never ends. A file is written beside its name, as a
new file that no link leads away from, and then takes the name: a reader never sees half of it. Every failure is an
OSError whose `strerror` is one line; a missing file stays FileNotFoundError.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MIB = 2**20
MOST_BYTES = 1024 * MIB
"""Of one file of a run directory; the evidence of a day at one scrape a second is a tenth of it."""
INPUT_BYTES = 16 * MIB
"""Of a file that a person writes or exports."""
RULES_BYTES = MIB
"""Of a rule file, which is read by a slow parser."""
CONFIG_BYTES = MIB
"""Of harness.toml, for the same reason."""


class UnreadableError(OSError):
    """A file that is there and is not read; `strerror` says why."""

    def __init__(self, file: Path, reason: str) -> None:
        """`reason` continues a sentence that begins with the file."""
        super().__init__(errno.EINVAL, reason, str(file))

    def __str__(self) -> str:
        return str(self.strerror)


def read_bytes(file: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """The whole of a regular file. Raises OSError."""
    with _named(file):
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _check(file, os.fstat(descriptor), most_bytes)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(most_bytes + 1)
    except MemoryError:
        raise UnreadableError(file, "it does not fit into memory") from None
    finally:
        os.close(descriptor)
    if len(data) > most_bytes:
        raise UnreadableError(file, f"it is larger than {_size(most_bytes)}")
    return data


def read_text(file: Path, most_bytes: int = MOST_BYTES) -> str:
    """The whole of a regular file in UTF-8. Raises OSError, with the line of what is no UTF-8."""
    data = read_bytes(file, most_bytes)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(file, f"it is not UTF-8 (line {line})") from None
    except MemoryError:
        raise UnreadableError(file, "it does not fit into memory") from None


def resolved(path: Path) -> Path:
    """The path without links, as far as it leads somewhere: links in circles are found by whoever opens it.

    `Path.resolve` raises RuntimeError for them before Python 3.13.
    """
    with suppress(OSError, ValueError):  # no current directory, or a name that no file can have
        return Path(os.path.realpath(path))
    return path


def check_regular(file: Path, most_bytes: int | None = None) -> None:
    """See that a file can be read to an end, before another library opens it. Raises OSError."""
    with _named(file):
        _check(file, file.stat(), most_bytes)


def write_text(file: Path, text: str) -> None:
    """Write text as `write_bytes`; lone surrogates, which UTF-8 cannot hold, become question marks."""
    write_bytes(file, text.encode("utf-8", "replace"))


def write_bytes(file: Path, data: bytes) -> None:
    """Write a file in one go, so that a reader never sees half of it. Raises OSError."""
    temporary = file.with_name(f".{file.name}.part")
    with suppress(FileNotFoundError):
        temporary.unlink()  # of an earlier attempt, or a link that somebody laid
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def append_text(file: Path, text: str) -> None:
    """Append to a regular file, which is made when it is missing; through no link. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(file, flags, 0o666)
    try:
        _check(file, os.fstat(descriptor), None)
        with os.fdopen(descriptor, "ab", closefd=False) as stream:
            stream.write(text.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Turns the ValueError of a name that no file can have into an OSError."""
    try:
        yield
    except ValueError:
        raise UnreadableError(file, "no file can have this name") from None


def _check(file: Path, found: os.stat_result, most_bytes: int | None) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError(file, "it is not a regular file")
    if most_bytes is not None and found.st_size > most_bytes:
        raise UnreadableError(file, f"it is larger than {_size(most_bytes)}")


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count} bytes"
