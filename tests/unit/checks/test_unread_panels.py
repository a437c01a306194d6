"""What the parser does not know is the author's mistake only where Prometheus refuses it too."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.checks.monitoring import dashboards
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.promql.syntax import LONGEST
from tests.unit.checks.facts import RUN, facts

NEWER = "sum(rate(http_seen_total[5m])) > 1_000"
REFUSED = NoData('1:5: parse error: unexpected "_"', Code.REFUSED)


def judged(expression: str, answers: Mapping[Query, Reading | NoData] | None = None) -> Verdict | Finding:
    """What the check says of one panel; without `answers`, of a run that never asked."""
    run = replace(RUN, panels=(Panel("Board", "Seen", "A", expression),))
    (result,) = dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers or {})))
    return result


def asked(expression: str) -> Query:
    """The one question about such a panel."""
    (query,) = dashboards.CHECK.queries(replace(RUN, panels=(Panel("Board", "Seen", "A", expression),)))
    return query


@pytest.mark.parametrize("answer", [Reading((Series({}, ((1.0, 2.0),)),)), NoSeries()])
def test_what_prometheus_evaluates_is_not_checked(answer: Reading | NoData) -> None:
    """Neither proved nor the author's mistake."""
    assert asked(NEWER).text == NEWER
    found = judged(NEWER, {asked(NEWER): answer})
    assert isinstance(found, Finding)
    assert found.code is FindingCode.UNPROVED_PANEL
    assert "Prometheus evaluates it" in found.text


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ({asked(NEWER): REFUSED}, Status.FAIL, Code.PANEL_UNREADABLE),
        ({asked(NEWER): NoData("it timed out", Code.NO_ANSWER)}, Status.INCONCLUSIVE, Code.NO_ANSWER),
        (None, Status.FAIL, Code.PANEL_UNREADABLE),
    ],
)
def test_what_prometheus_does_not_evaluate(
    answers: Mapping[Query, Reading | NoData] | None, status: Status, code: Code
) -> None:
    """It refuses, it gives no answer, or a run of before did not ask it."""
    found = judged(NEWER, answers)
    assert isinstance(found, Verdict)
    assert (found.status, found.code) == (status, code)


def test_what_is_too_long_to_ask_is_not_checked() -> None:
    """However Prometheus takes it."""
    long = " + ".join(["http_seen_total"] * (LONGEST // 16))
    found = judged(long)
    assert isinstance(found, Finding)
    assert found.code is FindingCode.UNPROVED_PANEL
