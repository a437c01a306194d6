"""A count that outlives whoever counts."""

import signal
import subprocess
import sys
from pathlib import Path

from harness.runtime.load import seen_count

COUNTING = """
import sys, time
from pathlib import Path
from harness.runtime.load.seen_count import SeenCount

count = SeenCount(Path(sys.argv[1]))
for number in range(1, 100_001):
    count.set(number)
print("counted", flush=True)
time.sleep(600)
"""


def test_the_count_of_a_killed_process_is_there(tmp_path: Path) -> None:
    """To the last one, though nothing was flushed."""
    (tmp_path / "logs").mkdir()
    shard = tmp_path / "samples-3.arrow"
    command = [sys.executable, "-c", COUNTING, str(seen_count.file_of(shard))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as counting:
        assert counting.stdout is not None
        assert counting.stdout.readline() == "counted\n"
        counting.send_signal(signal.SIGKILL)
    assert seen_count.read(shard) == 100_000


def test_nobody_counted(tmp_path: Path) -> None:
    """A run of before, and a file that was cut."""
    shard = tmp_path / "samples-0.arrow"
    assert seen_count.read(shard) is None
    (tmp_path / "logs").mkdir()
    seen_count.file_of(shard).write_bytes(b"123")
    assert seen_count.read(shard) is None
