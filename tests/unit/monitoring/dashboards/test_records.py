"""Expressions followed through the records that they read, on small sets of samples."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.core.query import Series
from harness.core.rule import Rule
from harness.monitoring.dashboards import corrections
from harness.monitoring.dashboards.corrections import RIGHT_THROUGH_RECORDS, Correction
from harness.monitoring.dashboards.records import is_count, is_ratio_of_counts, labels_in, level_of, lineage, of_rules
from harness.promql import UnsupportedError, Vector, syntax
from tests.unit.monitoring.dashboards.test_corrections import samples
from tests.unit.promql.given import TIMES, line, series

SHARE = 'sum by (page) (rate(hits{code="500"}[4s])) / sum by (page) (rate(hits[4s]))'
HITS = (
    series("hits", line(1), page="home", verb="GET", code="500"),
    series("hits", line(9), page="home", verb="GET", code="200"),
    series("hits", line(1), page="cart", verb="POST", code="500"),
    series("hits", line(1), page="cart", verb="POST", code="200"),
)
SLOWNESS = (
    series("took_bucket", line(1), page="home", le="1"),
    series("took_bucket", line(1), page="home", le="2"),
    series("took_bucket", line(1), page="home", le="+Inf"),
    series("took_bucket", line(0), page="cart", le="1"),
    series("took_bucket", line(9), page="cart", le="2"),
    series("took_bucket", line(9), page="cart", le="+Inf"),
)


def rule(name: str, expression: str, **labels: str) -> Rule:
    return Rule("own.yml", "own", name, alert=False, expression=expression, labels=labels)


def both(text: str, found: Sequence[Series], *rules: Rule) -> tuple[Any, Any, Any]:
    """What an expression gives as it is, what it should, and its mistakes of form."""
    given = replace(
        samples(*found), records=of_rules(rules), recordings={each.name: [at + 0.5 for at in TIMES] for each in rules}
    )
    tree = syntax.parse(text)

    def under(applied: frozenset[Correction]) -> Vector:
        answer = corrections.evaluate(tree, given, applied, shows=frozenset(), nudge=0.0)
        return answer if isinstance(answer, dict) else {(): answer}

    return under(frozenset()), under(RIGHT_THROUGH_RECORDS), corrections.mistakes(tree, given, shows=frozenset())


def test_a_record_gives_what_its_rule_gives() -> None:
    """With its own name and the labels that the rule sets; matchers are asked of the result."""
    recorded = rule("page:hits:rate", "sum by (page) (rate(hits[4s]))", team="shop")
    shown, right, wrong = both('page:hits:rate{page="cart",team="shop"}', HITS, recorded)
    labels = (("__name__", "page:hits:rate"), ("page", "cart"), ("team", "shop"))
    assert (shown, right, wrong) == ({labels: pytest.approx(2)}, shown, frozenset())
    assert both('page:hits:rate{team="search"}', HITS, recorded)[0] == {}
    assert both('page:hits:rate{verb="GET"}', HITS, recorded)[0] == {}


def test_records_of_records_and_of_several_rules() -> None:
    """A sum over two rules of one name, the one reading another record."""
    rules = (
        rule("verb:hits:rate", "sum by (verb) (page_verb:hits:rate)", half="good"),
        rule("page_verb:hits:rate", 'sum by (page, verb) (rate(hits{code="200"}[4s]))'),
        rule("verb:hits:rate", 'sum by (verb) (rate(hits{code="500"}[4s]))', half="bad"),
    )
    shown, right, wrong = both("sum(verb:hits:rate)", HITS, *rules)
    assert (shown, right, wrong) == ({(): pytest.approx(12)}, shown, frozenset())
    assert both('sum(verb:hits:rate{half="good"})', HITS, *rules)[0] == {(): pytest.approx(10)}


def test_two_rules_that_give_one_series_are_not_followed() -> None:
    """Which of them Prometheus keeps is not known."""
    same = rule("verb:hits:rate", "sum by (verb) (rate(hits[4s]))")
    with pytest.raises(UnsupportedError, match="recorded twice"):
        both("verb:hits:rate", HITS, same, same)


def test_the_average_of_recorded_ratios_is_the_ratio_of_the_sums() -> None:
    """Two of twelve failed, which is neither a tenth nor a half, nor the mean of these."""
    recorded = rule("page:fails:ratio", SHARE)
    shown, right, wrong = both("avg(page:fails:ratio)", HITS, recorded)
    assert (shown, right) == ({(): pytest.approx(0.3)}, {(): pytest.approx(2 / 12)})
    assert wrong == {Correction.RATIOS}
    assert both("avg(avg by (page) (page:fails:ratio))", HITS, recorded)[1] == {(): pytest.approx(2 / 12)}
    assert both("1 - avg(page:fails:ratio)", HITS, recorded)[1] == {(): pytest.approx(10 / 12)}


@pytest.mark.parametrize(
    "text",
    [
        'avg(page:fails:ratio{page="cart"})',
        "avg by (page) (page:fails:ratio)",
        "max(page:fails:ratio)",
        "page:fails:ratio",
    ],
)
def test_a_ratio_that_is_not_averaged_stays(text: str) -> None:
    """One page, each page, or the worst."""
    shown, right, wrong = both(text, HITS, rule("page:fails:ratio", SHARE))
    assert (right, wrong) == (pytest.approx(shown), frozenset())


def test_the_average_of_recorded_percentiles_is_that_of_the_summed_buckets() -> None:
    """Of the pages that the selector asks for, which the sum no longer tells apart."""
    recorded = rule("page:took:p50", "histogram_quantile(0.5, sum by (page, le) (rate(took_bucket[4s])))")
    shown, right, wrong = both("avg(page:took:p50)", SLOWNESS, recorded)
    assert (shown, right) == ({(): pytest.approx(1.0)}, {(): pytest.approx(1 + 4 / 9)})
    assert wrong == {Correction.AVERAGES}
    shown, right, wrong = both('avg(page:took:p50{page="cart"})', SLOWNESS, recorded)
    assert (right, wrong) == (shown, frozenset())


def test_the_parts_of_a_level_are_added_up() -> None:
    """One series for each verb, where the name says that there is one for the job."""
    by_verb = "sum by (verb) (rate(hits[4s]))"
    shown, right, wrong = both("max(job:hits:rate)", HITS, rule("job:hits:rate", by_verb))
    assert (shown, right, wrong) == ({(): pytest.approx(10)}, {(): pytest.approx(12)}, {Correction.PARTS})
    shown, right, wrong = both("max(verb:hits:rate)", HITS, rule("verb:hits:rate", by_verb))
    assert (right, wrong) == (shown, frozenset())
    shown, right, wrong = both("max(job:hits:rate)", HITS, rule("job:hits:rate", "sum(rate(hits[4s]))"))
    assert (right, wrong) == (shown, frozenset())


def test_the_rate_of_a_recorded_rate_is_the_record() -> None:
    """An even rate does not change, so its rate is 0."""
    shown, right, wrong = both("rate(page:hits:rate[6s])", HITS[:1], rule("page:hits:rate", "sum(rate(hits[4s]))"))
    assert (shown, right, wrong) == ({(): pytest.approx(0)}, {(): pytest.approx(1)}, {Correction.RATES})


def test_the_rate_of_a_recorded_sum_counts_no_reset_of_one_as_one_of_all() -> None:
    """Two processes, of which one starts again at the eighth second."""
    steady = series("hits", line(1, start=100), instance="a")
    reset = series("hits", [*line(1, start=50)[:8], 1.0, 2.0, 3.0], instance="b")
    recorded = rule("job:hits:sum", "sum(hits)")
    shown, right, wrong = both("increase(job:hits:sum[6s])", [steady, reset], recorded)
    assert shown[()] > 100 > right[()] > 10
    assert wrong == {Correction.RESETS}
    shown, right, _ = both("increase(job:hits:sum[6s])", [steady], recorded)
    assert right == shown


def test_a_function_over_time_sees_what_was_recorded() -> None:
    """At each evaluation, half a second after a scrape; not at all where its times are not known."""
    recorded = rule("job:hits:sum", "sum(hits)")
    shown, right, wrong = both("max_over_time(job:hits:sum[6s])", HITS[:1], recorded)
    assert (shown, right, wrong) == ({(): 9.0}, {(): 9.0}, frozenset())
    with pytest.raises(UnsupportedError, match="when job:hits:sum was recorded"):
        corrections.evaluate(
            syntax.parse("max_over_time(job:hits:sum[6s])"),
            replace(samples(*HITS), records=of_rules([recorded])),
            shows=frozenset(),
            nudge=0.0,
        )


def test_a_lineage_ends_at_what_is_scraped_and_names_a_cycle() -> None:
    """Ranges of a chain add up."""
    rules = of_rules(
        [
            rule("a:b", "max_over_time(c:d[3s])"),
            rule("c:d", "sum(rate(hits[4s]))"),
            rule("e", "f"),
            rule("f", "e + hits"),
        ]
    )
    found = lineage(rules, syntax.parse("max_over_time(a:b[2s]) + up"))
    assert [each.name for each in found.rules] == ["a:b", "c:d"]
    assert {each.metric: each.range_s for each in found.leaves} == {"up": None, "hits": 9.0}
    assert lineage(rules, syntax.parse("e")).cycle == ("e", "f")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("sum by (page) (rate(hits[4s])) > 0", True),
        ("rate(hits[4s]) or 0 * rate(other[4s])", True),
        ("60 * sum(rate(hits[4s])) / 2", True),
        ("page:hits:rate", True),
        ("hits", False),
        ("max(rate(hits[4s]))", False),
        ("rate(hits[4s]) / rate(other[4s])", False),
        ("rate(hits[4s]) - rate(other[4s])", False),
        ("unknown:record", False),
    ],
)
def test_what_may_be_added_up_is_a_count(text: str, *, count: bool) -> None:
    """Growths and their sums; neither levels nor ratios nor differences."""
    records = of_rules([rule("page:hits:rate", "sum by (page) (rate(hits[4s]))")])
    assert is_count(syntax.parse(text), records) is count
    assert is_ratio_of_counts(syntax.parse(f"({text}) / rate(all[4s])"), records) is count


def test_a_level_names_labels_the_longest_first() -> None:
    """Also labels whose own names have an underscore."""
    assert level_of("job_page:hits:rate5m") == "job_page"
    assert (level_of(":hits:rate5m"), level_of("hits_rate5m")) == (None, None)
    known = ["job", "page", "page_type", "type"]
    names, words = labels_in("job_page_type", known)
    assert names == {"job", "page_type"}
    assert not words
    assert labels_in("job_zone", known)[1] == ("zone",)
