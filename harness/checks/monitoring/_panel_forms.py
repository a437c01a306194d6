"""What an expression cannot say, whatever happens, and what it loses where it puts series together, in words."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.checks.monitoring import _panel_mended
from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.checks.monitoring._panel_mistakes import WRONG_FORM
from harness.checks.monitoring._panel_reach import MOST_VALUES
from harness.core.codes import Code
from harness.core.run import Run
from harness.instrumentation.base import Instrumentation
from harness.monitoring.dashboards import captions, forms, merges, units
from harness.monitoring.dashboards.merges import Evaluate
from harness.promql import Samples, syntax
from harness.promql.quantile import BOUND
from harness.promql.selection import Matcher
from harness.promql.vectors import Labels

SPARSE = 2
"""Scrapes in a step of a curve, of which irate() sees all."""
PER_CENT = 100
OF_EVERY_PROCESS = frozenset({"process_cpu_seconds_total", "python_gc_collections_total"})
"""Counters that the client library itself exports."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake of an expression."""

    name: str
    """The label of its verdict."""
    code: Code
    text: str
    corrected: str = ""
    """The expression as it should be; empty where that is not certain."""

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
        return Mistake("lost-bounds", Code.IMPOSSIBLE, text, _panel_mended.with_bounds(asked.tree))
    if why := forms.constant_ratio(asked.tree):
        text = f"it divides each series by itself, so it is constant: {why}; sum both sides without that label"
        return Mistake("constant-ratio", Code.WRONG_EXPRESSION, text)
    if not is_record(asked) and (metric := forms.bare_counter(asked.tree, lambda metric: is_counter(names, metric))):
        text = (
            f"{metric} is a counter, and without rate() it shows all since its process started: it falls at a restart, "
            f"hardly moves later, and holds the scrapes; write {_rated(metric)}"
        )
        corrected = _panel_mended.rated(asked, lambda metric: is_counter(names, metric))
        return Mistake("bare-counter", Code.WRONG_EXPRESSION, text, corrected)
    step_s, scrape_s = asked.panel.step_s, run.window.scrape_interval_s
    if forms.looks_at_two(asked.tree) and step_s > SPARSE * scrape_s:
        text = (
            f"irate() sees the last two scrapes of each step of {step_s:g} s, so of {step_s / scrape_s:.3g} scrapes it "
            "shows two; write rate() over the step"
        )
        return Mistake("sparse-irate", Code.WRONG_EXPRESSION, text)
    return _unreachable(asked) or _unit_of_share(asked)


def misnamed(asked: ParsedPanel, names: Instrumentation) -> Mistake | None:
    """What the words beside a curve say that its expression does not show; None where they agree or say nothing."""
    caption, computed = asked.panel.caption, set(syntax.every_quantile(asked.tree))
    for metric in asked.metrics:  # what is recorded says its own
        computed |= captions.percentiles(metric)
    named = captions.percentiles(caption)
    if len(named) == 1 == len(computed):
        due, shown = next(iter(named)), next(iter(computed))
        if not any(math.isclose(due, each) for each in (shown, 1 - shown)):
            shows, said = (f"p{PER_CENT * each:g}" for each in (shown, due))
            text = f"it is called {caption!r} and shows {shows}: take {said}, or call it {shows}"
            return Mistake("caption", Code.WRONG_EXPRESSION, text)
    first = captions.status_class(caption)
    if not first or syntax.leaves_out(asked.tree):
        return None
    found = [_classes(selection.matchers, names) for selection in asked.selections if selection.metric in names.names]
    selected = {each for classes in found for each in classes}
    if len(selected) == 1 and first not in selected:
        text = f"it is called {caption!r} and selects the statuses {next(iter(selected))}xx: change one of them"
        return Mistake("caption", Code.WRONG_EXPRESSION, text)
    return None


def _classes(matchers: Sequence[Matcher], names: Instrumentation) -> frozenset[str]:
    """The classes of the statuses that a selector names; none where it names none, or those to leave out."""
    own = [each for each in matchers if each.label == names.labels.status]
    if not own or any(each.operator in ("!=", "!~") for each in own):
        return frozenset()
    return frozenset(
        first for first in "12345" if any(all(each.accepts(f"{first}{rest:02}") for each in own) for rest in range(100))
    )


def _unreachable(asked: ParsedPanel) -> Mistake | None:
    """A limit that no share reaches; None where there is none, or that is not known."""
    for inner, operator, number in syntax.comparisons(asked.tree):
        whole = units.part_of_whole(inner)
        if whole is None or not (number > whole or (number == whole and operator == ">")):
            continue
        if operator not in (">", ">=", "=="):
            continue
        text = f"no share is {operator} {number:g}, since a whole is {whole:g}: it is never true"
        if whole == 1 and number <= PER_CENT:
            text += f"; {number:g} % is {number / PER_CENT:g}"
        return Mistake("unreachable-limit", Code.IMPOSSIBLE, text)
    return None


def absent_bound(asked: ParsedPanel, samples: Samples) -> Mistake | None:
    """A bound that a selector asks for and no bucket has; None without any."""
    for selection in asked.selections:
        found = {each.labels.get(BOUND, "") for each in samples.series.get(selection.metric, ())}
        bounds = sorted(found, key=lambda bound: (_number(bound), bound))
        for matcher in selection.matchers:
            if matcher.label == BOUND and bounds and not any(map(matcher.accepts, bounds)):
                text = f"no bucket of {selection.metric} has {matcher}; {_bounds_near(matcher.value, bounds)}"
                near = min(bounds, key=lambda bound: _apart(_number(bound), _number(matcher.value)))
                corrected = _panel_mended.with_bound(asked, selection.metric, matcher.value, near)
                return Mistake("absent-bound", Code.IMPOSSIBLE, text, corrected)
    return None


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
    return Mistake("unit", Code.WRONG_EXPRESSION, text, _panel_mended.times(asked, due / factor))


def _bounds_near(asked: str, bounds: Collection[str]) -> str:
    """Which bounds there are: the one that is meant, where it is written otherwise, or those on either side."""
    number = _number(asked)
    if same := [bound for bound in bounds if _number(bound) == number]:
        return f'that bound is written {BOUND}="{same[0]}"'
    below = max((bound for bound in bounds if _number(bound) < number), key=_number, default="")
    above = min((bound for bound in bounds if _number(bound) > number), key=_number, default="")
    near = " and ".join(f'{BOUND}="{bound}"' for bound in (below, above) if bound)
    return f"the nearest of its {len(bounds)} bounds: {near}"


def _apart(bound: float, asked: float) -> float:
    """How far a bound is from the one that is meant; the last one, which has all, is the furthest."""
    return math.inf if math.isinf(bound) else abs(bound - asked)


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
