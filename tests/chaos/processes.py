"""The processes of one command, found by a mark in their environment, and the part that each plays."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MARK = "HARNESS_CHAOS_MARK"
PARTS = {
    "keeper.py": "keeper",
    "-m locust": "locust",
    "gunicorn": "target",
    "prometheus": "prometheus",
    "manage.py": "migration",
    "harness": "inner",
    "pytest": "inner",
    "git": "git",
}
"""Words of command lines, the first that is found decides."""
POLL_S = 0.02


def marked(mark: str) -> dict[int, str]:
    """Ids and command lines of the live processes that have the mark."""
    found = {}
    wanted = f"{MARK}={mark}".encode()
    for name in os.listdir("/proc"):  # noqa: PTH208 - many times a second
        if not name.isdecimal():
            continue
        with suppress(OSError):
            place = Path("/proc", name)
            if wanted in (place / "environ").read_bytes().split(b"\0"):
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if command:
                    found[int(name)] = command
    return found


def part(pid: int, command: str, harness: int) -> str:
    """What a process is; that of a keeper includes what it keeps."""
    if pid == harness:
        return "harness"
    name = next((name for word, name in PARTS.items() if word in command), "other")
    return f"keeper of {_kept(pid)}" if name == "keeper" else name


def _kept(pid: int) -> str:
    with suppress(OSError, ValueError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            kept = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            return next((name for word, name in PARTS.items() if word in kept), "other")
    return "nothing"


def left_after(mark: str, limit_s: float) -> tuple[dict[int, str], float]:
    """What still runs after the limit, and how long it took until nothing did."""
    began = time.monotonic()
    while (found := marked(mark)) and time.monotonic() - began < limit_s:
        time.sleep(POLL_S)
    return found, time.monotonic() - began


def end(mark: str) -> None:
    """Kill all that has the mark."""
    for pid in marked(mark):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
