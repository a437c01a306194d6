"""What an expression cannot say, and who is asked to mend it: a panel, or who reads a record."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.checks.monitoring import _panel_evidence, _panel_forms, dashboards
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import Reading, Series
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.promql import NEWEST, Samples
from harness.promql.own_series import UP
from tests.unit.checks import test_shifted_panels as panels
from tests.unit.checks.facts import RUN, facts

COUNTED = registry.of(RUN).responses_by_view
SERVED = registry.of(RUN).metrics_view
RATE = f"sum(rate({COUNTED}[6s]))"


def judged(panel: Panel) -> list[Verdict | Finding]:
    """What the check says of a panel over a view of users and the view of the scrapes."""
    run = replace(panels.STARTED, panels=(panel,))
    shop = panels.series(COUNTED)
    served = Series({**shop.labels, "view": SERVED}, panels.series(COUNTED, slope=1.0).points)
    up = Series(panels.series(UP).labels, tuple((at, 1.0) for at, _ in shop.points))
    found: Mapping[str, list[Series]] = {UP: [up], COUNTED: [shop, served]}
    answers = {query: panels.answer(run, query, found) for query in dashboards.CHECK.queries(run)}
    assert any(isinstance(each, Reading) for each in answers.values())
    return list(dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers))))


def test_a_panel_that_counts_scrapes_fails() -> None:
    """It is what somebody looks at."""
    (verdict,) = judged(Panel("Board", "Requests", "A", RATE))
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.code) == (Status.FAIL, Code.WRONG_EXPRESSION)
    assert "counts scrapes or health checks as traffic" in verdict.why


def test_a_record_that_counts_scrapes_is_a_finding() -> None:
    """It holds what it says; who reads it as traffic fails."""
    verdict, finding = judged(Panel("r.yml", "web", "rate", RATE, rule=True))
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.observed) == (Status.PASS, verdict.expected)
    assert "as its own expression does" in verdict.why
    assert isinstance(finding, Finding)
    assert finding.code is FindingCode.LATENT_MISTAKE
    assert "panels and alerts that read the record as traffic fail" in finding.text


@pytest.mark.parametrize(("rule", "fails"), [(False, True), (True, False)])
def test_a_record_may_hold_a_counter_as_it_is(rule: bool, fails: bool) -> None:
    """Others take its rate; a panel shows it."""
    asked = _panel_evidence.read(Panel("r.yml", "web", "kept", f"sum by (job) ({COUNTED})", rule=rule))
    mistake = _panel_forms.without_meaning(asked, registry.of(RUN), RUN)
    assert (mistake is not None and mistake.name == "bare-counter") is fails


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("1", 'that bound is written le="1.0"'),
        ("0.5", 'the nearest of its 4 bounds: le="0.25" and le="1.0"'),
        ("0.01", 'the nearest of its 4 bounds: le="0.1"'),
        ("9", 'the nearest of its 4 bounds: le="1.0" and le="+Inf"'),
    ],
)
def test_a_bound_that_no_bucket_has_names_those_beside_it(asked: str, says: str) -> None:
    """Or the one that is meant, where it is written otherwise."""
    metric = "shop_seconds_bucket"
    bounds = [Series({"__name__": metric, "le": le}, ((1.0, 1.0),)) for le in ("0.1", "0.25", "1.0", "+Inf")]
    panel = _panel_evidence.read(Panel("Board", "Share", "A", f'rate({metric}{{le="{asked}"}}[1m])'))
    text = _panel_forms.absent_bound(panel, Samples(series={metric: bounds}, at_s=1.0, dialect=NEWEST))
    assert text.endswith(says)
