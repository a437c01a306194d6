"""Whether a command whose part was killed ended as it may, told by its exit code and by what it left.

A PASS is honest when the load was whole and the run is judged so again. A FAIL is honest when the target itself was
hit: its counters may then really be wrong. Everything else is inconclusive or interrupted. Wrong input there was none.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.chaos.commands import HARNESS, LOAD_S, Command

if TYPE_CHECKING:
    from tests.chaos.kills import Hit

PASSED, FAILED, INCONCLUSIVE, CRASHED, INTERRUPTED = 0, 1, 3, 70, 130
START_S = 2.0
"""Before this, Python itself may be what a signal ends."""
ABOUT_TO_END_S = 10.0
"""A command that ends so soon after a signal may have judged already; one that takes longer has lost the signal."""
WHOLE = 0.75
"""The least part of the planned duration that a whole load's samples span."""
TRACEBACK = "Traceback (most recent call last)"


OF_SCRAPES = ("scrape-health", "gate-runs")
"""What rightly fails when Prometheus stood still: it made no scrapes, as the fault `prometheus-paused` has it."""


def judged(command: Command, hit: "Hit", code: int, out: Path) -> tuple[tuple[str, ...], int]:
    """Why the end was not honest, and how many samples are lost that the load had reported."""
    directories = sorted({each.parent for each in out.rglob("samples-*.arrow")})
    rows = {directory: _rows(directory) for directory in directories}
    lost = sum(max(0, _reported(directory) - len(rows[directory])) for directory in directories)
    found = list(_wrong_code(command, hit, code, out))
    if lost:
        found.append(f"{lost} samples that the load had reported cannot be read")
    if code == PASSED and command.name.startswith(("run", "pytest")):
        measured = [started for phase, started in rows.get(_run_of(out), []) if phase == "measure"]
        if not measured or max(measured) - min(measured) < WHOLE * LOAD_S:
            found.append("PASS, and the load was cut")
    if code in (PASSED, FAILED) and (out / "run.json").exists():
        again = subprocess.run([*HARNESS, "verify", str(out), "--quiet"], capture_output=True, text=True, check=False)
        if again.returncode != code:
            found.append(f"harness verify ends with {again.returncode}: {again.stderr.strip()[-200:]}")
    return tuple(found), lost


def traceback(told: str, code: int, hit: "Hit") -> str:
    """The last line of a traceback of the harness's own, in what it printed."""
    if _is_of_python(hit, code) or not any(line.startswith(TRACEBACK) for line in told.splitlines()):
        return "" if code != CRASHED else told.strip()[-200:]
    return told[told.rindex(TRACEBACK) :].strip().splitlines()[-1][:200]


def _wrong_code(command: Command, hit: "Hit", code: int, out: Path) -> Iterator[str]:
    """The exit code, if it is one that this command may not give after this attack."""
    if hit.part == "harness" and hit.number == signal.SIGKILL:
        allowed = {-signal.SIGKILL}
    elif _is_of_python(hit, code):
        return
    elif command.name == "pytest" and hit.part == "harness" and not _has_begun(out):
        allowed = {-hit.number, 2, INTERRUPTED}  # pytest collects, as it does without the plugin
    elif hit.part == "harness" and hit.number != signal.SIGSTOP:
        allowed = {INTERRUPTED} if hit.then_s > ABOUT_TO_END_S else {INTERRUPTED, PASSED, INCONCLUSIVE}
    elif command.name == "up":
        allowed = {INTERRUPTED, INCONCLUSIVE}
    else:
        allowed = {PASSED, INCONCLUSIVE}
    if command.name == "pytest" and -hit.number not in allowed:
        allowed = {*allowed, FAILED} if INCONCLUSIVE in allowed else allowed
        allowed = {*allowed, 2} if INTERRUPTED in allowed else allowed
    paused = hit.part == "prometheus" and hit.number == signal.SIGSTOP
    if "target" in hit.part or hit.part == "inner" or paused:
        allowed = {*allowed, FAILED}
    if code not in allowed:
        yield f"exit code {code}, and may be {', '.join(map(str, sorted(allowed)))}"
    elif code == FAILED and "target" not in hit.part:
        rightly = OF_SCRAPES if paused else ()
        yield from (
            f"FAIL of {each}, and nothing happened to the target" for each in _failed(out) if each not in rightly
        )


def _is_of_python(hit: "Hit", code: int) -> bool:
    """It was hit while Python started, and ended as Python ends."""
    is_early = hit.part in {"harness", "inner"} and hit.at_s < START_S
    return is_early and code in {-hit.number, FAILED, 2, INTERRUPTED, INCONCLUSIVE}


def _has_begun(out: Path) -> bool:
    return any(out.glob("reports/*"))


def _run_of(out: Path) -> Path:
    return next(iter(out.glob("reports/*")), out)


def _failed(out: Path) -> list[str]:
    """The checks that failed in any run."""
    return sorted(
        {
            verdict["check"]
            for report in out.rglob("report.json")
            for verdict in json.loads(report.read_text())["verdicts"]
            if verdict["status"] == "fail"
        }
    )


def _rows(directory: Path) -> list[tuple[str, float]]:
    """Phase and start of each sample that can be read, of whatever is there."""
    found: list[tuple[str, float]] = []
    for file in directory.glob("samples-*.arrow"):
        try:
            with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as reader:
                for batch in reader:
                    table = batch.to_pydict()
                    found += zip(table["phase"], table["started_s"], strict=True)
        except (pa.ArrowException, OSError, StopIteration):
            continue
    return found


def _reported(directory: Path) -> int:
    """Requests that the load had reported when it last gave a sign of life."""
    lines = [
        line for file in directory.glob("logs/pulse-*.jsonl") for line in file.read_text().splitlines(keepends=True)
    ]
    return sum(int(json.loads(line)["requests"]) for line in lines if line.endswith("\n"))
