"""Several runs at once in one clone: none disturbs another's files, ports or shared memory."""

import os
import subprocess
import time
import uuid
from pathlib import Path

from tests.chaos import honesty, processes
from tests.chaos.commands import HARNESS
from tests.chaos.kills import END_S
from tests.chaos.tally import Attempt

LIMIT_S = 900.0
"""For all of them: side by side on two cores they wait for each other."""
RIGHT = frozenset({honesty.PASSED, honesty.INCONCLUSIVE})
"""On a busy machine a load may be too late to be judged, and is never wrong."""


def attempts(count: int, project: Path, scratch: Path) -> list[Attempt]:
    """Start them all, and see how each ends."""
    mark = uuid.uuid4().hex
    began = time.monotonic()
    running = []
    for number in range(count):
        place = scratch / f"together-{number}"
        (place / "tmp").mkdir(parents=True)
        environment = {**os.environ, "TMPDIR": str(place / "tmp"), processes.MARK: f"{mark}"}
        environment["PYTHONPATH"] = str(Path.cwd())
        with (place / "printed").open("wb") as printed:
            command = (*HARNESS, "run", "chaos", "--quiet", "--out", str(place / "out"))
            process = subprocess.Popen(command, cwd=project, env=environment, stdout=printed, stderr=printed)
        running.append((place, process))
    made = []
    try:
        for number, (place, process) in enumerate(running):
            made.append(_attempt(number, place, process, began))
        left, _ = processes.left_after(mark, END_S)
    finally:
        processes.end(mark)
        for _, process in running:
            process.wait()
    if left:
        made.append(Attempt("runs at once", "after all runs", 0.0, orphans=tuple(left.values())))
    return made


def _attempt(number: int, place: Path, process: subprocess.Popen[bytes], began: float) -> Attempt:
    name = f"run {number} of those at once"
    try:
        code = process.wait(max(0.0, began + LIMIT_S - time.monotonic()))
    except subprocess.TimeoutExpired:
        return Attempt("runs at once", name, LIMIT_S, hung=True)
    seconds = time.monotonic() - began
    told = (place / "printed").read_text(errors="replace")
    found = [] if code in RIGHT else [f"exit code {code}: {told.strip()[-200:]}"]
    again = subprocess.run([*HARNESS, "verify", str(place / "out"), "--quiet"], capture_output=True, check=False)
    if code in RIGHT and again.returncode != code:
        found.append(f"harness verify ends with {again.returncode} instead of {code}")
    if left := list((place / "tmp").iterdir()):
        found.append(f"leaves {left[0].name}")
    traceback = honesty.TRACEBACK if honesty.TRACEBACK in told else ""
    return Attempt("runs at once", f"{name}, exit code {code}", seconds, tuple(found), traceback=traceback)
