from dataclasses import replace

import pytest

from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render import FORMATS, overview
from tests.unit.report.render.sample import REPORTS, empty, failing, inconclusive, passing


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
    assert overview.sentence(empty()) == overview.NOTHING_JUDGED
    assert [verdict.status for verdict in overview.unsettled(failing())] == [Status.FAIL] * 3 + [Status.INCONCLUSIVE]
