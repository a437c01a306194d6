"""Panels that read records, and the names of records: what is a finding, and what a message says."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.checks.monitoring import records
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import NoSeries, Reading, Series
from harness.core.rule import Rule
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.promql.own_series import UP
from tests.unit.checks.facts import RUN, facts

HITS = "django_model_inserts_total"
SCRAPES = [RUN.window.end_s - back for back in range(8, -1, -1)]
BY_MODEL = f"sum by (model) (rate({HITS}[6s]))"


def series(name: str, slope: float = 0.0, **labels: str) -> Series:
    """A metric that grows evenly from 1 to the end of the window."""
    points = tuple((at, 1 + slope * place) for place, at in enumerate(SCRAPES))
    return Series({"__name__": name, "instance": "a:1", "job": "django", **labels}, points)


INSERTS = (series(HITS, 1, model="note"), series(HITS, 3, model="tag"))


def rule(name: str, expression: str, *, alert: bool = False) -> Rule:
    return Rule("own.yml", "own", name, alert=alert, expression=expression, line=3)


def judged(expression: str, *rules: Rule, found: Sequence[Series] = INSERTS) -> tuple[Verdict | Finding, ...]:
    """What the check says of one panel and of the rules; other metrics than those that are given have no series."""
    panels = (Panel("Board", "Traffic", "A", expression),)
    run = replace(RUN, rules=rules, panels=panels, selector='job="django"', other_times=True)
    answers = {}
    for query in records.CHECK.queries(run):
        own = [each for each in (series(UP), *found) if query.text.startswith(f"{each.labels['__name__']}{{")]
        answers[query] = Reading(tuple(own)) if own else NoSeries()
    return records.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers)))


def test_without_records_nothing_is_asked_or_judged() -> None:
    """Neither without rules, nor where no panel reads one and no name has a level."""
    assert judged(f"sum(rate({HITS}[6s]))") == ()
    assert judged(f"sum(rate({HITS}[6s]))", rule("inserts_rate", BY_MODEL)) == ()
    assert records.CHECK.queries(replace(RUN, rules=())) == ()


def test_a_panel_that_asks_for_what_the_record_keeps_passes() -> None:
    """With the value, and the rule that it was followed through."""
    verdict = judged('sum(model:inserts:rate{model!="other"})', rule("model:inserts:rate", BY_MODEL))[0]
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.PASS
    assert verdict.observed == pytest.approx(4)
    assert "model:inserts:rate is recorded in own.yml, line 3 (group own) as sum by (model)" in verdict.why


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("sum by (view) (model:inserts:rate)", Code.UNKNOWN_LABEL),
        ('sum(model:inserts:rate{view="shop"})', Code.UNKNOWN_LABEL),
        ("model:inserts:rate / on (view) model:inserts:rate", Code.UNKNOWN_LABEL),
        ("max(job:inserts:rate) > 1", Code.WRONG_EXPRESSION),
    ],
)
def test_a_panel_that_asks_for_something_else_fails(expression: str, code: Code) -> None:
    """By a label that is gone, or one of the parts of what the name calls a whole."""
    result = judged(expression, rule("model:inserts:rate", BY_MODEL), rule("job:inserts:rate", BY_MODEL))[0]
    assert isinstance(result, Verdict)
    assert (result.code, result.check) == (code, "records")
    assert ":inserts:rate is recorded in own.yml" in result.why


def test_an_alert_is_judged_by_what_it_compares() -> None:
    """Silent as it is, its maximum is that of parts."""
    parts = rule("job:inserts:rate", BY_MODEL)
    results = judged("max(job:inserts:rate) > 1000", parts)
    assert [each.code for each in results] == [Code.WRONG_EXPRESSION, FindingCode.RECORD_LEVEL]


@pytest.mark.parametrize(
    ("name", "lacks"),
    [("job:inserts:rate", "job"), ("model_job:inserts:rate", "job"), ("zone:inserts:rate", "zone")],
)
def test_a_record_that_lacks_a_label_of_its_level_is_a_finding(name: str, lacks: str) -> None:
    """Whether its metric has the label or nothing does."""
    (finding,) = judged("vector(1)", rule(name, BY_MODEL))
    assert (finding.code, finding.labels["rule"]) == (FindingCode.RECORD_LEVEL, name)
    assert f"names {lacks}, which its result does not have" in finding.text  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["model:inserts:rate", ":inserts:rate", "inserts_rate"])
def test_a_name_that_says_no_more_than_the_result_has_is_none(name: str) -> None:
    """Its own label, or no level at all."""
    assert judged("vector(1)", rule(name, BY_MODEL)) == ()


def test_what_cannot_be_followed_is_named() -> None:
    """A cycle by its records, a record by its missing rule, an expression by what is not evaluated."""
    cycle = [rule("a:b", "c:d"), rule("c:d", "a:b")]
    first = judged("a:b", *cycle)[0]
    assert (first.code, "a:b -> c:d -> a:b" in first.text) == (FindingCode.UNPROVED_PANEL, True)  # type: ignore[union-attr]
    unknown = judged("a", rule("a", "sum(team:inserts:rate)"))[0]
    assert "no rule of the profile records team:inserts:rate" in unknown.text  # type: ignore[union-attr]
    unknown_times = judged("rate(a[4s])", rule("a", BY_MODEL))
    assert [each.code for each in unknown_times] == [FindingCode.UNPROVED_PANEL, FindingCode.LATENT_MISTAKE]
    ahead = judged("a + a @ 99999999999", rule("a", BY_MODEL))[0]
    assert (ahead.code, "past the end of the run" in ahead.text) == (FindingCode.UNPROVED_PANEL, True)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["a offset 1m", "a offset -1m", "max_over_time(a[4s:1s] offset 1m)", "a @ end()"])
def test_a_record_that_is_asked_later_is_followed_to_the_run(text: str) -> None:
    """As long after it as the offset says, so that what it looks at is the run."""
    verdict = judged(f"sum({text})", rule("a", BY_MODEL))[0]
    assert isinstance(verdict, Verdict)
    assert verdict.code is Code.AGREES
    assert verdict.observed == pytest.approx(4)


def test_a_record_without_data_passes_nothing() -> None:
    """It says so instead."""
    (finding,) = judged("sum(model:inserts:rate)", rule("model:inserts:rate", BY_MODEL), found=())
    assert finding.code is FindingCode.EMPTY_PANEL


def test_a_mistake_that_makes_no_difference_is_a_finding() -> None:
    """One series has the mean of one ratio."""
    share = f"sum by (model) (rate({HITS}[6s])) / sum by (model) (rate({HITS}[6s]))"
    results = judged("avg(model:inserts:share)", rule("model:inserts:share", share))
    assert [each.code for each in results] == [Code.AGREES, FindingCode.LATENT_MISTAKE]
