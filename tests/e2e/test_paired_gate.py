"""Base and candidate beside each other on the real stack, and nothing left behind."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.core.verdict import Status
from harness.report.render.json_report import parse
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Done, Harness, Writer, copied_project

SHORT = ("--pairs", "5", "--slices", "1", "--slice", "2s")


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
    done = harness.run("verify", out)  # what there is of it: no pair
    assert done.code == 3, done.told
    assert "0 pairs, at least 5 are needed" in done.out


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--base", "HEAD", "--candidate", "no-such-ref"), 2, "no git ref 'no-such-ref'"),
        (
            ("--base", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:1"),
            3,
            "--base: http://127.0.0.1:1 cannot be",
        ),
        (("--base", "http://192.0.2.1", "--candidate", "HEAD"), 2, "--base: 192.0.2.1 is not this machine"),
        (("--base", "HEAD", "--candidate", "http://[1"), 2, "--candidate: 'http://[1' is not a URL"),
        (
            ("--base", "HEAD", "--candidate", "http://127.0.0.1:1", "--candidate-env", "A=1"),
            2,
            "--candidate-env: http://127.0.0.1:1 is already running",
        ),
        (("--base", "HEAD", "--candidate", "HEAD", "--pairs", "4"), 2, "--pairs: 4 are too few"),
        (("--base", "HEAD", "--candidate", "HEAD", "--job", "1"), 2, "--job: has no effect with --base"),
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


def test_what_runs_already_is_compared_and_concludes_nothing(
    harness: Harness, services: embedded.Stack, write: Writer, tmp_path: Path
) -> None:
    """Figures with their intervals, no pass, and no profile that starts anything is needed."""
    locustfile = PROJECT / "scenarios" / "gated.py"
    config = write.config(f"""
        scenario = "{locustfile}"
        arrival_rate = 60
        warmup = "0s"
        gated_views = ["work:slow"]
    """)
    flags = ("--base", services.target, "--candidate", services.target, *SHORT, "--profile", "test")
    done = gate(harness, *flags, "--config", config, "--out", tmp_path / "gate")
    assert done.code == 3, done.told
    report = parse((tmp_path / "gate" / "report.json").read_text())
    assert not [v for v in report.verdicts if v.status == Status.FAIL], done.told
    p50 = next(v for v in report.verdicts if v.subject == "work:slow p50")
    assert (p50.status, p50.effect is None) == (Status.INCONCLUSIVE, False)
    assert "was already running" in p50.why
    assert "the metrics of neither were verified" in report.findings[-1].text


@pytest.mark.quiet
@pytest.mark.long
def test_a_gate_against_itself_and_against_itself_slowed(harness: Harness, tmp_path: Path) -> None:
    """Equal sides do not fail; three times as slow does, by name; too few requests for a p99 are told and no pass."""
    profiles = (PROJECT / "harness.toml").read_text().replace("arrival_rate = 120", "arrival_rate = 60")
    config = copied_project(tmp_path / "project", profiles) / "harness.toml"
    out = tmp_path / "self-test"
    done = gate(harness, "--self-test", "--slowdown", "3", *SHORT, "--config", config, "--out", out)
    assert done.code == 3, done.told
    assert "false-positive rate" in done.out
    found = json.loads((out / "selftest.json").read_text())
    assert found["injected"]
    assert found["same"]["status"] == "inconclusive"
    assert found["same"]["drawn"]["fails"] < 0.05
    assert "work:slow p50" in found["slowed"]["fails"]
    assert found["slowed"]["drawn"]["fails"] > 0.9
    assert found["detectable"]["work:slow p50"] > 0

    before = (out / "same" / "report.json").read_text()
    assert parse(before).gate == "pairs"
    assert json.loads((out / "same" / "gate.json").read_text())["pairs"] == 5
    assert harness.run("verify", out / "same", "--quiet").code == 3
    assert (out / "same" / "report.json").read_text() == before
    slowed = parse((out / "slowed" / "report.json").read_text())
    verdict = next(each for each in slowed.verdicts if each.subject == "work:slow p50")
    assert verdict.status == "fail", verdict.why
    assert verdict.effect is not None
    assert verdict.effect.low > 0.5


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--self-test", "--slowdown", "1"), "--slowdown: 1 must be a factor above 1"),
        (("--self-test", "http://127.0.0.1:1"), "--self-test: http://127.0.0.1:1 is already running"),
        (("--self-test", "--slowdown", "nan"), "--slowdown: nan must be a factor"),
        (("--self-test", "--slowdown", "1.005"), "not a whole number of per cent"),
        (("--self-test", "--candidate", "HEAD"), "--candidate: has no effect with --self-test"),
        (("--base", "HEAD", "--candidate", "HEAD", "--slowdown", "1.2"), "--slowdown: has no effect with --base"),
        (("--base", "HEAD"), "--candidate is missing"),
    ],
)
def test_flags_that_do_not_go_together_are_named(
    harness: Harness, tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    """Before anything is started."""
    done = gate(harness, *flags, "--out", tmp_path / "gate")
    assert done.code == 2, done.told
    assert message in done.err
    assert not (tmp_path / "gate").exists()
