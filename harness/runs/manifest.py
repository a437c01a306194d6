"""manifest.json: the digest of every other file of a directory, written last, so that the directory vouches for itself.

A flipped bit, a missing, a swapped and an added file are found and named. Whoever rewrites the manifest as well is not:
that takes a signature by somebody who was there.
"""

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.core.errors import StoreError
from harness.core.text import shorten
from harness.runtime import files

FILE = "manifest.json"
VERSION = 1
BLOCK = 2**20
MOST_BYTES = 16 * 2**20
AGAIN = "the run cannot be judged any more, run it again"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file held when the directory was sealed."""

    bytes: int
    sha256: str


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    files: dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that a directory vouches for."""

    files: Mapping[str, Entry]

    def check(self, directory: Path, made_anew: Collection[str] = (), besides: str = "") -> None:
        """See that the directory holds these files as they were, and no other. Raises StoreError with the first.

        Those that are `made_anew` from the others may be as they like, and so may what is new in directories whose name
        begins with `besides`.
        """
        there = set(_names(directory))
        for name, entry in self.files.items():
            if name in made_anew:
                continue
            if name not in there:
                raise StoreError(f"{directory / name} is missing, and {FILE} has it; {AGAIN}")
            try:
                is_same = _is_same(directory / name, entry)
            except OSError as error:
                raise StoreError(f"{directory / name} cannot be read: {error.strerror}; {AGAIN}") from None
            if not is_same:
                raise StoreError(f"{directory / name} is not what {FILE} vouches for: it was changed; {AGAIN}")
        for name in sorted(there - set(self.files) - set(made_anew)):
            if not (besides and name.startswith(besides)):
                shown = shorten(str(directory / name), 300)
                raise StoreError(f"{shown} is not in {FILE}: it was added after the run; remove it")


def read(directory: Path) -> Manifest | None:
    """The manifest of a directory; None without one. Raises StoreError for a damaged one."""
    file = directory / FILE
    try:
        text = files.read_text(file, MOST_BYTES)
        document = msgspec.json.decode(text, type=_Document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else shorten(str(error), 200)
        raise StoreError(f"{file} cannot be read: {reason}; {AGAIN}") from None
    if document.schema_version != VERSION or _written(document.files) != text:
        raise StoreError(f"{file} is not as the harness writes it: it was changed; {AGAIN}")
    return Manifest(document.files)


def seal(directory: Path, kept: Mapping[str, Entry] | None = None) -> None:
    """Vouch for the directory as it is; entries that are `kept` from before stay. Raises StoreError."""
    kept = kept or {}
    try:
        entries = {
            name: kept.get(name) or _digest(directory / name)
            for name in sorted(_names(directory))
            if stat.S_ISREG((directory / name).lstat().st_mode)
        }
        files.write_text(directory / FILE, _written(entries))
    except OSError as error:
        raise StoreError(f"{directory / FILE} cannot be written: {error.strerror}; free space, and run again") from None


def _names(directory: Path) -> Iterator[str]:
    """What is in a directory and below it; of one below that has its own manifest, only that."""
    waiting = [directory]
    while waiting:
        place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                here = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    own = here / FILE
                    if own.is_file():
                        yield str(own.relative_to(directory))
                    else:
                        waiting.append(here)
                elif here != directory / FILE and not _is_unfinished(entry.name):
                    yield str(here.relative_to(directory))


def _is_unfinished(name: str) -> bool:
    """What `files.write_text` leaves when it is killed; nobody reads it."""
    return name.startswith(".") and name.endswith(".part")


def _is_same(file: Path, entry: Entry) -> bool:
    """Whether a file is what is known of it; one of another size, which may be a huge one, is not read."""
    files.check_regular(file)
    return file.stat().st_size == entry.bytes and _digest(file) == entry


def _digest(file: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    files.check_regular(file)
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
    return Entry(size, digest.hexdigest())


def _written(entries: Mapping[str, Entry]) -> str:
    document = _Document(VERSION, dict(entries))
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1).decode() + "\n"
