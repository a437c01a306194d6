"""What an expression cannot say, whatever happens, and what it loses where it puts series together, in words."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.checks.monitoring._panel_evidence import MOST_VALUES, ParsedPanel
from harness.checks.monitoring._panel_mistakes import WRONG_FORM
from harness.core.codes import Code
from harness.core.run import Run
from harness.instrumentation.base import Instrumentation
from harness.monitoring.dashboards import forms, merges, units
from harness.monitoring.dashboards.merges import Evaluate
from harness.promql import Samples, syntax
from harness.promql.quantile import BOUND
from harness.promql.vectors import Labels

SPARSE = 2
"""Scrapes in a step of a curve, of which irate() sees all."""
OF_EVERY_PROCESS = frozenset({"process_cpu_seconds_total", "python_gc_collections_total"})
"""Counters that the client library itself exports."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake of an expression."""

    name: str
    """The label of its verdict."""
    code: Code
    text: str

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the verdict or finding that names it; of what is impossible there is only one kind."""
        return {self.name: WRONG_FORM} if self.code is Code.WRONG_EXPRESSION else {}


def is_counter(names: Instrumentation, metric: str) -> bool:
    """True for what the instrumentation counts since the start of a process."""
    gauges = {names.migrations.applied, names.migrations.unapplied} if names.migrations else set[str]()
    return (metric in names.names and metric not in gauges) or metric in OF_EVERY_PROCESS


def is_record(asked: ParsedPanel) -> bool:
    """True for the expression of a record, which nobody looks at: panels and alerts that read it are judged with it."""
    return asked.panel.rule and syntax.comparison(asked.tree) is None


def without_meaning(asked: ParsedPanel, names: Instrumentation, run: Run) -> Mistake | None:
    """What makes an expression say nothing in any run; None where nothing does."""
    if forms.loses_bounds(asked.tree):
        text = f"histogram_quantile() gets sums without {BOUND}, so it is always empty: add {BOUND} to the sum's `by`"
        return Mistake("lost-bounds", Code.IMPOSSIBLE, text)
    if why := forms.constant_ratio(asked.tree):
        text = f"it divides each series by itself, so it is constant: {why}; sum both sides without that label"
        return Mistake("constant-ratio", Code.WRONG_EXPRESSION, text)
    if not is_record(asked) and (metric := forms.bare_counter(asked.tree, lambda metric: is_counter(names, metric))):
        text = (
            f"{metric} is a counter, and without rate() it shows all since its process started: it falls at a restart, "
            f"hardly moves later, and holds the scrapes; write {_rated(metric)}"
        )
        return Mistake("bare-counter", Code.WRONG_EXPRESSION, text)
    step_s, scrape_s = asked.panel.step_s, run.window.scrape_interval_s
    if forms.looks_at_two(asked.tree) and step_s > SPARSE * scrape_s:
        text = (
            f"irate() sees the last two scrapes of each step of {step_s:g} s, so of {step_s / scrape_s:.3g} scrapes it "
            "shows two; write rate() over the step"
        )
        return Mistake("sparse-irate", Code.WRONG_EXPRESSION, text)
    return _unit_of_share(asked)


def absent_bound(asked: ParsedPanel, samples: Samples) -> str:
    """A bound that a selector asks for and no bucket has, as a reason; empty without any."""
    for selection in asked.selections:
        bounds = {each.labels.get(BOUND, "") for each in samples.series.get(selection.metric, ())}
        for matcher in selection.matchers:
            if matcher.label == BOUND and bounds and not any(map(matcher.accepts, bounds)):
                return f"no bucket of {selection.metric} has {matcher}; {_bounds_near(matcher.value, bounds)}"
    return ""


def spoiled(asked: ParsedPanel, evaluate: Evaluate) -> Iterator[Mistake]:
    """What the expression loses where it puts the series of this run together. Raises UnsupportedError."""
    labels = merges.idle(asked.tree, evaluate)
    if labels is not None:
        text = f"NaN of {_series(labels)}, which was idle, makes the whole NaN: divide the sums, and average no ratios"
        yield Mistake("idle-average", Code.WRONG_EXPRESSION, text)
    lost = merges.dropped(asked.tree, evaluate)
    if lost is not None and not lost.labels and lost.names[0] != lost.names[1]:
        left, right = (", ".join(names) or "no label" for names in lost.names)
        text = f"the sides of {lost.operator} have no series in common: the left is by {left}, the right by {right}"
        yield Mistake("dropped-series", Code.WRONG_EXPRESSION, f"{text}; sum both by the same labels")
    elif lost is not None:
        text = f"{lost.operator} leaves out what only one of its sides has, such as {lost.value:.6g} of"
        more = f" and {lost.count - 1} more" if lost.count > 1 else ""
        fix = "give the other side a 0 where it has no series, as in `... or 0 * ...`"
        yield Mistake("dropped-series", Code.WRONG_EXPRESSION, f"{text} {_series(lost.labels)}{more}: {fix}")
    is_alert = asked.panel.rule and not is_record(asked)  # which asks for the worst instance
    if not is_alert and (parts := merges.largest_of_parts(asked.tree, evaluate)):
        names = ", ".join(parts[:MOST_VALUES])
        text = f"it takes one of {names} for all of them: each counts only its own; write sum()"
        yield Mistake("largest-of-parts", Code.WRONG_EXPRESSION, text)


def latent(asked: ParsedPanel) -> Iterator[Mistake]:
    """Forms that go wrong when a series is idle, or gone."""
    if forms.hides_absence(asked.tree):
        text = "`or vector(0)` shows 0 also when nothing is scraped: leave it out, or alert on absent()"
        yield Mistake("hidden-absence", Code.WRONG_EXPRESSION, text)
    if forms.averages_ratios(asked.tree):
        text = "an average of ratios is NaN as soon as one series is idle, and weighs all alike: divide the sums"
        yield Mistake("idle-average", Code.WRONG_EXPRESSION, text)


def _unit_of_share(asked: ParsedPanel) -> Mistake | None:
    """A share that is drawn a hundred times too small or too large; None where it is not, or that is not known."""
    due, factor = units.PER_ONE.get(asked.panel.unit), units.per_one(asked.tree)
    if due is None or factor is None or factor not in units.PER_ONE.values() or factor == due:
        return None
    other = next(name for name, value in units.PER_ONE.items() if value == factor)
    text = (
        f"a whole is drawn as {factor:g} {asked.panel.unit}, and that unit takes {due:g} for it: set the unit {other}"
    )
    return Mistake("unit", Code.WRONG_EXPRESSION, text)


def _bounds_near(asked: str, bounds: Collection[str]) -> str:
    """Which bounds there are: the one that is meant, where it is written otherwise, or those on either side."""
    number = _number(asked)
    if same := [bound for bound in bounds if _number(bound) == number]:
        return f'that bound is written {BOUND}="{same[0]}"'
    below = max((bound for bound in bounds if _number(bound) < number), key=_number, default="")
    above = min((bound for bound in bounds if _number(bound) > number), key=_number, default="")
    near = " and ".join(f'{BOUND}="{bound}"' for bound in (below, above) if bound)
    return f"the nearest of its {len(bounds)} bounds: {near}"


def _rated(metric: str) -> str:
    by = " by (le)" if metric.endswith("_bucket") else ""
    return f"sum{by} (rate({metric}[...]))"


def _series(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def _number(bound: str) -> float:
    try:
        return float(bound)
    except ValueError:
        return float("inf")
