"""A panel that is empty: of a view that nobody asked for any more, or of scrapes that are missing."""

from collections.abc import Sequence
from dataclasses import replace

from harness.checks.monitoring import dashboards
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import Series
from harness.core.verdict import Finding, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.promql.own_series import UP
from tests.unit.checks import test_shifted_panels as panels
from tests.unit.checks.facts import facts

END_S, COUNTED = panels.END_S, panels.COUNTED
RATIO = f'sum(rate({COUNTED}{{status="500"}}[6s])) / sum(rate({COUNTED}[6s]))'


def judged(*points: tuple[float, float], failed_s: Sequence[float] = ()) -> Verdict | Finding:
    """What the check says of a ratio, the counter having these values so many seconds before t1.

    `failed_s` are scrapes that failed, so many seconds before t1.
    """
    run = replace(panels.STARTED, panels=(Panel("Board", "Errors", "A", RATIO),))
    at = [END_S - back for back, _ in points]
    counted = Series(panels.series(COUNTED).labels, tuple(zip(at, (value for _, value in points), strict=True)))
    failed = Series({**counted.labels, "status": "500"}, counted.points)
    scrapes = [*((moment, 1.0) for moment in at), *((END_S - back, 0.0) for back in failed_s)]
    up = Series(panels.series(UP).labels, tuple(sorted(scrapes)))
    found = {UP: [up], COUNTED: [counted, failed]}
    answers = {query: panels.answer(run, query, found) for query in dashboards.CHECK.queries(run)}
    (result,) = dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers)))
    return result


def test_requests_before_the_first_scrape_of_the_range_leave_it_empty() -> None:
    """`rate()` is right to see none: they came between that scrape and the one before the range."""
    result = judged((9, 1), (8, 1), (7, 1), (5, 4), (4, 4), (3, 4), (2, 4), (1, 4), (0, 4))
    assert isinstance(result, Finding)
    assert result.code is FindingCode.EMPTY_PANEL
    assert "before the first good scrape in its range" in result.text


def test_scrapes_that_failed_leave_it_empty_and_are_no_fault_of_the_panel() -> None:
    """The range of 6 s begins with two that failed, while the last requests came."""
    result = judged((9, 1), (8, 1), (7, 1), (3, 4), (2, 4), (1, 4), (0, 4), failed_s=(5, 4))
    assert isinstance(result, Finding)
    assert result.code is FindingCode.EMPTY_PANEL
    result = judged((9, 1), (8, 1), (7, 1), (3, 4), (2, 4), (1, 4), (0, 4))
    assert isinstance(result, Verdict)
    assert result.code is Code.MISSING


def test_a_range_without_enough_scrapes_is_missing_what_happened() -> None:
    """There the panel should have had a value."""
    result = judged((9, 1), (8, 1), (7, 1), (0, 4))
    assert isinstance(result, Verdict)
    assert result.code is Code.MISSING
