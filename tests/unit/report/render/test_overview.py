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


def test_sentence() -> None:
    """The count of checks adds up, as a sentence."""
    assert overview.sentence(passing()) == "All 15 checks passed."
    assert overview.sentence(failing()) == (
        "11 of 15 checks passed, 3 failed, 1 could not be judged. One-sided: 1 of 27 verdicts."
    )
    assert overview.sentence(partly()) == "15 of 17 checks passed, 2 had nothing to judge."
    assert overview.sentence(empty()) == overview.NOTHING_JUDGED
    assert [verdict.status for verdict in overview.unsettled(failing())] == [Status.FAIL] * 3 + [Status.INCONCLUSIVE]


OPEN = "20 of 26 verdicts in full, 6 in part; not proved: 31 of 80 panels, 1 of 12 alerts, 3 checks"


def test_the_headline_says_how_much_is_proved() -> None:
    """And how much is not, where that is anything; a report of before that was stored says what it said."""
    assert overview.headline(partly()) == f"What is proved matches what happened: {OPEN}"
    panels = replace(partly(), scenario="")
    assert overview.headline(panels) == f"What is proved of the panels is what the metrics hold: {OPEN}"
    assert overview.headline(passing()) == "The metrics match what happened"


def test_what_no_run_shows_does_not_change_the_headline() -> None:
    """Nor does what an account lacks: neither is a share of the verdicts."""
    beside = {Limitation.LAW, Limitation.ACCOUNT}
    entries = tuple(each for each in partly().not_proved if each.limitation in beside)
    assert overview.headline(replace(partly(), not_proved=entries)) == "The metrics match what happened"


def test_a_report_that_did_not_pass_says_it_in_its_sentence() -> None:
    """Its headline is the outcome; a verdict that could not be judged is not proved either."""
    report = replace(failing(), not_proved=partly().not_proved)
    assert overview.headline(report) == "The metrics do not match what happened"
    assert overview.sentence(report) == (
        "11 of 17 checks passed, 3 failed, 1 could not be judged, 2 had nothing to judge. Judged: 20 of 27 verdicts in "
        "full, 6 in part; not proved: 1 verdict, 31 of 80 panels, 1 of 12 alerts, 3 checks."
    )


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
