"""A panel that is rightly empty: its comparison leaves all values out, or what it counts never happened."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import promql_parser as ast

from harness.checks import witness_counts
from harness.checks.base import Facts
from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.checks.monitoring._vector_diff import at, named
from harness.core.query import NoData
from harness.evidence import prometheus_evidence
from harness.instrumentation.base import Instrumentation
from harness.promql import Samples, syntax
from harness.promql.selection import Selection
from harness.promql.vectors import Vector

ABSENCES = frozenset({"absent", "absent_over_time"})
STATUSES = tuple(map(str, range(100, 600)))
"""What a server may answer: https://www.rfc-editor.org/rfc/rfc9110#section-15"""


def left_out(node: Any, evaluated: Callable[[Any], Vector | float]) -> str:
    """Why a condition that is not met leaves nothing to show; empty when that is not why.

    `evaluated` gives the value of a part of the expression. Of `and` and `unless` the left side decides.
    """
    node = syntax.bare(node)
    if (compared := syntax.comparison(node)) is not None:
        return _not_met(*compared, evaluated)
    match node:
        case ast.BinaryExpr() if str(node.op) in ("and", "unless"):
            return left_out(node.lhs, evaluated)
        case ast.BinaryExpr() if str(node.op) == "or":
            both = [left_out(side, evaluated) for side in (node.lhs, node.rhs)]
            return "; ".join(dict.fromkeys(both)) if all(both) else ""
        case ast.AggregateExpr():
            return left_out(node.expr, evaluated)
        case ast.Call() if node.func.name in ABSENCES and evaluated(node) == {}:
            return "what it would miss is there"
        case _:
            return ""


def _not_met(inner: Any, operator: str, number: float, evaluated: Callable[[Any], Vector | float]) -> str:
    values = evaluated(inner)
    if isinstance(values, float):
        return ""
    found = {labels: value for labels, value in values.items() if math.isfinite(value)}
    if not found:
        return left_out(inner, evaluated)
    closest = min(found, key=lambda labels: (abs(found[labels] - number), labels))
    return f"no value is {operator} {number:g}; the closest is {at(found, closest)}{named(closest)}"


def never_happened(facts: Facts, asked: ParsedPanel, samples: Samples) -> str:
    """Why each selector that found no series is right to find none; empty where one finds none and nobody knows why.

    Of another time than the run's nobody knows.
    """
    reasons: list[str] = []
    if asked.is_elsewhere:
        return ""
    for selection in asked.selections:
        if len(samples.selected(selection)):
            continue
        if not (why := _never_happened(facts, selection, samples)):
            return ""
        reasons.append(why)
    return "; ".join(dict.fromkeys(reasons))


def _never_happened(facts: Facts, selection: Selection, samples: Samples) -> str:
    names, metric = facts.names, selection.metric
    if facts.unusable or facts.foreign or facts.lost:
        return ""
    if names.database and metric == names.database.connection_errors:
        return _all_connected(facts, names.database.connections)
    if names.cache and metric == names.cache.fails:
        return _all_read(facts, names.cache.gets, names.cache.counts_failures)
    rows = _rows(facts, metric)
    if rows is None:
        return ""
    series = samples.series.get(metric, ())
    own = [each for each in selection.matchers if each.label in _own(names)]
    for matcher in selection.matchers:
        possible = {each.labels.get(matcher.label, "") for each in series}
        possible.update(row[matcher.label] for row in rows if matcher.label in row)
        possible.update(_values(names, matcher.label))
        if not any(map(matcher.accepts, possible)):
            return ""  # a value that nobody has may be a wrong one
    if any(all(matcher.accepts(row[matcher.label]) for matcher in own if matcher.label in row) for row in rows):
        return ""
    kind = f" with {', '.join(map(str, own))}" if own else ""
    what = "response" if metric in (names.responses_by_view, names.responses_by_status) else "exception"
    return f"the run had no {what}{kind}, by the client's own account"


def _rows(facts: Facts, metric: str) -> list[Mapping[str, str]] | None:
    """What the client saw happen, as the labels with which it is counted; None where that is not known.

    A label that is not known is left out: whatever it is asked to be, it may be that. So is all of the background but
    its view.
    """
    names, client, known = facts.names, facts.client, facts.names.labels
    rows: list[Mapping[str, str]]
    if metric in (names.responses_by_view, names.responses_by_status):
        rows = [
            {known.method: method, known.status: str(status), **({known.view: view} if facts.is_known(view) else {})}
            for view, method, status in client.answered
        ]
    elif metric in (names.exceptions_by_view, names.exceptions_by_type) and not witness_counts.unseen(facts):
        rows = [
            {known.view: view, known.method: method, known.exception: kind} for view, method, kind in client.exceptions
        ]
    else:
        return None
    return [*rows, *({known.view: view} for view in facts.run.background)]


def _own(names: Instrumentation) -> frozenset[str]:
    """The labels that the library gives to what happened; others come from the scrape job."""
    known = names.labels
    return frozenset({known.view, known.method, known.status, known.exception})


def _values(names: Instrumentation, label: str) -> Iterable[str]:
    """The values that a label may have, whoever had them in the run."""
    if label == names.labels.status:
        return STATUSES
    return names.methods if label == names.labels.method else ()


def _all_connected(facts: Facts, attempts: str) -> str:
    """That no attempt to connect failed: of each database, the witnesses saw as many connections as attempts."""
    grown = _grown(facts, attempts, facts.names.labels.alias)
    counted = witness_counts.counts(facts, "db")
    if not grown or witness_counts.unseen(facts):
        return ""
    if any(number > counted.get(alias, Counter())["connect"] for alias, number in grown.items()):
        return ""
    if not (made := sum(grown.values())):
        return "nothing tried to connect to a database in the window"
    return f"each of {made:,} attempts to connect to a database opened a connection, as the witness saw it"


def _all_read(facts: Facts, gets: str, counts_failures: frozenset[str]) -> str:
    """That no cache failed that would count it."""
    counted = witness_counts.counts(facts, "cache")
    failed = sum(keys["fail"] for backend, keys in counted.items() if backend in counts_failures)
    grown = _grown(facts, gets, facts.names.labels.backend)
    if not counted or not any(grown.values()) or witness_counts.unseen(facts) or failed:
        return ""
    return "no lookup in a cache failed, as the witness saw it"


def _grown(facts: Facts, metric: str, label: str) -> Mapping[str, int]:
    """By how much a counter grew in the window, by a label; empty where it is not there, or that is not known."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
    if isinstance(items, NoData):
        return {}
    return {value: round(number) for (value,), number in prometheus_evidence.by(items, label).items()}
