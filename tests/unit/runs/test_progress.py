"""Progress on a terminal and elsewhere, by what a process writes there."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.run import GeneratorHealth, Run, Window
from harness.runs.progress import Reporter, Watched
from harness.runtime.load.generator import Progress

SCRIPT = """
from harness.runs.progress import Reporter
from harness.runtime.load.generator import Progress
reporter = Reporter()
with reporter.live():
    reporter.stage("load: [bold]x[/bold]", 60.0)
    reporter.load(Progress("measure", 15.0, 10, 600, 40.0, 2, 0.05))
    reporter._bars and reporter._bars.refresh()
    reporter.stage("judging")
"""
LOADED = Progress("measure", 15.0, 10, 600, 40.0, 2, 0.05)


def on_a_terminal(**env: str) -> str:
    leader, follower = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        command = [sys.executable, "-c", SCRIPT]
        process = subprocess.Popen(command, stderr=follower, env={**own, "COLUMNS": "160", "TERM": "xterm", **env})
        os.close(follower)
        seen = b""
        with suppress(OSError):  # the other end is closed
            while part := terminal.read(4096):
                seen += part
        assert process.wait(60) == 0
    return seen.decode()


def test_a_terminal_has_a_bar_with_its_end() -> None:
    """The load's own time counts; what a name holds is no markup."""
    seen = on_a_terminal()
    assert "45 s left, until " in seen
    assert "600 requests" in seen
    assert "load: [bold]x[/bold]" in seen


@pytest.mark.parametrize("env", [{"CI": "true"}, {"CI": "1", "FORCE_COLOR": "1"}])
def test_a_log_of_ci_has_lines(env: dict[str, str]) -> None:
    """Also where it looks like a terminal."""
    seen = on_a_terminal(**env)
    assert "left, until" not in seen
    assert "\x1b[2K" not in seen
    assert [line for line in seen.splitlines() if line] == ["load: [bold]x[/bold]", "judging"]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_begins_with_a_command_because_it_was_wrapped(capsys: pytest.CaptureFixture[str], width: int) -> None:
    """Names from outside are in it; a log of CI has its own width."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COLUMNS", str(width))
        patched.setenv("CI", "true")
        for blanks in range(width):
            reporter = Reporter()
            reporter.stage(f"{'a' * blanks} ::error::owned")
            reporter.load(replace(LOADED, note=f"{'a' * blanks} ::error::owned"))
            reporter.table(f"{'a' * blanks} ::error::owned")
    assert not [line for line in capsys.readouterr().err.splitlines() if line.lstrip().startswith("::")]


class Noted:
    """A viewer that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def stage(self, text: str, expected_s: float | None) -> None:
        self.seen.append((text, expected_s))

    def load(self, progress: Progress) -> None:
        self.seen.append(progress)

    def watch(self, watched: Watched) -> None:
        self.seen.append(watched)

    def until(self, end_s: float) -> None:
        self.seen.append(end_s)

    def over(self, report: Path) -> None:
        self.seen.append(report)


def test_a_viewer_sees_what_the_console_does() -> None:
    """Also when the console is quiet; without one nothing is shown to nobody."""
    viewer, health = Noted(), GeneratorHealth(0, 0, 0.0, 0.0, None, None, 0)
    run = Run(2, "r", "p", "s", 0.0, "", "", "", "", (), Window(0.0, 0.0, 1.0), (), health, {}, {})
    watched = Watched(run, Path(), frozenset())
    for reporter in (Reporter(quiet=True, viewer=viewer), Reporter(quiet=True)):
        reporter.stage("warming\x1b up", 3.0)
        reporter.load(LOADED)
        reporter.watch(watched)
        reporter.until(7.0)
        reporter.over(Path("report.html"))
    assert viewer.seen == [("warming\N{REPLACEMENT CHARACTER} up", 3.0), LOADED, watched, 7.0, Path("report.html")]
