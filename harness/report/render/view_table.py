"""The tiles and the table of views: each number beside what it must be, coloured by the verdict that judged it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.report import Report, ViewReport
from harness.core.verdict import Status, Verdict
from harness.report import coarseness
from harness.report.render import number_format as fmt
from harness.report.render.overview import ERRORS, FigureRow, figure_rows, name_of, three_numbers

COARSE, NONE = "coarse", "none"
"""Beside the statuses: shown too far off for the budget; not judged."""
RANK = {Status.FAIL: 0, Status.INCONCLUSIVE: 1, COARSE: 2, Status.PASS: 3, NONE: 4}
"""The worst first."""
JUDGES: Mapping[str, tuple[str, ...]] = {
    "requests": ("request-counts",),
    "rate": ("rate",),
    ERRORS: ("error-ratio",),
    "p50": ("percentiles", "latency-buckets"),
    "p95": ("percentiles", "latency-buckets"),
    "p99": ("percentiles", "latency-buckets"),
}
"""The checks that judge a figure; the second where the first says nothing of it."""
COLUMNS = ("requests", "rate", ERRORS, "p50", "p95", "p99", "SQL per request")
SHORT = {ERRORS: "5xx", "SQL per request": "SQL"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a view, as Prometheus reports it."""

    text: str
    off: str
    """How far it lies from what happened."""
    outcome: str
    key: float
    """To sort by; -1 where the figure is not known."""
    title: str
    """All accounts, for a pointer that rests there."""


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One view and method."""

    name: str
    outcome: str
    cells: tuple[Cell, ...]
    verdicts: tuple[Verdict, ...]
    view: ViewReport


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the three numbers over all views."""

    row: FigureRow
    outcome: str
    notes: tuple[str, ...]
    """How far metric and panel lie from what happened, and how far they may; empty without anything to compare with."""


def tiles(report: Report) -> tuple[Tile, ...]:
    """Rate, errors and p95 over all views."""
    own, coarse = _verdicts(report).get(("", ""), ()), _coarse(report)
    made = []
    for row in three_numbers(report):
        judged = _judges(own, row.label)
        if row.unit == "s":  # what is made of those of the views is wrong with one of them
            judged += tuple(each for each in _judges(report.verdicts, row.label) if each.status is Status.FAIL)
        outcome = _outcome(judged, coarse=("", "", row.label) in coarse)
        made.append(Tile(row, outcome, _notes(report.views[0], row, judged, outcome)))
    return tuple(made)


def _notes(view: ViewReport, row: FigureRow, judged: Sequence[Verdict], outcome: str) -> tuple[str, ...]:
    if outcome == Status.FAIL and row.unit == "ratio" and row.metric == row.truth:
        whole = fmt.quantity(view.client.requests or 0, "requests")
        return (f"the same share, of {view.metric.requests or 0:,} in place of {whole}",)
    gaps = (("Prometheus", row.metric), ("panel", row.panel))
    known = [(name, fmt.difference(value, row.truth, row.unit)) for name, value in gaps]
    notes = [f"{name} {'exact' if gap == '=' else gap}" for name, gap in known if gap]
    if row.unit == "s":
        base = " against the app" if row.witness is not None else ""
        return (*([", ".join(notes) + base] if notes else []), *_bucket(view, row.label))
    limit = next((_limit(each) for each in judged if each.tolerance), "")
    return tuple(f"{note} (limit {limit})" if limit and not place else note for place, note in enumerate(notes))


def _bucket(view: ViewReport, label: str) -> Iterator[str]:
    """Where a percentile may be shown, which is no finer than its bucket."""
    for each in coarseness.judged(view):
        if each.quantile == label:
            high = "and above" if math.isinf(each.high_s) else f"to {fmt.number(each.high_s, 's')}"
            yield f"its bucket: {fmt.number(each.low_s, 's')} {high}"


def _limit(verdict: Verdict) -> str:
    """The tolerance, with the unit's word where the numbers do not show it."""
    text = fmt.tolerance(verdict.tolerance, verdict.unit)
    return text if verdict.unit in ("s", "ratio", "requests/s") else f"{text} {verdict.unit}"


def rows(report: Report) -> tuple[ViewRow, ...]:
    """One per view and method, the worst first; the row over all views is in the tiles."""
    by_view, coarse = _verdicts(report), _coarse(report)
    made = [
        _row(view, by_view.get((view.view, view.method), ()), coarse)
        for view in report.views
        if view.view or view.method
    ]
    return tuple(sorted(made, key=lambda row: (RANK[row.outcome], -(row.view.client.requests or 0))))


def _row(view: ViewReport, verdicts: tuple[Verdict, ...], coarse: frozenset[tuple[str, str, str]]) -> ViewRow:
    figures = {row.label: row for row in figure_rows(view)}
    cells = tuple(
        _cell(figures.get(label), verdicts, coarse=(view.view, view.method, label) in coarse) for label in COLUMNS
    )
    worst = min((cell.outcome for cell in cells), key=RANK.__getitem__)
    return ViewRow(
        name_of(view), min(worst, _outcome(verdicts, coarse=False), key=RANK.__getitem__), cells, verdicts, view
    )


def _cell(row: FigureRow | None, verdicts: tuple[Verdict, ...], *, coarse: bool) -> Cell:
    if row is None:
        return Cell(fmt.UNKNOWN, "", NONE, -1, "")
    counted = row.label in ("requests", ERRORS)
    value = row.metric if counted or row.panel is None else row.panel
    value = row.witness if row.unit == "statements" else value
    known = (("users saw", row.client), ("app measured", row.witness), ("metric", row.metric), ("panel", row.panel))
    title = ", ".join(f"{name} {fmt.number(number, row.unit)}" for name, number in known if number is not None)
    off = "" if row.unit == "statements" else fmt.difference(value, row.truth, row.unit)
    outcome = _outcome(_judges(verdicts, row.label), coarse=coarse)
    return Cell(fmt.number(value, row.unit), off, outcome, -1 if value is None else value, title)


def _judges(verdicts: Sequence[Verdict], label: str) -> tuple[Verdict, ...]:
    """Those about a figure, of the first check that has any; about a quantile only that one, of errors only 5xx."""
    for check in JUDGES.get(label, ()):
        own = (verdict for verdict in verdicts if verdict.check == check)
        if label == ERRORS:
            found = tuple(each for each in own if each.labels.get("status", "5xx") == "5xx")
        else:
            found = tuple(each for each in own if each.labels.get("quantile", label) == label)
        if found:
            return found
    return ()


def _outcome(verdicts: Iterable[Verdict], *, coarse: bool) -> str:
    found = {verdict.status for verdict in verdicts}
    for status in (Status.FAIL, Status.INCONCLUSIVE):
        if status in found:
            return status
    return COARSE if coarse else Status.PASS if found else NONE


def _verdicts(report: Report) -> dict[tuple[str, str], tuple[Verdict, ...]]:
    """By view and method; those of a view alone belong to all its methods, those of none to the row over all."""
    by_view: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        by_view.setdefault(verdict.labels.get("view", ""), []).append(verdict)
    return {
        (view.view, view.method): tuple(
            each
            for each in by_view.get(view.view, ())
            if each.labels.get("method", view.method) == view.method
            and (view.view or not each.labels.keys() - {"quantile", "status"})
        )
        for view in report.views
    }


def _coarse(report: Report) -> frozenset[tuple[str, str, str]]:
    return frozenset((each.view.view, each.view.method, each.quantile) for each in coarseness.coarse(report))
