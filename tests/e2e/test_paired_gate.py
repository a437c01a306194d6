"""Base and candidate beside each other on the real stack, and nothing left behind."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.render.json import parse
from tests.e2e.conftest import PROJECT, Done, Harness

SHORT = ("--pairs", "5", "--slices", "1", "--slice", "3s")
SLOW = ("--candidate-env", "TARGET_SLOWDOWN_VIEW=work:slow", "--candidate-env", "TARGET_SLOWDOWN_PERCENT=200")


def worktrees(harness: Harness) -> list[str]:
    """The test's own of those that git knows: others make some at the same time."""
    done = subprocess.run(["git", "worktree", "list"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith(str(harness.scratch))]


def gate(harness: Harness, *arguments: str | Path) -> Done:
    """Run a gate to its end, however long that takes, and see that nothing is left."""
    process = harness.start("gate", *arguments)
    out, err = process.communicate()
    harness.check_clean()
    assert worktrees(harness) == []
    return Done(process.returncode, out, err)


@pytest.mark.alone
def test_equal_sides_do_not_fail(harness: Harness, tmp_path: Path) -> None:
    """Too few requests for a p99 are told and are no pass; judging again from the files says the same."""
    out = tmp_path / "gate"
    done = gate(harness, "--base", "HEAD", "--candidate", "HEAD", *SHORT, "--out", out)
    assert done.code in (0, 3), done.told
    before = (out / "report.json").read_text()
    assert parse(before).gate == "pairs"
    assert json.loads((out / "gate.json").read_text())["pairs"] == 5
    assert harness.run("verify", out, "--quiet").code == done.code
    assert (out / "report.json").read_text() == before


@pytest.mark.alone
def test_a_slower_view_fails_by_name_with_its_interval(harness: Harness, tmp_path: Path) -> None:
    """Three times as slow."""
    out = tmp_path / "gate"
    done = gate(harness, "--base", "HEAD", "--candidate", "HEAD", *SLOW, *SHORT, "--out", out)
    assert done.code == 1, done.told
    found = next(v for v in parse((out / "report.json").read_text()).verdicts if v.subject == "work:slow p50")
    assert found.status == "fail", found.why
    assert found.effect is not None
    assert found.effect.low > 0.5


def test_an_interrupted_gate_leaves_nothing(harness: Harness, tmp_path: Path) -> None:
    """Neither process nor worktree."""
    out = tmp_path / "gate"
    process = harness.start("gate", "--base", "HEAD", "--candidate", "HEAD", *SHORT, "--out", out)
    while not list(out.glob("pair-1-candidate/samples-*.arrow")):
        assert process.poll() is None
        time.sleep(0.1)
    assert len(worktrees(harness)) == 2
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    harness.check_clean()
    assert worktrees(harness) == []


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--base", "HEAD", "--candidate", "no-such-ref"), 2, "no git ref 'no-such-ref'"),
        (("--base", "http://127.0.0.1:1", "--candidate", "HEAD"), 2, "each pair needs fresh processes"),
        (("--base", "HEAD", "--candidate", "HEAD", "--pairs", "4"), 2, "--pairs: 4 are too few"),
        (("--base", "HEAD", "--candidate", "HEAD", "--job", "1"), 2, "--job: means nothing beside --base"),
        (("--base", "HEAD", "--candidate", "no-such-program {port}"), 3, "--candidate: no-such-program"),
    ],
)
def test_what_cannot_be_compared_is_no_pass(
    harness: Harness, tmp_path: Path, flags: tuple[str, ...], code: int, message: str
) -> None:
    """By the flag's name, and without a trace."""
    done = gate(harness, *flags, "--out", tmp_path / "gate")
    assert done.code == code, done.told
    assert message in done.err
