"""Several reports -> how each number went from run to run, with the places at which it changed.

A marker is a pointer for a reader and no test: it says that a value differs from the median of the runs before it by
more than a gate's pass rules out. One run says little about the next; only `harness gate` tests a change.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.report import Figures, Report
from harness.core.verdict import Status

BEFORE, LEAST_BEFORE = 10, 3
"""Runs before a value that it is compared with: at most, and at least."""
SHARE = math.log(1.10)
"""Of the logarithm: 10 % up, or 9.1 % down."""
POINTS = 0.005
"""Of an error ratio: half a point."""
NUMBERS: Mapping[str, str] = {"p50_s": "s", "p95_s": "s", "p99_s": "s", "rate": "requests/s", "error_ratio": "ratio"}
"""What is followed of each view as the client saw it, and its unit."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run's value; None where it has none."""

    place: int
    """Of the run in `Index.runs`, from 1."""
    run_id: str
    value: float | None
    change: float | None = None
    """Compared with the median before: a share, of an error ratio a difference; None where nothing is marked."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One number of one view over the runs of one profile, oldest first: other loads have other numbers."""

    profile: str
    view: str
    method: str
    number: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the index."""

    run_id: str
    started_s: float
    profile: str
    status: Status
    samples: int
    turned: bool
    """Its status is another than that of the run before it with the same profile."""
    directory: str
    link: str = ""
    """Where its report.html lies, relative to the index; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Index:
    """All runs and trends."""

    runs: tuple[RunLine, ...]
    trends: tuple[Trend, ...]
    left_out: tuple[str, ...] = ()
    """Directories that could not be read, with the reason."""


def index(reports: Sequence[tuple[str, Report]], left_out: Sequence[str] = ()) -> Index:
    """The index of reports and the directories that they lie in, in any order."""
    ordered = sorted(reports, key=lambda each: (each[1].started_s, each[1].run_id))
    last: dict[str, Status] = {}
    lines = []
    for directory, report in ordered:
        turned = last.get(report.profile, report.status) is not report.status
        last[report.profile] = report.status
        lines.append(
            RunLine(report.run_id, report.started_s, report.profile, report.status, report.samples, turned, directory)
        )
    names = dict.fromkeys((report.profile, view.view, view.method) for _, report in ordered for view in report.views)
    found = (_trend(ordered, *name, number) for name in names for number in NUMBERS)
    trends = tuple(trend for trend in found if any(point.value is not None for point in trend.points))
    return Index(tuple(lines), trends, tuple(left_out))


def _trend(reports: Sequence[tuple[str, Report]], profile: str, view: str, method: str, number: str) -> Trend:
    own = [(place, report) for place, (_, report) in enumerate(reports, 1) if report.profile == profile]
    values = [_value(report, view, method, number) for _, report in own]
    points = tuple(
        Point(place, report.run_id, value, _change(values[:before], value, number))
        for before, ((place, report), value) in enumerate(zip(own, values, strict=True))
    )
    return Trend(profile, view, method, number, NUMBERS[number], points)


def _value(report: Report, view: str, method: str, number: str) -> float | None:
    for each in report.views:
        if (each.view, each.method) == (view, method):
            figures: Figures = each.client
            value: float | None = getattr(figures, number)
            return value if value is not None and math.isfinite(value) else None
    return None


def _change(before: Sequence[float | None], value: float | None, number: str) -> float | None:
    """The change to be marked; None without any, or with too few runs before."""
    known = [each for each in before if each is not None][-BEFORE:]
    if value is None or len(known) < LEAST_BEFORE:
        return None
    usual = statistics.median(known)
    if number == "error_ratio":
        return value - usual if abs(value - usual) > POINTS else None
    if usual <= 0 or value <= 0:
        return None
    return value / usual - 1 if abs(math.log(value / usual)) > SHARE else None
