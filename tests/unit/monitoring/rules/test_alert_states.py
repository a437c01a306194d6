"""The history of an alert: which states follow from what its expression gave."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from harness.core.query import Series
from harness.core.rule import Rule
from harness.monitoring.rules import alert_states
from harness.monitoring.rules.alert_states import AlertLimit, AlertState, Evaluation
from harness.monitoring.rules.recording import Mismatch, first_difference
from harness.monitoring.rules.reevaluation import Late, Replay, Scraped, group_of, origins, reach_s
from harness.promql import NEWEST, syntax
from harness.promql.vectors import Labels, UnsupportedError

SILENT, PENDING, FIRING = AlertState
KEY: Labels = (("view", "pay"),)
SCRAPES = tuple(float(second) for second in range(1, 31))
EVALUATIONS = tuple(second + 0.5 for second in range(1, 31))


def rule(expression: str, for_s: float = 0.0, name: str = "A", *, alert: bool = True, group: str = "g") -> Rule:
    return Rule("f.yml", group, name, alert=alert, expression=expression, for_s=for_s, interval_s=1.0)


def given(must: str, may: str = "") -> list[Evaluation]:
    """Evaluations a second apart, `x` where there was a value."""
    sure = [frozenset({KEY}) if each == "x" else frozenset[Labels]() for each in must]
    perhaps = [frozenset({KEY}) if each == "x" else frozenset[Labels]() for each in may or must]
    return [Evaluation(float(at), *pair) for at, pair in enumerate(zip(sure, perhaps, strict=True))]


@pytest.mark.parametrize(
    ("must", "for_s", "expected"),
    [
        ("..xxx.x", 0, (SILENT, SILENT, FIRING, FIRING, FIRING, SILENT, FIRING)),
        ("..xxxx.", 2, (SILENT, SILENT, PENDING, PENDING, FIRING, FIRING, SILENT)),
        (".xx.xx.", 2, (SILENT, PENDING, PENDING, SILENT, PENDING, PENDING, SILENT)),
    ],
)
def test_an_alert_fires_when_its_time_is_over_and_not_before(
    must: str, for_s: float, expected: Sequence[AlertState]
) -> None:
    """An evaluation without a value begins it anew."""
    history = alert_states.histories(rule("x > 1", for_s), given(must), from_start=True)[KEY]
    assert history.least == history.most == tuple(expected)


@pytest.mark.parametrize(
    ("must", "expected"),
    [
        (".x....", (SILENT, FIRING, FIRING, FIRING, SILENT, SILENT)),
        (".x..x...", (SILENT, FIRING, FIRING, FIRING, FIRING, FIRING, FIRING, SILENT)),
        (".x...x", (SILENT, FIRING, FIRING, FIRING, SILENT, FIRING)),
    ],
)
def test_an_alert_is_kept_firing(must: str, expected: Sequence[AlertState]) -> None:
    """For its time after the first evaluation without a value, and anew each time."""
    kept = replace(rule("x > 1"), keep_firing_for_s=2.0)
    history = alert_states.histories(kept, given(must), from_start=True)[KEY]
    assert history.least == history.most == tuple(expected)


def test_a_pending_alert_is_not_kept() -> None:
    """Only one that fires is."""
    kept = replace(rule("x > 1", for_s=5.0), keep_firing_for_s=9.0)
    assert alert_states.histories(kept, given("xx."), from_start=True)[KEY].least == (PENDING, PENDING, SILENT)


def test_an_evaluation_with_more_alerts_than_the_limit_fails() -> None:
    """All alerts of the rule end, as far as is certain."""
    values = [counter([1.0, *[5.0] * 29], view=view) for view in ("a", "b")]
    limited = replace(rule("x > 2"), limit=1)
    (_, after) = alert_states.evaluations(replay([limited], *values), limited, (1.5, 3.5))
    assert (after.must, after.may, len(after.values)) == (frozenset(), frozenset(), 2)


def test_what_is_there_at_first_may_have_been_for_long() -> None:
    """Unless the evaluations are known from the very first."""
    late = alert_states.histories(rule("x > 1", 2), given("xxx"), from_start=False)[KEY]
    assert (late.least, late.most) == ((PENDING, PENDING, FIRING), (FIRING, FIRING, FIRING))
    first = alert_states.histories(rule("x > 1", 2), given("xxx"), from_start=True)[KEY]
    assert first.most == (PENDING, PENDING, FIRING)


def test_a_doubtful_evaluation_leaves_both_lives_open() -> None:
    """The one that must be begins later than the one that may be."""
    history = alert_states.histories(rule("x > 1", 2), given(".xxx", "xxxx"), from_start=True)[KEY]
    assert history.least == (SILENT, PENDING, PENDING, FIRING)
    assert history.most == (PENDING, PENDING, FIRING, FIRING)


def test_what_prometheus_stored_is_read_by_millisecond_and_label() -> None:
    """Without the labels that it adds itself and those of the rule."""
    made = Rule("f.yml", "g", "A", alert=True, expression="x > 1", labels={"severity": "critical"})
    labels = {"__name__": "ALERTS", "alertname": "A", "severity": "critical", "view": "pay"}
    stored = alert_states.states(
        made,
        [({**labels, "alertstate": "pending"}, [(1.5, 1.0)]), ({**labels, "alertstate": "firing"}, [(2.5, 1.0)])],
    )
    assert stored == {KEY: {1500: PENDING, 2500: FIRING}}


def counter(values: Sequence[float], name: str = "x", **labels: str) -> Series:
    return Series({"__name__": name, "instance": "a", **labels}, tuple(zip(SCRAPES, values, strict=True)))


def replay(rules: Sequence[Rule], *series: Series, took_s: float = 0.05, missed: Collection[float] = ()) -> Replay:
    """Rules on scrapes that take as long; the records missed the newest scrape at some of their evaluations."""
    by_name: dict[str, list[Series]] = {}
    for each in series:
        by_name.setdefault(each.labels["__name__"], []).append(each)
    ends = {"a": tuple(at + took_s for at in SCRAPES)}
    groups = {(each.file, each.group): EVALUATIONS for each in rules}
    made = Replay(rules, groups, Scraped(by_name, {"a": SCRAPES}, ends, NEWEST), {})
    for place, own in enumerate(rules):
        if not own.alert:
            made = replace(made, recorded={**made.recorded, own.name: recorded(made, place, missed)})
    return made


def recorded(made: Replay, place: int, missed: Collection[float]) -> list[Series]:
    """What Prometheus stores of a record."""
    found: dict[Labels, list[tuple[float, float]]] = {}
    rule = made.rules[place]
    for at_s in made.evaluations[group_of(rule)]:
        late: Late = {"a": 1} if at_s in missed else {}
        for labels, value in made.vector(syntax.parse(rule.expression), rule, at_s, late).items():
            found.setdefault(labels, []).append((at_s, value))
    return [
        Series({**dict(labels), **rule.labels, "__name__": rule.name}, tuple(points))
        for labels, points in found.items()
    ]


def test_a_value_is_compared_with_the_limit_at_each_evaluation() -> None:
    """Exactly at the limit nobody can tell; an integer 0 beside a limit of 0 can."""
    alert = rule("x > 0.5")
    found = alert_states.evaluations(
        replay([alert], counter([0.25] * 10 + [0.5] * 10 + [1.0] * 10)), alert, (5.5, 15.5, 25.5)
    )
    assert [(len(each.must), len(each.may)) for each in found] == [(0, 0), (0, 1), (1, 1)]
    assert [list(each.values.values()) for each in found] == [[0.25], [0.5], [1.0]]
    assert alert_states.limit_of(alert) == AlertLimit(">", 0.5)
    zero = rule("x > 0")
    (evaluation,) = alert_states.evaluations(replay([zero], counter([0.0] * 30)), zero, (5.5,))
    assert evaluation.may == frozenset()


def test_a_scrape_that_may_not_be_stored_yet_leaves_it_open() -> None:
    """Half a second after it began: seen when it took 50 ms, doubtful when it took 450 ms."""
    alert, values = rule("x > 0.5"), [0.0] * 9 + [1.0] * 21
    (quick,) = alert_states.evaluations(replay([alert], counter(values)), alert, (10.5,))
    assert (len(quick.must), len(quick.may)) == (1, 1)
    (slow,) = alert_states.evaluations(replay([alert], counter(values), took_s=0.45), alert, (10.5,))
    assert (len(slow.must), len(slow.may)) == (0, 1)


def test_a_scrape_that_takes_long_may_be_the_newest_but_one_that_was_seen() -> None:
    """One that failed after its whole interval is stored while the next is on: neither all nor none of the two."""
    alert, values = rule("x == 0"), [1.0] * 9 + [0.0] + [1.0] * 20
    found = alert_states.evaluations(replay([alert], counter(values), took_s=1.1), alert, (9.5, 10.5, 11.5, 12.5))
    assert [(len(each.must), len(each.may)) for each in found] == [(0, 0), (0, 1), (0, 1), (0, 0)]
    tree = syntax.parse(alert.expression)
    made = replay([alert], counter(values), took_s=1.1)
    assert [each.get("a", 0) for each in made.lates(tree, alert, 11.5)] == [0, 1]
    very_slow = replay([alert], counter(values), took_s=1.6)
    assert [each.get("a", 0) for each in very_slow.lates(tree, alert, 11.5)] == [0, 1, 2]
    (between,) = alert_states.evaluations(very_slow, alert, (11.5,))
    assert (len(between.must), len(between.may)) == (0, 1)


def test_a_record_is_evaluated_anew_when_an_alert_reads_it() -> None:
    """At the times of its own evaluations, with the labels of its rule."""
    record = Rule("f.yml", "g", "r", alert=False, expression="rate(x[4s])", labels={"team": "web"})
    alert = rule('avg_over_time(r{team="web"}[3s]) > 1')
    made = replay([record, alert], counter([2.0 * place for place in range(30)]))
    (evaluation,) = alert_states.evaluations(made, alert, (20.5,))
    assert evaluation.values == {(("instance", "a"), ("team", "web")): pytest.approx(2.0)}
    assert origins(made.rules, alert).metrics == {"x"}
    assert origins(made.rules, alert).records == {0}
    assert reach_s(made.rules, alert) == 7.0


def test_an_alert_may_look_at_another_time() -> None:
    """As far back as its offset and its subquery say; a time that does not move with the evaluation is not followed."""
    alert = rule("max_over_time(rate(x[4s])[3s:1s] offset 2s) > 1")
    made = replay([alert], counter([2.0 * place for place in range(30)]))
    (evaluation,) = alert_states.evaluations(made, alert, (20.5,))
    assert evaluation.values == {(("instance", "a"),): pytest.approx(2.0)}
    assert reach_s(made.rules, alert) == 9.0
    with pytest.raises(UnsupportedError, match="@ with a time"):
        reach_s([fixed := rule("x @ 5 > 1")], fixed)


def test_a_record_that_gives_nothing_is_nothing_at_once() -> None:
    """Prometheus marks its series as stale in the evaluation in which it has no value."""
    record = rule("x > 0", name="r", alert=False)
    alert = rule("r > 0.5")
    made = replay([record, alert], counter([1.0] * 9 + [0.0] * 21))
    before, after = alert_states.evaluations(made, alert, (9.5, 10.5))
    assert [len(each.must) for each in (before, after)] == [1, 0]


def test_a_record_that_stands_below_is_seen_one_evaluation_later() -> None:
    """Rules of a group are evaluated from top to bottom."""
    alert, record = rule("r > 0.5"), rule("x", name="r", alert=False)
    values = counter([0.0] * 9 + [1.0] * 21)
    below, above = replay([alert, record], values), replay([record, alert], values)
    assert [len(each.must) for each in alert_states.evaluations(below, alert, (10.5, 11.5))] == [0, 1]
    assert [len(each.must) for each in alert_states.evaluations(above, alert, (10.5, 11.5))] == [1, 1]


def test_a_record_made_from_itself_is_not_followed() -> None:
    """It has no end."""
    record = rule("r + x", name="r", alert=False)
    with pytest.raises(UnsupportedError, match="r is computed from itself"):
        origins([record], rule("r > 1"))


def test_each_evaluation_of_a_record_saw_the_newest_scrape_or_not_by_itself() -> None:
    """What it recorded tells; neither that all saw it nor that none did is true of those who read it."""
    record, alert = rule("x", name="r", alert=False), rule("deriv(r[4s]) > 0.1")
    values = [0.0] * 10 + [2.0, 0.0] * 10
    for missed, expected in (((), 1), ((11.5, 12.5, 13.5), 1), ((11.5, 13.5), 0)):
        made = replay([record, alert], counter(values), took_s=0.45, missed=missed)
        (evaluation,) = alert_states.evaluations(made, alert, (13.5,))
        assert len(evaluation.must) == len(evaluation.may) == expected, missed
        assert first_difference([made], 0, EVALUATIONS) is None


def test_a_record_that_stored_something_else_is_told() -> None:
    """With what was stored, and what was due."""
    record = Rule("f.yml", "g", "r", alert=False, expression="sum(x)", labels={"team": "web"})
    made = replay([record], counter([float(place) for place in range(30)]))
    (stored,) = made.recorded["r"]
    wrong = tuple((at, 7.0 if at == 20.5 else value) for at, value in stored.points)
    team: Labels = (("team", "web"),)

    def first(*points: Series) -> Mismatch | None:
        return first_difference([replace(made, recorded={"r": points})], 0, EVALUATIONS)

    assert first(stored) is None
    assert first(replace(stored, points=wrong)) == Mismatch(20.5, team, 7.0, 19.0)
    assert first(replace(stored, points=stored.points[1:])) == Mismatch(1.5, team, None, 0.0)
    other = Series({**stored.labels, "view": "pay"}, ((3.5, 1.0),))
    assert first(stored, other) == Mismatch(3.5, (("team", "web"), ("view", "pay")), 1.0, None)


def test_more_doubtful_scrapes_than_can_be_followed_are_not() -> None:
    """Each that may be stored or not doubles what may have been seen."""
    alert = rule("x > 1")
    names = [f"i{place}" for place in range(6)]
    for count, possible in ((4, 16), (5, 0)):
        chosen = names[:count]
        scraped = Scraped(
            {}, dict.fromkeys(chosen, SCRAPES), {n: tuple(at + 0.45 for at in SCRAPES) for n in chosen}, NEWEST
        )
        made = Replay([alert], {("f.yml", "g"): EVALUATIONS}, scraped, {})
        tree = syntax.parse(alert.expression)
        if possible:
            assert len(made.lates(tree, alert, 10.5)) == possible
        else:
            with pytest.raises(UnsupportedError, match="whether 5 scrapes were stored in time"):
                made.lates(tree, alert, 10.5)
