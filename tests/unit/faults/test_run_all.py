"""Runs of the catalogue side by side: one that the others starved is made again alone, and told as it then came out."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.codes import Code
from harness.core.outcome import EXIT_CODES
from harness.core.verdict import Status, Verdict
from harness.faults import results, run_all
from harness.faults.results import Detection, Row
from harness.report.render import json_report
from tests.unit.report.render import sample

RUN = """
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir()
(out / "evidence.json").touch()
again = out.with_name(out.name + "-crowded").exists()
(out / "report.json").write_text(pathlib.Path(sys.argv[1 + again]).read_text())
"""
"""Stands in for `harness run`: tells of a starved generator, and of a good one once that was put aside."""


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """Of a run that is starved the first time."""
    script = tmp_path / "run.py"
    script.write_text(RUN)
    for name, status in (("starved", Status.INCONCLUSIVE), ("good", Status.PASS)):
        verdict = Verdict("generator-health", "saturation", status, "why", code=Code.UNKNOWN)
        made = replace(
            sample.passing(), verdicts=(verdict,), causes=(), status=status, exit_code=int(EXIT_CODES[status])
        )
        (tmp_path / name).write_text(json_report.render(made))
    return (sys.executable, str(script), str(tmp_path / "starved"), str(tmp_path / "good"))


def test_a_run_that_its_neighbours_starved_is_made_again_alone(tmp_path: Path, command: tuple[str, ...]) -> None:
    """And what it said the first time is kept beside it."""
    told: list[Row] = []
    made = run_all.run_all((), command, tmp_path / "out", 2, told.append, stop_timeout_s=0)
    assert [(row.id, row.outcome) for row in made.rows] == [(results.CLEAN, Detection.QUIET)]
    assert told == list(made.rows)
    assert (tmp_path / "out" / "clean-crowded" / "report.json").exists()


def test_a_run_that_was_alone_already_is_not_made_again(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The machine is too slow for it, and that is what is told."""
    made = run_all.run_all((), command, tmp_path / "out", 1, lambda _row: None, stop_timeout_s=0)
    assert [row.outcome for row in made.rows] == [Detection.UNKNOWN]
    assert not (tmp_path / "out" / "clean-crowded").exists()


def test_a_run_in_which_the_harness_crashed_is_none(tmp_path: Path) -> None:
    """Its row says so with the bug's own line and the log, though a report lies there."""
    script = tmp_path / "run.py"
    script.write_text(f"{RUN}\nprint('Traceback')\nprint('harness: KeyError: a bug of the harness')\nsys.exit(70)")
    (tmp_path / "good").write_text(json_report.render(sample.passing()))
    command = (sys.executable, str(script), str(tmp_path / "good"), str(tmp_path / "good"))
    made = run_all.run_all((), command, tmp_path / "out", 1, lambda _row: None, stop_timeout_s=0)
    (row,) = made.rows
    log = tmp_path / "out" / "logs" / "clean.log"
    assert (row.outcome, made.exit_code) == (Detection.UNKNOWN, 3)
    assert row.note == f"exit 70: harness: KeyError: a bug of the harness; see {log}"


PASS, FAIL, DOUBT = Status.PASS, Status.FAIL, Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("outcome", "checks", "starved"),
    [
        (Detection.UNKNOWN, {"rate": DOUBT, "generator-health": DOUBT}, True),
        (Detection.MISSED, {"rate": DOUBT, "generator-health": DOUBT}, True),
        (Detection.OTHERWISE, {"cache": FAIL, "generator-health": DOUBT}, True),
        (Detection.MISSED, {"rate": DOUBT, "generator-health": PASS}, False),
        (Detection.UNKNOWN, {}, False),
        (Detection.CAUGHT, {"rate": FAIL, "generator-health": DOUBT}, False),
        (Detection.FALSE_ALARM, {"rate": FAIL, "generator-health": DOUBT}, False),
    ],
)
def test_only_what_a_starved_generator_left_open_is_worth_another_run(
    outcome: Detection, checks: dict[str, Status], starved: bool
) -> None:
    """What was noticed, and a false alarm, stand as they are: no run is made until it looks better."""
    row = replace(results.unknown(None, ""), outcome=outcome, checks=checks)
    assert run_all.was_starved(row) is starved
