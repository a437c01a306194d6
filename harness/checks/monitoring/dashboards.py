"""Do the panels of the dashboards show what happened?

Each panel's expression is evaluated three times at t1: by Prometheus, by our evaluator on the same raw samples, and by
our evaluator with the mistakes of the expression corrected. All three must agree.

It is longer than other modules because what may be wrong with a panel is one chain of questions, asked in this order.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from harness import promql
from harness.checks.base import NO_DATA, NO_LABELS, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.monitoring import (
    _panel_evidence,
    _panel_forms,
    _panel_idle,
    _panel_mended,
    _panel_mixed,
    _panel_names,
    _panel_reach,
)
from harness.checks.monitoring._panel_evidence import ParsedPanel, UnreadPanel, subject_of
from harness.checks.monitoring._panel_mistakes import CORRECTED, EXPRESSION, WRONG, WRONG_FORM
from harness.checks.monitoring._vector_diff import apart, at, beside, equal, largest, named, nothing, number_at
from harness.checks.reference_queries import TIE
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.base import Instrumentation
from harness.monitoring.dashboards import corrections, grafana, units
from harness.monitoring.dashboards.corrections import RIGHT, TRUE, Correction
from harness.monitoring.dashboards.grafana import RATE_SCRAPES
from harness.monitoring.dashboards.panel_samples import InseparableError, PanelSamples, hides_unnamed
from harness.promql import Samples, syntax
from harness.promql.selected import Memo
from harness.promql.selection import Selection
from harness.promql.vectors import Labels, UnsupportedError, Vector

ID = "dashboards"
CENTRAL = 0.0
ROUNDING_S = 0.5
"""`$__range_s` is rounded to a second."""
NUDGES = (-TIE, CENTRAL, TIE)


def queries(run: Run) -> tuple[Query, ...]:
    """What each panel asks and is made from, and the names that the target exports."""
    read = [_read_for(run, panel) for panel in run.panels]
    unread = tuple(query for each in read if isinstance(each, UnreadPanel) and (query := each.query(run)))
    asked = [each for each in read if isinstance(each, ParsedPanel)]
    if not asked:
        return unread
    own = [query for each in asked for query in _panel_evidence.queries_of(run, each)]
    metrics = tuple(metric for each in asked for metric in each.metrics)
    elsewhere = (_panel_evidence.elsewhere_query(run, metrics),) if metrics else ()
    return tuple(dict.fromkeys((*own, _panel_evidence.names_query(run), *elsewhere, *unread)))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Every panel; none when the profile names no dashboard."""
    read = [_read_for(facts.run, panel) for panel in facts.run.panels]
    metrics = tuple(metric for asked in read if isinstance(asked, ParsedPanel) for metric in asked.metrics)
    own = _panel_evidence.names(facts, _panel_evidence.names_query(facts.run))
    elsewhere = _panel_evidence.elsewhere_query(facts.run, metrics)
    anywhere = _panel_evidence.names(facts, elsewhere) if metrics else frozenset[str]()
    results: list[Verdict | Finding] = []
    memo = Memo()
    for asked in read:
        if isinstance(asked, UnreadPanel):
            results.append(_judge_unread(facts, asked))
        elif not isinstance(asked, ParsedPanel):
            results.append(asked)
        elif isinstance(own, NoData):
            results.append(unanswered(ID, asked.subject, own, labels=_labels(asked.panel)))
        elif isinstance(anywhere, NoData):
            results.append(unanswered(ID, asked.subject, anywhere, labels=_labels(asked.panel)))
        else:
            results += _judge_safely(facts, asked, own, anywhere, memo)
    return tuple(results)


def _judge_safely(
    facts: Facts, asked: ParsedPanel, own: frozenset[str], anywhere: frozenset[str], memo: Memo
) -> tuple[Verdict | Finding, ...]:
    """One panel, so that one that the evaluator was not made for leaves the others judged."""
    try:
        return _judge(facts, asked, own, anywhere, memo)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        why = f"it could not be evaluated ({error!r}), a bug of the harness; please report it: {asked.panel.expression}"
        return (inconclusive(ID, asked.subject, Code.NOT_EVALUATED, why, labels=_labels(asked.panel)),)


def _judge_unread(facts: Facts, asked: UnreadPanel) -> Verdict | Finding:
    """What Prometheus evaluates is no mistake of the author's, though the parser does not know it."""
    panel, answer = asked.panel, asked.answer(facts)
    if len(panel.expression) > syntax.LONGEST:
        return _unproved(panel, f"not checked: {asked.why}")
    if answer is None or (isinstance(answer, NoData) and answer.code is Code.REFUSED):
        return _fails(panel, Code.PANEL_UNREADABLE, f"the expression cannot be read ({asked.why}): {panel.expression}")
    if isinstance(answer, NoData) and answer.code is Code.NO_ANSWER:
        return unanswered(ID, subject_of(panel), answer, labels=_labels(panel))
    text = f"not checked: Prometheus evaluates it, and the harness cannot read it ({asked.why}): {panel.expression}"
    return _unproved(panel, text)


def _read_for(run: Run, panel: Panel) -> ParsedPanel | UnreadPanel | Verdict | Finding:
    """As `_read`; what a run of before did not ask for stays unproved."""
    found = _read(panel)
    if isinstance(found, ParsedPanel) and not _panel_evidence.is_asked(run, found):
        return _unproved(panel, _panel_evidence.OLDER)
    return found


def _read(panel: Panel) -> ParsedPanel | UnreadPanel | Verdict | Finding:
    """The panel's tree, or what is wrong with its text."""
    if panel.other == grafana.LIBRARY:
        text = (
            "not checked: it is a library panel, so its queries are not in the file; export the dashboard for another "
        )
        return _unproved(panel, f"{text}Grafana")
    if panel.unchecked:
        return _unproved(panel, panel.unchecked)
    if panel.other:
        text = f"not checked: its data source is {panel.other}, not Prometheus"
        return _unproved(panel, text)
    if panel.unknown:
        return _unfilled(panel, panel.unknown)
    if panel.problem:
        why = f"{panel.problem}: {panel.expression}" if panel.expression else panel.problem
        if panel.rule:
            return inconclusive(ID, subject_of(panel), Code.NOT_EVALUATED, why, labels=_labels(panel))
        return _fails(panel, Code.PANEL_UNREADABLE, why)
    try:
        return _panel_evidence.read(panel)
    except ValueError as error:
        if name := grafana.unfilled(panel.expression):
            return _unfilled(panel, _unnamed(name))
        if panel.presumed:
            text = f"not checked: it is not PromQL ({error}), and the dashboard names no Prometheus data source for it"
            return _unproved(panel, text)
        return UnreadPanel(panel, str(error))
    except UnsupportedError as error:
        return _unproved(panel, f"not checked: {error}")


def _judge(
    facts: Facts, asked: ParsedPanel, own: frozenset[str], anywhere: frozenset[str], memo: Memo
) -> tuple[Verdict | Finding, ...]:
    """One panel; `own` are the names that the target exports, `anywhere` those of its metrics that anybody does."""
    run = facts.run
    shown = _panel_evidence.shown(facts, asked)
    if isinstance(shown, NoData):
        if shown.code is Code.REFUSED:
            return (_fails(asked.panel, shown.code, f"{shown.reason}: {asked.panel.expression}"),)
        if shown.code is Code.NOT_EVALUATED:
            return (_unproved(asked.panel, shown.reason),)
        why = f"{shown.reason}{_place(asked.panel)}"
        return (inconclusive(ID, asked.subject, shown.code, why, labels=_labels(asked.panel)),)
    if far := _panel_evidence.unread(facts, asked):
        return (_unproved(asked.panel, far),)
    samples = _panel_evidence.samples(facts, asked, memo)
    if isinstance(samples, NoData):
        return (unanswered(ID, asked.subject, samples, labels=_labels(asked.panel)),)
    if (found := _by_form(facts, asked, samples, own, anywhere)) is not None:
        return (found,)
    absent = _absent_grouping(asked, samples)
    silent = [metric for metric in asked.metrics if not samples.series.get(metric)]
    idle = _panel_idle.never_happened(facts, asked, samples)
    if silent and not idle:
        text = f"{silent[0]} has no series: this run produced none, or it is not instrumented"
        return (_finding(asked, FindingCode.EMPTY_PANEL, text), *absent)
    try:
        return (*_proved(run, asked, samples, _compare(run, asked, samples, shown), idle), *absent)
    except InseparableError as error:
        return (_judge_mixed(run, asked, samples, shown, str(error)), *absent)
    except UnsupportedError as error:
        if short := _short(run, asked):
            return (_judge_short(run, asked, short), *absent)
        answers = "empty" if nothing(shown) else "value not checked"
        return (_unproved(asked.panel, f"{answers}: {error}"), *absent)


def _by_form(
    facts: Facts, asked: ParsedPanel, samples: PanelSamples, own: frozenset[str], anywhere: frozenset[str]
) -> Verdict | Finding | None:
    """What is wrong with what a panel asks for, or why it is not compared; None where its value decides."""
    run = facts.run
    recorded, names = {rule.name for rule in run.rules if not rule.alert}, facts.names
    if others := [metric for metric in asked.metrics if metric not in own and metric in anywhere]:
        text = f"no target matching {{{run.selector}}} exports {others[0]}; value not checked"
        if others[0] in recorded:
            text = f"{others[0]} is recorded without the labels of {{{run.selector}}}; its stored value is not checked"
        return _unproved(asked.panel, text)
    if foreign := [each for each in _missing(asked, samples, own | recorded, names) if _is_foreign(each, names, own)]:
        text = f"not the target's: nobody exports {foreign[0]}, which another exporter would; value not checked"
        return _unproved(asked.panel, text)
    if name := next((name for each in asked.selections for name in _unfilled_in(each)), ""):
        return _unfilled(asked.panel, _unnamed(name))
    if unknown := _unknown(asked, samples, own | recorded, names):
        code, text, corrected = unknown
        return _fails(asked.panel, code, text, corrected=corrected)
    if impossible := _impossible(asked, samples, names):
        return _mistaken(asked.panel, impossible)
    if not asked.selections:
        return _unproved(asked.panel, "not checked: it names no metric")
    if mistake := _panel_forms.without_meaning(asked, names, run):
        return _mistaken(asked.panel, mistake)
    if odd := _odd_unit(asked) or _panel_forms.misnamed(asked, names):
        return _mistaken(asked.panel, odd)
    return None


def _proved(
    run: Run, asked: ParsedPanel, samples: Samples, results: tuple[Verdict | Finding, ...], idle: str
) -> tuple[Verdict | Finding, ...]:
    """A panel does not pass with what it shows where a selector of it found nothing: that may be a constant.

    Where what it selects never happened, for the reason `idle`, it is right to show nothing of it.
    """
    if idle:
        results = tuple(_rests(asked, idle) if each.code is FindingCode.EMPTY_PANEL else each for each in results)
    if not any(isinstance(result, Verdict) and result.status is Status.PASS for result in results):
        return results
    if not idle and (why := _panel_reach.unmatched(asked, samples)):
        text = f"{why}: this run produced none, or the value is wrong"
        return (_finding(asked, FindingCode.EMPTY_PANEL, text),)
    if why := _panel_reach.unsampled(asked, samples):
        if before := _panel_evidence.earlier(run, asked):
            return (_finding(asked, FindingCode.EMPTY_PANEL, f"{why}: {before}"),)
        return (inconclusive(ID, asked.subject, Code.NO_VALUE, why, labels=_labels(asked.panel)),)
    return results


def _odd_unit(asked: ParsedPanel) -> _panel_forms.Mistake | None:
    """What is wrong with the unit in which a time is drawn; None when nothing, or that is not known."""
    due, factor = units.PER_SECOND.get(asked.panel.unit), units.per_second(asked.tree)
    if due is None or factor is None or math.isclose(due, factor):
        return None
    drawn = f"one second is drawn as {factor:g} {asked.panel.unit}"
    text = f"{drawn}: the unit of the panel is not that of its expression; multiply seconds by {due:g}, or set the unit"
    return _panel_forms.Mistake("unit", Code.WRONG_EXPRESSION, text, _panel_mended.times(asked, due / factor))


def _impossible(asked: ParsedPanel, samples: Samples, names: Instrumentation) -> _panel_forms.Mistake | None:
    """What is wrong with the expression in every run; None when nothing."""
    if odd := [quantile for quantile in syntax.quantiles(asked.tree) if not 0 <= quantile <= 1]:
        text = f"{odd[0]:g} is not a quantile: histogram_quantile() takes a number from 0 to 1, such as 0.95"
        return _panel_forms.Mistake("quantile", Code.IMPOSSIBLE, text)
    for selection in asked.selections:
        for matcher in selection.matchers:
            known = names.label_values.get(matcher.label, ()) if selection.metric in names.names else ()
            if known and not any(map(matcher.accepts, known)):
                text = f"{matcher} matches no possible {matcher.label}; missing data is shown as 0"
                return _panel_forms.Mistake("label-value", Code.IMPOSSIBLE, text)
    return _panel_forms.absent_bound(asked, samples)


def _unfilled_in(selection: Selection) -> list[str]:
    """Names in the matchers of a selector that look like those of variables."""
    return [name for matcher in selection.matchers if (name := grafana.unfilled(matcher.value))]


def _unnamed(name: str) -> str:
    return f"variable ${name} has no value: the dashboard has no such variable; give it one with --var {name}=VALUE"


def _unfilled(panel: Panel, why: str) -> Verdict:
    """A panel of which it is not known what it asks."""
    text = f"{why}{_place(panel)}: {panel.expression}"
    return inconclusive(ID, subject_of(panel), Code.UNFILLED_VARIABLE, text, labels=_labels(panel))


def _who(panel: Panel) -> str:
    """How a sentence about its value begins."""
    return "the rule gives" if panel.rule else "the panel shows"


def _mistaken(panel: Panel, mistake: _panel_forms.Mistake) -> Verdict:
    return _fails(panel, mistake.code, mistake.text, mistakes=mistake.labels, corrected=mistake.corrected)


def _compare(run: Run, asked: ParsedPanel, samples: PanelSamples, shown: Vector) -> tuple[Verdict | Finding, ...]:
    """Compare what Prometheus shows with what it must show, and with what the correct expression gives."""
    shows = frozenset(name for labels in shown for name, _ in labels)

    @cache
    def under(applied: frozenset[Correction], nudge: float = CENTRAL) -> Vector:
        value = corrections.evaluate(asked.tree, samples, applied, shows=shows, nudge=nudge)
        return {(): value} if isinstance(value, float) else value

    def evaluated(node: Any) -> Vector | float:
        return corrections.evaluate(node, samples, frozenset(), shows=shows, nudge=CENTRAL)

    true = under(TRUE)
    if short := _short(run, asked):
        return (_judge_short(run, asked, f"{short}; {beside(shown, true)}"),)
    if odd := _unpredicted(under, shown):
        why = f"{odd} by the raw samples of {{{run.selector}}}: it reads other series than the run"
        return (inconclusive(ID, asked.subject, Code.UNPREDICTED, why, labels=_labels(asked.panel)),)
    right = under(RIGHT)
    if (key := _off(shown, under, RIGHT)) is not None:
        causes = [item for item in WRONG if _changes(under, item)]
        why = "; ".join(WRONG[item] for item in causes) or "its mistakes show only together"
        saw = f"{_who(asked.panel)} {at(shown, key)}, expected {at(right, key)}{named(key)}"
        if _panel_forms.is_record(asked) and causes == [Correction.BACKGROUND]:
            text = f"{saw}: {why}; panels and alerts that read the record as traffic fail"
            return (
                _passes(asked, shown, under(frozenset()), by="its own expression"),
                _finding(asked, FindingCode.LATENT_MISTAKE, text, Correction.BACKGROUND),
            )
        due, was, mistakes = number_at(right, key), number_at(shown, key), dict.fromkeys(map(str, causes), WRONG_FORM)
        return (_fails(asked.panel, Code.WRONG_EXPRESSION, f"{saw}: {why}", due, was, mistakes),)
    if mistake := _spoiled(asked, evaluated):
        return (_mistaken(asked.panel, mistake),)
    with_first_values = under(RIGHT | {Correction.FIRST_VALUES})
    latent = _latent(asked, samples, shows)
    if nothing(shown):
        return (_judge_empty(run, asked, samples, shown, (with_first_values, true), evaluated), *latent)
    passed = _passes(asked, shown, true)
    if (key := apart(shown, [with_first_values])) is None:
        return (passed, *latent)
    text = (
        f"{_who(asked.panel)} {at(shown, key)}{named(key)}, expected {at(with_first_values, key)} with the "
        "first values of new series, which rate() omits"
    )
    return passed, _finding(asked, FindingCode.FIRST_COUNT_LOST, text), *latent


def _judge_mixed(run: Run, asked: ParsedPanel, samples: PanelSamples, shown: Vector, why: str) -> Verdict | Finding:
    """A panel that counts the scrapes too: right where they can move it by no more than the budget for percentiles.

    But for them it must show what the correct expression gives.
    """
    shows = frozenset(name for labels in shown for name, _ in labels)

    def under(applied: frozenset[Correction], nudge: float = CENTRAL, assumed: PanelSamples = samples) -> Vector:
        value = corrections.evaluate(asked.tree, assumed, applied, shows=shows, nudge=nudge)
        return {(): value} if isinstance(value, float) else value

    with_scrapes = RIGHT - {Correction.BACKGROUND}
    try:
        if odd := _unpredicted(under, shown):
            reason = f"{odd} by the raw samples of {{{run.selector}}}: it reads other series than the run"
            return inconclusive(ID, asked.subject, Code.UNPREDICTED, reason, labels=_labels(asked.panel))
        if (key := _off(shown, under, with_scrapes)) is not None:
            right = under(with_scrapes)
            causes = [each for each in WRONG if apart(right, [under(with_scrapes - {each})]) is not None]
            text = "; ".join(WRONG[item] for item in causes) or "its mistakes show only together"
            saw = f"{_who(asked.panel)} {at(shown, key)}, expected {at(right, key)}{named(key)}: {text}"
            mistakes = dict.fromkeys(map(str, causes), WRONG_FORM)
            return _fails(
                asked.panel, Code.WRONG_EXPRESSION, saw, number_at(right, key), number_at(shown, key), mistakes
            )
        found = _panel_mixed.bounds(asked, samples, shown, lambda assumed: under(RIGHT, CENTRAL, assumed))
    except UnsupportedError:
        return _unproved(asked.panel, f"{'empty' if nothing(shown) else 'value not checked'}: {why}")
    limit, saw = run.budget.percentile_ratio, f"{_who(asked.panel)} {found.text}"
    if found.possible > limit:
        return _unproved(asked.panel, f"not proved to {limit:.0%}: {saw}; a metric that has the view leaves them out")
    below, above = max(found.shown - found.least, 0.0), max(found.most - found.shown, 0.0)
    return settled(
        *(ID, asked.subject, Code.AGREES, saw),
        expected=found.shown,
        observed=found.shown,
        tolerance=Tolerance(below, above, "the scrapes at either end of the histogram"),
        labels=_labels(asked.panel),
    )


def _spoiled(asked: ParsedPanel, evaluated: Callable[[Any], Vector | float]) -> _panel_forms.Mistake | None:
    """What the expression loses where it puts series together; None where nothing, or that is not known."""
    try:
        return next(_panel_forms.spoiled(asked, evaluated), None)
    except UnsupportedError:
        return None


def _latent(asked: ParsedPanel, samples: PanelSamples, shows: frozenset[str]) -> tuple[Finding, ...]:
    """What is wrong with the panel's form and happens to make no difference to what it shows now."""
    of_form = tuple(
        Finding(
            FindingCode.LATENT_MISTAKE,
            asked.subject,
            f"{each.text}; this changes nothing in this run",
            ID,
            {**_labels(asked.panel), **each.labels},
        )
        for each in _panel_forms.latent(asked)
    )
    hidden = any(hides_unnamed(selection, samples.traffic) for selection in asked.selections)
    if not (syntax.has_quantile_or_subquery(asked.tree) or hidden):
        return of_form
    made = corrections.mistakes(asked.tree, samples, shows=shows)
    return of_form + tuple(
        _finding(
            asked,
            FindingCode.LATENT_MISTAKE,
            f"{text}; this changes nothing in this run",
            item,
        )
        for item, text in WRONG.items()
        if item in made
    )


def _unpredicted(under: Callable[..., Vector], shown: Vector) -> str:
    """Where Prometheus does not answer what the raw samples give; empty when it does, or that is not known."""
    try:
        predicted = under(frozenset())
        key = _off(shown, under, frozenset())
    except UnsupportedError:  # as a subquery whose step is the server's
        return ""
    if key is None:
        return ""
    answers = f"Prometheus answers {at(shown, key)}{named(key)}"
    return f"{answers}, expected {at(predicted, key)}"


def _judge_empty(
    run: Run,
    asked: ParsedPanel,
    samples: PanelSamples,
    shown: Vector,
    expected: tuple[Vector, Vector],
    evaluated: Callable[[Any], Vector | float],
) -> Verdict | Finding:
    """A panel that shows nothing is right only where nothing happened between the scrapes that it looks at.

    `expected` is what it would show with the first values of new series, and what really happened in its range;
    `evaluated` gives the value of a part of its expression.
    """
    with_first_values, true = expected
    if not nothing(with_first_values):
        odd = largest(with_first_values)
        text = (
            f"{_who(asked.panel)} {at(shown, odd)}, expected {at(true, odd)}{named(odd)}: rate() omits the first value "
            "of a series, and everything that happened is in first values; export the series at 0 from the start"
        )
        return _finding(asked, FindingCode.FIRST_COUNT_HIDDEN, text)
    if any(math.isfinite(value) for value in shown.values()):
        return _passes(asked, shown, true)
    if not nothing(true):
        if _panel_reach.lacks_scrapes(run, asked, samples):
            return _fails(asked.panel, Code.MISSING, f"it is empty: {beside(shown, true)}")
        why = "all that happened lies before the first good scrape in its range, where rate() does not look"
        text = f"empty: {why}: {at(true, largest(true))}"
        return _finding(asked, FindingCode.EMPTY_PANEL, text)
    before = _panel_evidence.earlier(run, asked)
    if not before and not shown and (why := _panel_idle.left_out(asked.tree, evaluated)):
        return _rests(asked, why)
    text = before or "this run produced no such data; extend the scenario"
    return _finding(asked, FindingCode.EMPTY_PANEL, f"empty: {text}")


def _rests(asked: ParsedPanel, why: str) -> Verdict:
    """A panel that is rightly empty."""
    return settled(ID, asked.subject, Code.AGREES, f"it is empty, as it should be: {why}", labels=_labels(asked.panel))


def _passes(asked: ParsedPanel, shown: Vector, true: Vector, by: str = "the correct expression") -> Verdict:
    odd = largest(shown)
    value, truth = shown[odd], true.get(odd)
    why = f"{_who(asked.panel)} {at(shown, odd)}{named(odd)}, as {by} does"
    if truth is not None and math.isfinite(truth) and not equal(value, truth):
        share = f" ({value / truth - 1:+.2%})" if truth else ""
        why += f"; measured {truth:.6g}{share}: rate() extrapolates to the edges of its range and omits first values"
    if asked.delay_s:
        when = f"{abs(asked.delay_s):.10g} s {'after' if asked.delay_s > 0 else 'before'} the end of the run"
        why += f"; asked {when}, when the latest that its offset looks at is that end"
    if done := asked.panel.transformations:
        why += f"; what its transformations make of it is not followed: {', '.join(done)}"
    number = value if math.isfinite(value) else None
    spare = abs(value) * promql.AGREEMENT if number is not None else 0.0
    return settled(
        ID,
        asked.subject,
        Code.AGREES,
        why,
        expected=number,
        observed=number,
        tolerance=Tolerance(spare, spare, f"{by} on the same samples"),
        labels=_labels(asked.panel),
    )


def _fails(
    panel: Panel,
    code: Code,
    why: str,
    expected: float | None = None,
    observed: float | None = None,
    mistakes: Mapping[str, str] = NO_LABELS,
    corrected: str = "",
) -> Verdict:
    both = {EXPRESSION: panel.expression, CORRECTED: corrected} if corrected else NO_LABELS
    labels, why = {**_labels(panel), **mistakes, **both}, f"{why}{_place(panel)}"
    return settled(ID, subject_of(panel), code, why, expected=expected, observed=observed, labels=labels)


def _unproved(panel: Panel, text: str) -> Finding:
    return Finding(FindingCode.UNPROVED_PANEL, subject_of(panel), text, ID, _labels(panel))


def _finding(asked: ParsedPanel, code: FindingCode, text: str, mistake: str = "") -> Finding:
    labels = {**_labels(asked.panel), **({mistake: WRONG_FORM} if mistake else {})}
    return Finding(code, asked.subject, text, ID, labels)


def _labels(panel: Panel) -> Mapping[str, str]:
    found = {"dashboard": panel.dashboard, "panel": panel.title, "ref": panel.ref, "file": panel.source}
    return {name: value for name, value in found.items() if value}


def _place(panel: Panel) -> str:
    return f" (in {panel.source})" if panel.source else ""


def _missing(asked: ParsedPanel, samples: Samples, exported: frozenset[str], names: Instrumentation) -> list[str]:
    """The metrics that nobody exports, as far as is known."""
    known = names.names | exported
    return [each for each in asked.metrics if each not in known and not samples.series.get(each)]


def _is_foreign(metric: str, names: Instrumentation, exported: frozenset[str]) -> bool:
    return _panel_names.is_foreign(metric, names, exported) and not _panel_names.parts_of(metric, exported)


def _unknown(
    asked: ParsedPanel, samples: Samples, exported: frozenset[str], names: Instrumentation
) -> tuple[Code, str, str] | None:
    """The first name of a metric or a label that the target does not have; None when it has all."""
    if missing := _missing(asked, samples, exported, names):
        hint = _panel_names.hint(missing[0], names, exported)
        meant = _panel_names.instead(missing[0], names, exported)
        corrected = _panel_mended.renamed(asked, missing[0], meant, names)
        return Code.UNKNOWN_METRIC, f"no metric is called {missing[0]}{hint}; missing data is shown as 0", corrected
    for selection in asked.selections:
        metric, series = selection.metric, samples.series.get(selection.metric, ())
        own = {name for each in series for name in each.labels}
        if series and (lacks := [name for name in selection.labels if name not in own]):
            has = ", ".join(sorted(own - {"__name__", "job", "app", "instance"}))
            text = f"{metric} has no label {lacks[0]!r}; it has {has}; missing data is shown as 0"
            return Code.UNKNOWN_LABEL, text, ""
    return None


def _absent_grouping(asked: ParsedPanel, samples: Samples) -> tuple[Finding, ...]:
    """That a panel groups by a label that none of its series has: the value is the same, one line without a name."""
    if not all(samples.series.get(selection.metric) for selection in asked.selections):
        return ()
    several = (samples.series[selection.metric] for selection in asked.selections)
    labels = {name for series in several for each in series for name in each.labels}
    metric, who = asked.selections[0].metric, "rule" if asked.panel.rule else "panel"
    return tuple(
        _finding(
            asked,
            FindingCode.ABSENT_LABEL,
            f"{metric} has no label {name!r}, by which the {who} groups: it splits nothing",
        )
        for name in sorted(syntax.grouping(asked.tree) - labels)
    )


def _judge_short(run: Run, asked: ParsedPanel, why: str) -> Verdict:
    """A range that is too short is the panel's fault, unless it asks for all of a run that is as short."""
    if not asked.panel.whole_range or _shortest_s(asked) < run.window.length_s - ROUNDING_S:
        return _fails(asked.panel, Code.SHORT_RANGE, why)
    window = f"it asks for the whole window, which is {run.window.length_s:.3g} s: run for longer"
    return inconclusive(ID, asked.subject, Code.SHORT_RANGE, f"{why}; {window}", labels=_labels(asked.panel))


def _shortest_s(asked: ParsedPanel) -> float:
    """The shortest range in which a function needs two samples; infinite without any."""
    return min((each.rate_s for each in asked.selections if each.rate_s is not None), default=math.inf)


def _short(run: Run, asked: ParsedPanel) -> str:
    """What is wrong with the panel's shortest range; empty when it is long enough."""
    interval_s, least = run.window.scrape_interval_s, _shortest_s(asked)
    if least >= RATE_SCRAPES * interval_s - prometheus_evidence.CLOCK_RESOLUTION_S:
        return ""
    effect = (
        "rate() needs two"
        if least < 2 * interval_s
        else "a failed scrape leaves a gap, across which rate() extrapolates"
    )
    held = f"hold fewer than {RATE_SCRAPES} scrapes at one every"
    if not asked.panel.rule:
        return (
            f"the range is too short: {least:g} s {held} {interval_s:g} s; {effect}; use $__rate_interval, or at least "
            "four scrapes"
        )
    scale = run.rule_scale if run.embedded else 1.0
    written = f"the range is too short: the rule's {least / scale:g} s {held} {interval_s / scale:g} s"
    scaled = f" ({least:g} s and {interval_s:g} s in this run, at the scale {scale:.3g})" if scale != 1.0 else ""
    return f"{written}{scaled}; {effect}; write a range of at least {RATE_SCRAPES * interval_s / scale:g}s"


def _changes(under: Callable[[frozenset[Correction]], Vector], item: Correction) -> bool:
    """True when the right value is another without this one correction."""
    try:
        return apart(under(RIGHT - {item}), [under(RIGHT)]) is not None
    except UnsupportedError:  # without it the expression cannot even be evaluated
        return True


def _off(shown: Vector, under: Callable[..., Vector], applied: frozenset[Correction]) -> Labels | None:
    """The labels of a value that the corrected expression does not give, even with a rank on a bucket's edge nudged."""
    if apart(shown, [under(applied)]) is None:
        return None
    return apart(shown, [under(applied, nudge) for nudge in NUDGES])


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.IMPOSSIBLE,
        Code.MISSING,
        Code.NOT_EVALUATED,
        Code.NO_VALUE,
        Code.PANEL_UNREADABLE,
        Code.SHORT_RANGE,
        Code.UNFILLED_VARIABLE,
        Code.UNKNOWN_LABEL,
        Code.UNKNOWN_METRIC,
        Code.UNKNOWN_VERSION,
        Code.UNPREDICTED,
        Code.WRONG_EXPRESSION,
    },
    optional=True,
    unseen=(
        Unseen(
            "shown-by-grafana",
            "What a graph shows before t1, and what Grafana makes of an answer: reductions, transformations, units",
            "each query is evaluated once, at t1, and the rest happens in Grafana",
        ),
        Unseen(
            "other-variables",
            "Other values of a dashboard's variables, its annotations, and library panels that are not in the file",
            "those that Grafana chooses when it opens the dashboard are filled in, and only the file is read",
        ),
        Unseen(
            "recorded-series",
            "The rate of a recorded sum, and gauges",
            "series that a rule records, and gauges, are taken as they are stored",
        ),
    ),
)
