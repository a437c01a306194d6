"""The smoke run and ten faults of different families on Prometheus 3: the same verdicts as on an older one."""

import json
from pathlib import Path

import pytest

from harness.core.verdict import Status
from harness.faults import results
from harness.faults.results import Detection
from harness.report.render.json_report import parse
from tests.e2e.conftest import Harness
from tests.reference import FAULTS
from tools import backends

TEN = (
    *("before-missing", "dropped-buckets", "labels-collide", "milliseconds", "one-replica"),
    *("percent-quantile", "plain-cache", "plain-engine", "restart", "view-raises"),
)


@pytest.fixture
def prometheus() -> str:
    """The binary of `make backends`, or a Prometheus 3 of PATH."""
    found = backends.find("prometheus")
    if found is None:
        pytest.skip("Prometheus 3 is neither on PATH nor built: run `make backends`")
    return str(found)


def test_the_smoke_run_passes(harness: Harness, tmp_path: Path, prometheus: str) -> None:
    """Known by what it does, whether it knows its version or not."""
    out = tmp_path / "run"
    short = ("--duration", "6s", "--warmup", "1s")
    done = harness.run("run", "smoke", *short, "--out", out, HARNESS_PROMETHEUS=prometheus)
    assert done.code == 0, done.told
    assert {verdict.status for verdict in parse((out / "report.json").read_text()).verdicts} == {Status.PASS}
    assert json.loads((out / "run.json").read_text())["evaluates_as"] == "3.0"


@pytest.mark.parametrize("name", TEN)
def test_a_fault_is_caught(harness: Harness, tmp_path: Path, prometheus: str, name: str) -> None:
    """By each check that must notice it, and by none that must stay quiet."""
    fault = next(each for each in FAULTS if each.id == name)
    out = tmp_path / "run"
    done = harness.run("run", "faults", "--fault", name, "--out", out, HARNESS_PROMETHEUS=prometheus)
    row = results.judge(fault, parse((out / "report.json").read_text()), 0.0)
    assert (row.outcome, row.note) == (Detection.CAUGHT, ""), done.told
