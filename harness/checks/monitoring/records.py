"""Do panels and alerts that read recorded series show what happened?

What such a panel shows is right when two things are: Prometheus made the record as its rule says, and the panel's
expression, with the rule's own in the place of the record, asks the right question. The second is judged here: that
expression is evaluated at t1 on the raw samples of the scrapes, as it is and with its mistakes corrected. Both are
evaluated at the same moment on the same samples, so they are equal or the expression is wrong, and the time that passes
between a scrape, the evaluation of a rule and t1 needs no tolerance.

It is longer than other modules because what may keep a panel from being followed has a message of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harness import promql
from harness.checks.base import NO_DATA, NO_LABELS, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.monitoring import _panel_evidence
from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.checks.monitoring._panel_mistakes import WRONG_FORM, WRONG_THROUGH_RECORDS
from harness.checks.monitoring._vector_diff import apart, at, largest, named, number_at
from harness.checks.reference_queries import TIE
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.query import NoData, Query
from harness.core.rule import Rule
from harness.core.run import Run
from harness.core.verdict import Finding, Tolerance, Verdict
from harness.monitoring.dashboards import corrections
from harness.monitoring.dashboards import records as recorded
from harness.monitoring.dashboards.corrections import RIGHT_THROUGH_RECORDS, Correction
from harness.monitoring.dashboards.panel_samples import PanelSamples
from harness.monitoring.dashboards.records import Lineage, Records
from harness.promql import syntax
from harness.promql.selected import Memo
from harness.promql.vectors import NAME, UnsupportedError, Vector

ID = "records"
MOST_RULES = 3
"""Rules that a message quotes."""
NUDGES = (0.0, -TIE, TIE)
BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What the evaluator raises where it was not made for an expression."""
AS_WRITTEN: frozenset[Correction] = frozenset()


@dataclass(frozen=True, slots=True)
class _Reader:
    """A panel or rule that reads records."""

    asked: ParsedPanel
    """With what is compared in place of a comparison with a number: an alert that is silent has a value, too."""
    lineage: Lineage

    @property
    def through(self) -> str:
        """The records and their rules, for messages."""
        rules = self.lineage.rules
        more = f" and {len(rules) - MOST_RULES} more" if len(rules) > MOST_RULES else ""
        return "; ".join(map(_quoted, rules[:MOST_RULES])) + more


def queries(run: Run) -> tuple[Query, ...]:
    """The raw samples of all that the records are made from."""
    records = recorded.of_rules(run.rules)
    found = (_panel_evidence.raw_queries(run, _leaves(each)) for each in (*_readers(run), *_rules(records)))
    return tuple(dict.fromkeys(query for several in found for query in several))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Every panel, record and alert that reads a record, then the name of every record; none without records."""
    records, memo = recorded.of_rules(facts.run.rules), Memo()
    results: list[Verdict | Finding] = []
    for reader in _readers(facts.run):
        results += _judge_safely(facts, reader, records, memo)
    for rule in _rules(records):
        results += _level(facts, rule, records, memo)
    return tuple(results)


def _readers(run: Run) -> tuple[_Reader, ...]:
    """The panels that read records, as far as they can be read: `dashboards` says why others cannot."""
    records = recorded.of_rules(run.rules)
    found: list[_Reader] = []
    for panel in run.panels if records else ():
        if panel.other or panel.problem:
            continue
        try:
            asked = _panel_evidence.read(panel)
            compared = syntax.comparison(asked.tree)
            tree = compared[0] if compared else asked.tree
            lineage = recorded.lineage(records, tree)
        except (UnsupportedError, ValueError):
            continue
        if lineage.rules:
            found.append(_Reader(replace(asked, tree=tree), lineage))
    return tuple(found)


def _rules(records: Records) -> tuple[_Reader, ...]:
    """The rules whose records have a level in their names, each as what its expression is made from."""
    found: list[_Reader] = []
    for rules in records.values():
        for rule in rules:
            if recorded.level_of(rule.name) is None:
                continue
            try:
                asked = _panel_evidence.read(Panel(rule.file, rule.group, rule.name, rule.expression))
                lineage = recorded.lineage(records, asked.tree)
            except UnsupportedError:
                continue
            rest = tuple(each for each in lineage.rules if each is not rule)
            found.append(_Reader(asked, replace(lineage, rules=(rule, *rest))))
    return tuple(found)


def _leaves(reader: _Reader) -> ParsedPanel:
    """What a reader is made from, as if it selected that itself."""
    return replace(reader.asked, selections=reader.lineage.leaves)


def _judge_safely(facts: Facts, reader: _Reader, records: Records, memo: Memo) -> tuple[Verdict | Finding, ...]:
    """One reader, so that one that the evaluator was not made for leaves the others judged."""
    asked = reader.asked
    if reader.lineage.cycle:
        names = " -> ".join((*reader.lineage.cycle, reader.lineage.cycle[0]))
        return (_unproved(asked, f"not followed: {names} is made from itself"),)
    unknown = [each.metric for each in reader.lineage.leaves if recorded.SEPARATOR in each.metric]
    if unknown:
        text = f"not followed: no rule of the profile records {unknown[0]}; name the file of its rule in `rules`"
        return (_unproved(asked, f"{text}; {reader.through}"),)
    if far := _panel_evidence.unread(facts, _leaves(reader)):
        return (_unproved(asked, f"{far}; {reader.through}"),)
    samples = _panel_evidence.samples(facts, _leaves(reader), memo)
    if isinstance(samples, NoData):
        return (unanswered(ID, asked.subject, samples, labels=_labels(asked.panel)),)
    seen = replace(samples, records=records)
    try:
        return _judge(reader, seen)
    except UnsupportedError as error:
        unproved = _unproved(asked, f"value not followed to the scrapes: {error}; {reader.through}")
        return unproved, *_latent(reader, seen, frozenset(), "what this changes is not known")
    except BROKEN as error:
        why = f"it could not be evaluated ({error!r}), a bug of the harness; please report it: {asked.panel.expression}"
        return (inconclusive(ID, asked.subject, Code.NOT_EVALUATED, why, labels=_labels(asked.panel)),)


def _judge(reader: _Reader, samples: PanelSamples) -> tuple[Verdict | Finding, ...]:
    """One panel that reads records. Raises UnsupportedError."""
    asked = reader.asked
    if lost := _lost_label(reader, samples):
        return (_fails(asked.panel, Code.UNKNOWN_LABEL, f"{lost}; {reader.through}"),)
    shows = _label_names(_under(asked.tree, samples, AS_WRITTEN, frozenset()))

    @cache
    def under(applied: frozenset[Correction], nudge: float = 0.0) -> Vector:
        return _under(asked.tree, samples, applied, shows, nudge)

    shown, right = under(AS_WRITTEN), under(RIGHT_THROUGH_RECORDS)
    key = apart(shown, [right])
    if key is not None:
        key = apart(shown, [under(RIGHT_THROUGH_RECORDS, nudge) for nudge in NUDGES])
    if key is not None:
        causes = [item for item in WRONG_THROUGH_RECORDS if _changes(under, item)]
        why = "; ".join(WRONG_THROUGH_RECORDS[item] for item in causes) or "its mistakes show only together"
        saw = f"through the record it shows {at(shown, key)}, expected {at(right, key)}{named(key)}"
        mistakes = dict.fromkeys(map(str, causes), WRONG_FORM)
        numbers = (number_at(right, key), number_at(shown, key))
        return (_fails(asked.panel, Code.WRONG_EXPRESSION, f"{saw}: {why}; {reader.through}", *numbers, mistakes),)
    findings = _latent(reader, samples, shows, "this does not change what it shows in this run")
    if all(math.isnan(value) for value in shown.values()):
        text = f"it shows nothing: this run produced no such data; extend the scenario; {reader.through}"
        return Finding(FindingCode.EMPTY_PANEL, asked.subject, text, ID, _labels(asked.panel)), *findings
    return _passes(reader, shown), *findings


def _latent(reader: _Reader, samples: PanelSamples, shows: frozenset[str], effect: str) -> tuple[Finding, ...]:
    """What is wrong with the form of a panel that does not fail; nothing where that is not known."""
    try:
        found = corrections.mistakes(reader.asked.tree, samples, shows=shows)
    except UnsupportedError:
        return ()
    return tuple(
        Finding(
            FindingCode.LATENT_MISTAKE,
            reader.asked.subject,
            f"{text}; {effect}; {reader.through}",
            ID,
            {**_labels(reader.asked.panel), item: WRONG_FORM},
        )
        for item, text in WRONG_THROUGH_RECORDS.items()
        if item in found
    )


def _passes(reader: _Reader, shown: Vector) -> Verdict:
    asked, key = reader.asked, largest(shown)
    value = number_at(shown, key)
    spare = abs(value) * promql.AGREEMENT if value is not None else 0.0
    return settled(
        ID,
        asked.subject,
        Code.AGREES,
        f"followed to the scrapes it shows {at(shown, key)}{named(key)}, as it should; {reader.through}",
        expected=value,
        observed=value,
        tolerance=Tolerance(spare, spare, "the correct expression on the same samples"),
        labels=_labels(asked.panel),
    )


def _lost_label(reader: _Reader, samples: PanelSamples) -> str:
    """The first label that the panel asks for and the record has not kept; empty when there is none, or no value."""
    known: set[str] = set()
    for selection in reader.asked.selections:
        if selection.metric not in samples.records:
            known |= {name for each in samples.series.get(selection.metric, ()) for name in each.labels}
            continue
        labels = _recorded_labels(samples, selection.metric)
        if labels is None:
            return ""
        known |= labels
        if missing := [name for name in selection.labels if name not in labels]:
            return f"{_has_lost(selection.metric, missing[0], labels)}; missing data is shown as 0"
    wanting = sorted(syntax.grouping(reader.asked.tree) - known)
    if not wanting:
        return ""
    name = next(each.metric for each in reader.asked.selections if each.metric in samples.records)
    labels = _recorded_labels(samples, name)
    return f"{_has_lost(name, wanting[0], labels or frozenset())}; grouped by it, all is one line without a name"


def _has_lost(name: str, label: str, labels: frozenset[str]) -> str:
    kept = ", ".join(sorted(labels - {NAME})) or "no label"
    return f"the record {name} has no label {label!r}; it keeps {kept}"


def _recorded_labels(samples: PanelSamples, name: str) -> frozenset[str] | None:
    """The labels that the series of a record have; None where it has no series. Raises UnsupportedError."""
    ended = samples if samples.until_s is None else replace(samples, at_s=samples.until_s)
    vector = _under(syntax.parse(name), ended, AS_WRITTEN, frozenset())
    return _label_names(vector) if vector else None


def _level(facts: Facts, reader: _Reader, records: Records, memo: Memo) -> Sequence[Finding]:
    """Whether the labels of a record are those that its name says; nothing where it has no value."""
    rule, leaves = reader.lineage.rules[0], _leaves(reader)
    samples = _panel_evidence.samples(facts, leaves, memo)
    if isinstance(samples, NoData) or reader.lineage.cycle:
        return ()
    try:
        vector = _under(reader.asked.tree, replace(samples, records=records), AS_WRITTEN, frozenset())
    except UnsupportedError:
        return ()
    except BROKEN as error:
        why = f"its labels could not be evaluated ({error!r}), a bug of the harness; please report it"
        return (_unproved(reader.asked, f"{why}: {_one_line(rule)}"),)
    if not vector:
        return ()
    has = (_label_names(vector) | rule.labels.keys()) - {NAME}
    scraped = {name for several in samples.series.values() for each in several for name in each.labels}
    level = recorded.level_of(rule.name) or ""
    names, words = recorded.labels_in(level, has | scraped)
    lacks = [*sorted(names - has), *words]
    extra = sorted(has - names - rule.labels.keys())
    wrong = []
    if lacks:
        wrong.append(f"its level {level!r} names {', '.join(lacks)}, which its result does not have")
    if lacks and extra:
        wrong.append(f"its result has {', '.join(extra)}")
    if not wrong:
        return ()
    text = f"{', and '.join(wrong)}: readers take it for what its name says; correct the rule's `by`, or the name; "
    labels = {"file": rule.file, "group": rule.group, "rule": rule.name}
    subject = f"{rule.file} / {rule.group} / {rule.name}"
    return (Finding(FindingCode.RECORD_LEVEL, subject, f"{text}{_one_line(rule)}", ID, labels),)


def _changes(under: Callable[[frozenset[Correction]], Vector], item: Correction) -> bool:
    """True when the right value is another without this one correction."""
    try:
        return apart(under(RIGHT_THROUGH_RECORDS - {item}), [under(RIGHT_THROUGH_RECORDS)]) is not None
    except UnsupportedError:  # without it the expression cannot even be evaluated
        return True


def _under(
    tree: Any, samples: PanelSamples, applied: frozenset[Correction], shows: frozenset[str], nudge: float = 0.0
) -> Vector:
    value = corrections.evaluate(tree, samples, applied, shows=shows, nudge=nudge)
    return value if isinstance(value, dict) else {(): value}


def _label_names(vector: Vector) -> frozenset[str]:
    return frozenset(name for labels in vector for name, _ in labels)


def _quoted(rule: Rule) -> str:
    line = f", line {rule.line}" if rule.line else ""
    return f"{rule.name} is recorded in {rule.file}{line} (group {rule.group}) as {_one_line(rule)}"


def _one_line(rule: Rule) -> str:
    return " ".join(rule.expression.split())


def _labels(panel: Panel) -> Mapping[str, str]:
    found = {"dashboard": panel.dashboard, "panel": panel.title, "ref": panel.ref, "file": panel.source}
    return {name: value for name, value in found.items() if value}


def _fails(
    panel: Panel,
    code: Code,
    why: str,
    expected: float | None = None,
    observed: float | None = None,
    mistakes: Mapping[str, str] = NO_LABELS,
) -> Verdict:
    labels, where = {**_labels(panel), **mistakes}, f" (in {panel.source})" if panel.source else ""
    subject = _panel_evidence.subject_of(panel)
    return settled(ID, subject, code, f"{why}{where}", expected=expected, observed=observed, labels=labels)


def _unproved(asked: ParsedPanel, text: str) -> Finding:
    return Finding(FindingCode.UNPROVED_PANEL, asked.subject, text, ID, _labels(asked.panel))


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.NOT_EVALUATED,
        Code.UNKNOWN_LABEL,
        Code.UNKNOWN_VERSION,
        Code.WRONG_EXPRESSION,
    },
    optional=True,
    unseen=(
        Unseen(
            "records-as-read",
            "What Prometheus stored of a record that only panels read; whether the maximum of a well-named record was "
            "meant as a sum; averages over time of ratios and percentiles",
            "a panel is judged through the rule that its record has, and nothing but a title says what was meant",
        ),
    ),
)
