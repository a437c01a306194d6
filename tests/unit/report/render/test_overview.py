from dataclasses import replace

import pytest

from harness.core.report import Limitation, Report
from harness.core.verdict import Status
from harness.report.render import FORMATS, overview
from tests.unit.report.render.sample import REPORTS, empty, failing, inconclusive, partly, passing


def test_every_format_renders_every_report() -> None:
    """Each file a run directory gets, from any report, is text that UTF-8 can hold."""
    assert next(iter(FORMATS)) == "report.json"  # the others can be made again from it
    for render in FORMATS.values():
        for report in REPORTS.values():
            assert render(report).encode("utf-8").endswith(b"\n")


@pytest.mark.parametrize(
    ("claimed", "report", "shown"),
    [
        (Status.PASS, passing(), Status.PASS),
        (Status.PASS, failing(), Status.FAIL),
        (Status.PASS, inconclusive(), Status.INCONCLUSIVE),
        (Status.PASS, empty(), Status.INCONCLUSIVE),
        (Status.FAIL, empty(), Status.FAIL),
        (Status.INCONCLUSIVE, passing(), Status.INCONCLUSIVE),
    ],
)
def test_status_of(claimed: Status, report: Report, shown: Status) -> None:
    """The worst of what is claimed and what was judged; nothing judged never passes."""
    assert overview.status_of(replace(report, status=claimed)) is shown


def test_summaries() -> None:
    """One line per check, in the report's order, led by its worst verdict."""
    checks = {check.id: check for check in overview.summaries(failing())}
    assert next(iter(checks)) == "generator-health"
    assert checks["request-counts"].status is Status.FAIL
    assert checks["request-counts"].counts == "1 failed, 5 passed"
    assert checks["request-counts"].why.startswith("work:fast GET 200: the metric is 1 short")
    assert checks["latency-buckets"].why == "all 6 passed"


def test_unsettled() -> None:
    """Failures before what could not be judged."""
    assert [verdict.status for verdict in overview.unsettled(failing())] == [Status.FAIL] * 3 + [Status.INCONCLUSIVE]


def test_three_numbers() -> None:
    """Rate, whose errors, p95, each as far as it is known."""
    assert [row.label for row in overview.three_numbers(passing())] == ["rate", "5xx of the server", "p95"]
    assert overview.three_numbers(empty()) == ()
    assert overview.three_numbers(REPORTS["unknown"]) == ()


def test_failures_of_the_scenario() -> None:
    """They are another number than the errors of the server, and not known of an older report."""
    assert overview.scenario_failures(passing()) == ""
    shown = overview.scenario_failures(replace(passing(), failed_requests=708))
    assert shown == "failures of the scenario, whatever their status: 708 of 14,160 (5.00 %)"


def test_what_is_open_is_grouped_by_what_keeps_it_open() -> None:
    """In one order, each entry once, and what no run shows by itself."""
    groups = overview.open_by_limitation(partly())
    assert [name for name, _ in groups] == [
        "proved in part", "panels and alerts", "not judged", "not seen", "other",
    ]  # fmt: skip
    shown = [each for _, entries in groups for each in entries] + list(overview.limits_of_laws(partly()))
    assert sorted(each.id for each in shown) == sorted(each.id for each in partly().not_proved)
    assert set(overview.LIMITATIONS) == set(Limitation)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((None, None, ""), ""),
        ((1, None, "checks"), "1 check"),
        ((1, 80, "panels"), "1 of 80 panels"),
        ((1200, 14163, "requests"), "1,200 of 14,163 requests"),
    ],
)
def test_amount(given: tuple[int | None, int | None, str], shown: str) -> None:
    """A number, and of how many where that is known."""
    assert overview.amount(*given) == shown
