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


@pytest.mark.parametrize("rule", [False, True])
def test_a_panel_that_is_called_by_another_name_fails(rule: bool) -> None:
    """A rule too: its name is what others read."""
    mislabelled = f'sum(rate({COUNTED}{{status=~"5..",view!="{SERVED}"}}[6s]))'
    (verdict,) = judged(Panel("Board", "Errors", "A", mislabelled, caption="4xx", rule=rule))
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.labels["caption"]) == (Status.FAIL, "wrong")


@pytest.mark.parametrize(("rule", "fails"), [(False, True), (True, False)])
def test_a_record_may_hold_a_counter_as_it_is(rule: bool, fails: bool) -> None:
    """Others take its rate; a panel shows it."""
    asked = _panel_evidence.read(Panel("r.yml", "web", "kept", f"sum by (job) ({COUNTED})", rule=rule))
    mistake = _panel_forms.without_meaning(asked, registry.of(RUN), RUN)
    assert (mistake is not None and mistake.name == "bare-counter") is fails


P95 = f"histogram_quantile(0.95, sum by (le) (rate({registry.of(RUN).latency_by_view}_bucket[1m])))"
OF_500 = f'sum(rate({COUNTED}{{status=~"5.."}}[1m]))'
OF_ALL = f"sum(rate({COUNTED}[1m]))"


@pytest.mark.parametrize(
    ("caption", "expression", "says"),
    [
        ("p95", P95, ""),
        ("p95 and p99", P95, ""),
        ("{{view}}", P95, ""),
        ("p99", P95, "it is called 'p99' and shows p95: take p99, or call it p95"),
        ("median of {{view}}", P95, "shows p95: take p50"),
        ("p95", P95.replace("0.95", "0.950"), ""),
        ("p99", f"{P95} / {P95.replace('0.95', '0.99')}", ""),
        ("p99", "max(app:seconds:p99)", ""),
        ("p99", "max(app:seconds:p95)", "it is called 'p99' and shows p95"),
        ("p99.99", P95.replace("0.95", "0.9999"), ""),
        ("median replica", f"quantile(0.5, {P95.replace('(le)', '(le, instance)')})", ""),
        ("p95 of the day", "quantile_over_time(0.95, app:seconds:p99[1d])", ""),
        ("p90 of the day", "quantile_over_time(0.95, app:seconds[1d])", "shows p95"),
        ("Top 5th percentile", P95, ""),
        ("top 05 percentile", P95, ""),
        ("5xx", OF_500, ""),
        ("4xx", OF_500, "it is called '4xx' and selects the statuses 5xx"),
        ("4xx", OF_ALL, ""),
        ("4xx and 5xx", f"{OF_500} / {OF_ALL}", ""),
        ("4xx ratio", f"{OF_500} / {OF_ALL}", "selects the statuses 5xx"),
        ("2xx", f"{OF_ALL} - {OF_500}", ""),
        ("2xx", f"{OF_ALL} + (-1 * {OF_500})", ""),
        ("2xx", f"-{OF_500} + {OF_ALL}", ""),
        ("2xx", f"{OF_ALL} unless {OF_500}", ""),
        ("2xx", OF_500.replace("5..", "[1-4].."), ""),
        ("5xx", OF_500.replace("=~", "!~"), ""),
        ("2xx", 'sum(shop_jobs{status="500"})', ""),
    ],
)
def test_a_panel_shows_what_its_words_say(caption: str, expression: str, says: str) -> None:
    """Of percentiles and classes of statuses, where they name one and the expression has one."""
    asked = _panel_evidence.read(Panel("Board", "Panel", "A", expression, caption=caption))
    mistake = _panel_forms.misnamed(asked, registry.of(RUN))
    assert (mistake is None) is (not says)
    if mistake:
        assert says in mistake.text
        assert mistake.labels == {"caption": "wrong"}


@pytest.mark.parametrize(
    ("asked", "near", "says"),
    [
        ("1", "1.0", 'that bound is written le="1.0"'),
        ("0.5", "0.25", 'the nearest of its 4 bounds: le="0.25" and le="1.0"'),
        ("0.01", "0.1", 'the nearest of its 4 bounds: le="0.1"'),
        ("9", "1.0", 'the nearest of its 4 bounds: le="1.0" and le="+Inf"'),
    ],
)
def test_a_bound_that_no_bucket_has_names_those_beside_it(asked: str, near: str, says: str) -> None:
    """Or the one that is meant, where it is written otherwise."""
    metric = "shop_seconds_bucket"
    bounds = [Series({"__name__": metric, "le": le}, ((1.0, 1.0),)) for le in ("0.1", "0.25", "1.0", "+Inf")]
    panel = _panel_evidence.read(Panel("Board", "Share", "A", f'rate({metric}{{le="{asked}"}}[1m])'))
    mistake = _panel_forms.absent_bound(panel, Samples(series={metric: bounds}, at_s=1.0, dialect=NEWEST))
    assert mistake is not None
    assert mistake.text.endswith(says)
    assert mistake.corrected == f'rate({metric}{{le="{near}"}}[1m])'


@pytest.mark.parametrize("asked", range(1, 21, 2))
def test_of_two_bounds_as_near_the_lower_one_is_proposed(asked: int) -> None:
    """Not the one that a set of texts happens to give first, or two readings of a run would differ."""
    metric = "shop_seconds_bucket"
    bounds = [Series({"__name__": metric, "le": f"{each}.0"}, ((1.0, 1.0),)) for each in range(0, 22, 2)]
    panel = _panel_evidence.read(Panel("Board", "Share", "A", f'rate({metric}{{le="{asked}"}}[1m])'))
    mistake = _panel_forms.absent_bound(panel, Samples(series={metric: bounds}, at_s=1.0, dialect=NEWEST))
    assert mistake is not None
    assert mistake.corrected == f'rate({metric}{{le="{asked - 1}.0"}}[1m])'


SHARE = f'sum(rate({COUNTED}{{view="shop",status=~"5.."}}[6s])) / sum(rate({COUNTED}{{view="shop"}}[6s]))'


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (f"{SHARE} > 5", "no share is > 5, since a whole is 1: it is never true; 5 % is 0.05"),
        (f"({SHARE}) * 100 > 100", "no share is > 100, since a whole is 100: it is never true"),
        (f"{SHARE} >= 1.5 and {RATE} > 0", "no share is >= 1.5, since a whole is 1: it is never true; 1.5 % is 0.015"),
        (f"({SHARE} < 9) == 2", "no share is == 2, since a whole is 1: it is never true; 2 % is 0.02"),
    ],
)
def test_a_limit_that_no_share_reaches_is_impossible(expression: str, why: str) -> None:
    """Per cent where the share is from 0 to 1: the alert never fires."""
    (verdict,) = judged(Panel("Board", "Errors", "A", expression))
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.code, verdict.why) == (Status.FAIL, Code.IMPOSSIBLE, why)


@pytest.mark.parametrize(
    "expression",
    [f"{SHARE} > 0.05", f"{SHARE} >= 1", f"({SHARE}) * 100 > 5", f"{SHARE} < 5", f"{RATE} / sum(rate({UP}[6s])) > 5"],
)
def test_a_limit_that_can_be_reached_is_not(expression: str) -> None:
    """Of what is no part of a whole nothing is known."""
    assert all(each.code is not Code.IMPOSSIBLE for each in judged(Panel("Board", "Errors", "A", expression)))
