"""Faults of the catalogue on the real stack: noticed by the checks that must, and by none that must stay quiet."""

import json
import shutil
from dataclasses import fields

import pytest

from harness.faults import Fault, results
from harness.faults.results import Detection
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness
from tests.parts import mostly_long
from tests.reference import FAULTS


def words_of(fault: Fault) -> set[str]:
    """The checks that must notice it, the programs that it needs, and the ways of injecting it."""
    ways = {field.name for field in fields(fault.injection) if getattr(fault.injection, field.name)}
    return {*fault.caught_by, *fault.needs, *ways}


OFTEN = 8
"""Faults that `make test` runs."""


def short_part() -> list[Fault]:
    """Few faults with each check and way of injecting among them, most of these first; `make faults` runs them all."""
    missing = set[str]().union(*map(words_of, FAULTS))
    chosen = []
    while missing:
        best = max(FAULTS, key=lambda fault: len(words_of(fault) & missing))
        missing -= words_of(best)
        chosen.append(best)
    return chosen


@pytest.mark.parametrize("fault", mostly_long(short_part(), OFTEN), ids=lambda fault: str(fault.id))
def test_it_is_caught(harness: Harness, fault: Fault) -> None:
    """By each check and finding that must notice it, and named as the likely cause."""
    if missing := [program for program in fault.needs if shutil.which(program) is None]:
        pytest.skip(f"{fault.id} is left out: {missing[0]} is not installed; `make services` installs it")
    out = harness.scratch / "run"
    done = harness.run("run", "faults", "--fault", fault.id, "--out", out)
    assert (out / "report.json").exists(), done.told
    report = parse((out / "report.json").read_text())
    assert report.fault == fault.id
    row = results.judge(fault, report, 0.0)
    assert (row.outcome, row.note) == (Detection.CAUGHT, ""), done.told
    assert row.named or (fault.cause is None and not row.causes), f"named {row.causes}: {done.told}"


@pytest.mark.long
def test_what_names_a_fault_is_not_told_of_an_app_without_it(harness: Harness) -> None:
    """A finding that is always there would name every fault."""
    out = harness.scratch / "run"
    done = harness.run("run", "faults", "--locustfile", PROJECT / "scenarios" / "slow.py", "--out", out)
    assert done.code == 0, done.told
    told = {finding.code for finding in parse((out / "report.json").read_text()).findings}
    assert not told & {finding for fault in FAULTS for finding in fault.named_by}


@pytest.mark.quiet
def test_the_command_runs_the_clean_app_and_the_faults_that_are_named(harness: Harness) -> None:
    """It ends with 0 when each is caught and the clean app is not, and leaves each run and the catalogue."""
    out = harness.scratch / "faults"
    done = harness.run("faults", "plain-engine", "view-raises", "--out", out)
    assert done.code == 0, done.told
    rows = json.loads((out / "faults.json").read_text())["rows"]
    assert [(row["id"], row["outcome"]) for row in rows] == [
        ("clean", "no alarm"),
        ("view-raises", "caught"),
        ("plain-engine", "caught"),
    ]
    assert "✓ caught" in done.out
    for name in ("faults.html", "faults.md", "clean/report.html", "plain-engine/report.html"):
        assert (out / name).stat().st_size > 300


def test_an_unknown_fault_is_named(harness: Harness) -> None:
    """With the one that was probably meant."""
    for arguments in (("run", "--fault", "one-replicas"), ("faults", "one-replicas")):
        done = harness.run(*arguments)
        assert done.code == 2
        assert "no fault 'one-replicas' (did you mean 'one-replica'?)" in done.err


def test_a_fault_needs_a_target_to_break(harness: Harness) -> None:
    """A profile that starts nothing has none."""
    for arguments in (("run", "compose", "--fault", "plain-engine"), ("faults", "--profile", "compose")):
        done = harness.run(*arguments)
        assert done.code == 2
        assert "profile 'compose' starts nothing" in done.err
