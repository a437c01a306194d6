"""How many samples a recorder has taken, where it outlives the recorder: what SIGKILL cost is then known.

A page that is shared with a file is the kernel's: what a process wrote there stays, however the process ends (man 2
mmap, `MAP_SHARED`).
"""

import mmap
import struct
from pathlib import Path

_COUNT = struct.Struct("<Q")


class SeenCount:
    """A number in a file, written without a call of the system."""

    def __init__(self, file: Path) -> None:
        """Begin with 0, in a new file. Raises OSError."""
        with file.open("xb+") as opened:
            opened.write(_COUNT.pack(0))
            opened.flush()  # its block is there from now on: a full disk must not turn a store into SIGBUS
            self._page = mmap.mmap(opened.fileno(), _COUNT.size)

    def set(self, count: int) -> None:
        """Keep the count."""
        _COUNT.pack_into(self._page, 0, count)


def file_of(shard: Path) -> Path:
    """Where the recorder of a shard keeps its count."""
    return shard.parent / "logs" / f"{shard.stem.replace('samples', 'seen', 1)}.count"


def read(shard: Path) -> int | None:
    """How many samples the recorder of a shard had taken; None where it did not count."""
    try:
        return int(_COUNT.unpack(file_of(shard).read_bytes())[0])
    except (OSError, struct.error):
        return None
