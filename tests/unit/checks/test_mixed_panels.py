"""Panels that count the scrapes too, where no label distinguishes them: how far these can move what is shown."""

from dataclasses import replace

import pytest

from harness.checks.monitoring import dashboards
from harness.core.codes import FindingCode
from harness.core.panel import Panel
from harness.core.query import Series
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP
from tests.unit.checks import test_shifted_panels as panels
from tests.unit.checks.facts import facts

NAMES = registry.of(panels.STARTED)
TIMED, COUNTED = NAMES.latency_all, panels.COUNTED
Slopes = tuple[float, float, float]


def series(name: str, slope: float, **labels: str) -> Series:
    """Grows by `slope` at each scrape; one process, and no view unless it is given one."""
    own = {"__name__": name, "instance": "a:1", "job": "django", **labels}
    return Series(own, tuple((at, 1 + slope * place) for place, at in enumerate(panels.SCRAPES)))


def judged(expression: str, within: Slopes) -> Verdict | Finding:
    """One scrape a second beside so many requests up to 0.1 s, 0.5 s and in all, scrapes among them."""
    run = replace(panels.STARTED, panels=(Panel("Board", "Latency", "A", expression),))
    scrapes = series(COUNTED, 1.0, view=NAMES.metrics_view, status="200", method="GET")
    users = series(COUNTED, within[2] - 1, view="shop", status="200", method="GET")
    buckets = [series(f"{TIMED}_bucket", n, le=le) for le, n in zip(("0.1", "0.5", "+Inf"), within, strict=True)]
    up = Series(panels.series(UP).labels, tuple((at, 1.0) for at in panels.SCRAPES))
    found = {
        UP: [up],
        COUNTED: [scrapes, users],
        f"{TIMED}_bucket": buckets,
        f"{TIMED}_count": [series(f"{TIMED}_count", within[2])],
        f"{TIMED}_sum": [series(f"{TIMED}_sum", within[2] / 10)],
    }
    answers = {query: panels.answer(run, query, found) for query in dashboards.CHECK.queries(run)}
    (result,) = dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers)))
    return result


def quantile(q: float) -> str:
    return f"histogram_quantile({q}, sum by (le) (rate({TIMED}_bucket[6s])))"


@pytest.mark.parametrize(
    ("expression", "least", "most"),
    [
        # Of 99 users the p95 is the 94.05th; 89 and 97 of them are below the bounds with a fast scrape, else 90 and 98.
        (quantile(0.95), 0.1 + 0.4 * 4.05 / 8, 0.1 + 0.4 * 5.05 / 8),
        (quantile(0.5), 0.1 * 49.5 / 90, 0.1 * 49.5 / 89),
        (f"sum(rate({TIMED}_count[6s]))", 99.0, 99.0),
        (f'sum(rate({TIMED}_bucket{{le="0.1"}}[6s])) / sum(rate({TIMED}_count[6s]))', 89 / 99, 90 / 99),
    ],
)
def test_few_scrapes_leave_a_panel_right(expression: str, least: float, most: float) -> None:
    """The verdict gives what it would show with them at either end of the histogram."""
    result = judged(expression, (90.0, 98.0, 100.0))
    assert isinstance(result, Verdict), result.text
    assert result.status is Status.PASS, result.why
    assert f"it lies between {least:.6g} and {most:.6g}" in result.why
    assert result.tolerance is not None
    assert result.observed is not None
    assert result.observed - result.tolerance.below == pytest.approx(min(least, result.observed))
    assert result.observed + result.tolerance.above == pytest.approx(max(most, result.observed))


def test_scrapes_that_are_half_of_all_leave_it_open() -> None:
    """The other half may be the fast ones or the slow ones."""
    result = judged(quantile(0.5), (1.0, 2.0, 2.0))
    assert result.code is FindingCode.UNPROVED_PANEL
    assert isinstance(result, Finding)
    assert "not proved to 25%" in result.text
    assert "between 0.05 and 0.3" in result.text


def test_a_panel_that_they_double_is_no_failure_of_its_author() -> None:
    """Nothing that could be written would leave them out."""
    result = judged(f"sum(rate({TIMED}_count[6s]))", (2.0, 2.0, 2.0))
    assert result.code is FindingCode.UNPROVED_PANEL
    assert isinstance(result, Finding)
    assert "it lies between 1 and 1" in result.text


@pytest.mark.parametrize(
    "expression",
    [
        f"sum(rate({TIMED}_sum[6s])) / sum(rate({TIMED}_count[6s]))",
        f'sum(rate({TIMED}_bucket{{le="0.5"}}[6s])) - sum(rate({TIMED}_bucket{{le="0.1"}}[6s]))',
    ],
)
def test_what_they_move_by_an_unknown_amount_stays_open(expression: str) -> None:
    """How long they took nobody knows, and of two buckets not both are at an end."""
    result = judged(expression, (90.0, 98.0, 100.0))
    assert result.code is FindingCode.UNPROVED_PANEL


def test_another_mistake_is_no_smaller_beside_the_scrapes() -> None:
    """Buckets filtered by their value move the p95 by less than the budget, and fail all the same."""
    expression = f"histogram_quantile(0.95, sum by (le) (rate({TIMED}_bucket[6s]) > 95))"
    result = judged(expression, (90.0, 98.0, 100.0))
    assert isinstance(result, Verdict), result.text
    assert result.status is Status.FAIL
    assert "background" not in result.labels
