"""Panels that look at another time than t1: when they are asked, what is fetched for them, and what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from harness.checks.monitoring import _panel_evidence, dashboards
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.promql import Dialect, Engine, Samples, syntax
from harness.promql.own_series import UP
from tests.unit.checks.facts import RUN as OLDER
from tests.unit.checks.facts import facts

RUN = replace(OLDER, other_times=True)
END_S = RUN.window.end_s
SCRAPES = [END_S - back for back in range(10, -1, -1)]
COUNTED = registry.of(RUN).responses_by_view
RATE = f"sum(rate({COUNTED}[6s]"
STARTED = replace(RUN, selector='job="django"', prometheus_version="3.5.0", default_step_s=2.0)
WATCHED = replace(STARTED, embedded=False)


def panel(expression: str) -> Panel:
    return Panel("Board", "Then and now", "A", expression)


def series(name: str, *times: float, slope: float = 2.0) -> Series:
    """A metric that grows evenly at these times."""
    points = tuple((at, 1 + slope * place) for place, at in enumerate(times or SCRAPES))
    labels = {"__name__": name, "instance": "a:1", "job": "django", "view": "shop", "status": "200", "method": "GET"}
    return Series(labels, points)


def answer(run: Run, query: Query, found: Mapping[str, Sequence[Series]]) -> Reading | NoSeries:
    """What Prometheus answers: raw samples of a range, names, or an expression by the engine."""
    if query.text.startswith("count by (__name__)"):
        return Reading(tuple(Series({"__name__": name}, ((query.time_s, 1.0),)) for name in found))
    tree = syntax.parse(query.text)
    samples = Samples(series=found, at_s=query.time_s, dialect=Dialect.of(run.prometheus_version), step_s=2.0)
    if hasattr(tree, "vector_selector"):
        name, since_s = tree.vector_selector.name, query.time_s - syntax.range_s(tree)
        cut = [
            Series(each.labels, tuple(point for point in each.points if since_s < point[0] <= query.time_s))
            for each in found.get(name, ())
        ]
        kept = tuple(each for each in cut if each.points)
        return Reading(kept) if kept else NoSeries()
    value = Engine(samples).value(tree)
    vector = value if isinstance(value, dict) else {(): value}
    shown = tuple(Series(dict(key), ((query.time_s, each),)) for key, each in vector.items())
    return Reading(shown) if shown else NoSeries()


def judged(expression: str, run: Run = STARTED, *times: float) -> list[Verdict | Finding]:
    """What the check says of one panel, with these scrapes."""
    run = replace(run, panels=(panel(expression),))
    ups = series(UP, *times)
    up = Series(ups.labels, tuple((at, 1.0) for at, _ in ups.points))
    found = {UP: [up], COUNTED: [series(COUNTED, *times)]}
    answers = {query: answer(run, query, found) for query in dashboards.CHECK.queries(run)}
    return list(dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers))))


@pytest.mark.parametrize(
    ("expression", "delay_s"),
    [
        (f"{RATE}))", 0.0),
        (f"{RATE} offset 1d))", 86_400.0),
        (f"{RATE} offset -30s))", -30.0),
        (f"{RATE})) - {RATE} offset 1d))", 0.0),
        (f"{RATE} offset 1h)) - {RATE} offset 1d))", 3600.0),
        (f"{RATE})) - {RATE} offset -30s))", -30.0),
        (f"max_over_time({COUNTED}[6s:1s] offset 1h)", 3600.0),
        (f"{COUNTED} @ 1000", 0.0),
        (f"{COUNTED} @ end() offset 1m", 60.0),
        ("vector(1)", 0.0),
    ],
)
def test_a_panel_is_asked_when_the_latest_that_it_looks_at_is_t1(expression: str, delay_s: float) -> None:
    """A day later with an offset of a day: then it shows the run."""
    asked = _panel_evidence.read(panel(expression))
    assert (asked.delay_s, _panel_evidence.asked_at_s(RUN, asked)) == (delay_s, END_S + delay_s)
    assert _panel_evidence.queries_of(RUN, asked)[0] == Query(expression, END_S + delay_s)


@pytest.mark.parametrize(
    ("expression", "stretches"),
    [
        (f"{RATE}))", {(0.0, "15000ms")}),
        (f"{RATE} offset 1d))", {(0.0, "15000ms")}),
        (f"{RATE})) - {RATE} offset 9s))", {(0.0, "17000ms")}),
        (f"{RATE})) - {RATE} offset 1d))", {(0.0, "15000ms"), (86_400.0, "8000ms")}),
        (f"{RATE})) - {RATE} offset 1d)) - {RATE} offset 86404s))", {(0.0, "15000ms"), (86_400.0, "12000ms")}),
        (f"max_over_time({COUNTED}[1m:1s])", {(0.0, "62000ms")}),
        (f"max_over_time(rate({COUNTED}[6s])[1m:1s])", {(0.0, "68000ms")}),
    ],
)
def test_what_is_fetched_is_where_it_looks(expression: str, stretches: set[tuple[float, str]]) -> None:
    """Two scrapes more before each stretch, those that meet as one, of every metric the same."""
    found = _panel_evidence.raw_queries(RUN, _panel_evidence.read(panel(expression)))
    texts = {(END_S - query.time_s, query.text.rpartition("[")[2].removesuffix("]")) for query in found}
    assert texts == stretches
    assert len(found) == 2 * len(stretches)  # up, and the responses by view, which is the panel's own metric too


@pytest.mark.parametrize(
    "expression",
    [
        f"{RATE} offset 1d))",
        f"{RATE} offset -1m))",
        f"{RATE} @ end()))",
        f"max_over_time({RATE}))[4s:2s])",
        f"max_over_time({RATE}))[4s:] offset 1h)",
        f"{RATE})) - {RATE} offset 2s)) + 7",
    ],
)
def test_a_panel_that_looks_elsewhere_is_compared(expression: str) -> None:
    """Where it was unproved; and it says when it was asked."""
    (verdict,) = judged(expression)
    assert isinstance(verdict, Verdict)
    assert (verdict.code, verdict.observed) == (Code.AGREES, verdict.expected)
    assert verdict.observed is not None
    assert ("s after the end of the run, when" in verdict.why) == ("1d" in expression or "1h" in expression)


def test_then_and_now_are_compared_where_there_was_a_then() -> None:
    """The samples of both stretches are put together."""
    then = [END_S - 3600 - back for back in range(10, -1, -1)]
    (verdict,) = judged(f"{RATE})) - 0.5 * {RATE} offset 1h))", WATCHED, *then, *SCRAPES)
    assert isinstance(verdict, Verdict)
    assert verdict.code is Code.AGREES
    assert verdict.observed == pytest.approx(1.0)


def test_before_the_run_there_is_nothing_to_compare_with() -> None:
    """The finding says so, rather than ask for a longer scenario."""
    (finding,) = judged(f"{RATE})) - {RATE} offset 1h))")
    assert isinstance(finding, Finding)
    assert finding.code is FindingCode.EMPTY_PANEL
    assert "it looks at what was 3600 s before the end of the run, and the run is 13 s" in finding.text


def test_what_passes_because_nothing_was_there_then_does_not_pass() -> None:
    """Nor does it make the run inconclusive: a run has no time before itself."""
    (finding,) = judged(f"sum by (view) (rate({COUNTED}[6s])) unless sum by (view) (rate({COUNTED}[6s] offset 1d))")
    assert isinstance(finding, Finding)
    assert finding.code is FindingCode.EMPTY_PANEL
    assert "has a sample in the 6 s that end 86400 s before the end of the run: it looks at what was" in finding.text


@pytest.mark.parametrize("expression", [f"{RATE} offset 1d))", f"{RATE})) - {RATE} offset 1d))"])
def test_a_run_of_before_has_no_answers_for_it(expression: str) -> None:
    """It stays unproved, as it was, whatever was fetched then."""
    run = replace(STARTED, other_times=False, panels=(panel(expression),))
    plain = replace(run, panels=(panel(f"{RATE}))"),))
    found = {UP: [series(UP, slope=0.0)], COUNTED: [series(COUNTED)]}
    queries = {*dashboards.CHECK.queries(plain), Query(expression, END_S)}
    answers = {query: answer(run, query, found) for query in queries}
    (finding,) = dashboards.CHECK.judge(replace(facts(), run=run, evidence=Evidence(answers)))
    assert isinstance(finding, Finding)
    assert (finding.code, finding.text.endswith("run again")) == (FindingCode.UNPROVED_PANEL, True)


@pytest.mark.parametrize(
    ("expression", "run", "why"),
    [
        (f"{RATE} @ {END_S + 5:.0f}))", STARTED, "past the end of the run"),
        (f"max_over_time({RATE}))[4s:])", replace(WATCHED, default_step_s=None), "evaluation_interval, which is not"),
        (f"sum(increase({COUNTED}[9h]))", WATCHED, "at most 11,000 scrapes, 11000 s, are read"),
    ],
)
def test_what_cannot_be_known_is_unproved(expression: str, run: Run, why: str) -> None:
    """By its reason."""
    found = judged(expression, run)
    assert [each.code for each in found if why in getattr(each, "text", "")] == [FindingCode.UNPROVED_PANEL]
