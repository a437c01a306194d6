"""The report's plots: three numbers over time, and one latency distribution per view."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.report import Distribution, Report, ViewReport
from harness.core.text import shorten
from harness.report.render import number_format as fmt
from harness.report.render.overview import name_of
from harness.report.render.svg import Axis, Line, Size, chart, linear_ticks, log_ticks

WIDE, NARROW, SMALL = Size(1040, 170), Size(340, 170), Size(360, 220)
NARROWEST = 1e-7
"""A latency of 0 has no place on a logarithmic axis; it is drawn here."""
FULL = 0.9995
"""The x axis ends where this share of every account lies below, so that one outlier does not squeeze the curves."""
EMPTY = 0.005
"""The x axis begins where more than this share of some account lies below."""


CURVE_POINTS = 30
"""A distribution is drawn with so many points at most."""
TIME_POINTS, NARROW_POINTS = 400, 100
"""A line over time: so many stretches at most, each with its lowest and its highest value."""


@dataclass(frozen=True, slots=True)
class TimeChart:
    """One number over time, thinned: as points for the page's script, and drawn for a page without it."""

    title: str
    unit: str
    """`s`, or `rate` for a number per second."""
    elapsed_s: tuple[float, ...]
    client: tuple[float | None, ...]
    metric: tuple[float | None, ...]
    wide: Markup
    narrow: Markup


def time_charts(report: Report) -> tuple[TimeChart, ...]:
    """Requests, errors and p95 over time; each only where an account has a value."""
    points = [report.rate[place] for place in thinned([point.client for point in report.rate], TIME_POINTS)]
    found = (
        ("requests per second", "rate", [(point.client, point.metric) for point in points]),
        ("5xx responses per second", "rate", [(point.client_errors, point.metric_errors) for point in points]),
        ("p95 latency", "s", [(point.client_p95_s, point.metric_p95_s) for point in points]),
    )
    times = [point.elapsed_s for point in points]
    return tuple(
        _time_chart(times, pairs, title, unit, index)
        for index, (title, unit, pairs) in enumerate(found)
        if any(value is not None for pair in pairs for value in pair)
    )


def _time_chart(
    times: Sequence[float], pairs: Sequence[tuple[float | None, float | None]], title: str, unit: str, index: int
) -> TimeChart:
    known = [(elapsed_s, client, metric) for elapsed_s, (client, metric) in zip(times, pairs, strict=True)]
    few = [known[place] for place in thinned([client for client, _ in pairs], NARROW_POINTS)]
    return TimeChart(
        title,
        unit,
        tuple(round(elapsed_s, 3) for elapsed_s in times),
        _short([client for client, _ in pairs]),
        _short([metric for _, metric in pairs]),
        _over_time(known, unit, WIDE, title, f"time-wide-{index}"),
        _over_time(few, unit, NARROW, title, f"time-narrow-{index}"),
    )


def _short(values: Sequence[float | None]) -> tuple[float | None, ...]:
    """As many digits as a screen can show."""
    return tuple(None if value is None else float(f"{value:.4g}") for value in values)


def thinned(values: Sequence[float | None], stretches: int) -> list[int]:
    """Places of the values to draw: of each stretch the lowest and the highest, so that no peak is lost, and a gap."""
    if len(values) <= 2 * stretches:
        return list(range(len(values)))
    kept: set[int] = {0, len(values) - 1}
    for index in range(stretches):
        own = range(index * len(values) // stretches, (index + 1) * len(values) // stretches)
        known = [place for place in own if values[place] is not None]
        kept.update([place for place in own if values[place] is None][:1])
        if known:
            kept |= {min(known, key=lambda place: values[place] or 0), max(known, key=lambda place: values[place] or 0)}
    return sorted(kept)


def _over_time(
    points: Sequence[tuple[float, float | None, float | None]], unit: str, size: Size, title: str, ident: str
) -> Markup:
    values = [value for _, *pair in points for value in pair if value is not None]
    spots = size.width // 90
    last_s = max(elapsed_s for elapsed_s, _, _ in points)
    across, up = linear_ticks(last_s, spots), linear_ticks(max(values), 3)
    end_s = max(last_s, across[1])
    x = Axis(0, end_s, tuple((t, f"{t:g}") for t in across if t <= end_s), "seconds since the window began")
    shown = "s" if unit == "s" else "requests/s"
    y = Axis(0, up[-1], tuple((v, fmt.number(v, shown, 2)) for v in up))
    lines = (
        Line("metric", tuple((elapsed_s, metric) for elapsed_s, _, metric in points)),
        Line("client", tuple((elapsed_s, client) for elapsed_s, client, _ in points)),
    )
    gaps = sum(metric is None for _, _, metric in points)
    description = (
        f"Client and metric over {fmt.number(end_s, 's')}, at most {fmt.number(max(values), shown)}; "
        f"the metric has no value at {gaps} of {len(points)} moments."
    )
    return chart(lines, x, y, size, ident=ident, title=title, description=description)


def latency_plot(view: ViewReport, ident: str) -> Markup | None:
    """The distribution of one view from each account that has it; None where none has."""
    accounts = (
        ("metric", view.metric_distribution),
        ("witness", view.witness_distribution),
        ("client", view.client_distribution),
    )
    known = [(kind, _thin(kind, curve)) for kind, curve in accounts if curve is not None and curve.latency_s]
    if not known:
        return None
    low, high = _span([curve for _, curve in known])
    ticks = tuple((tick, fmt.number(tick, "s", 1)) for tick in log_ticks(low, high, 5))
    x = Axis(low, high, ticks, "latency (logarithmic)", log=True)
    y = Axis(0, 1, ((0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (0.95, "95 %")))
    lines = [_curve(kind, curve, x) for kind, curve in known]
    percentiles = "; ".join(
        f"{row}: client {fmt.number(client, 's')}, witness {fmt.number(witness, 's')}, metric {fmt.number(metric, 's')}"
        for row, client, witness, metric in (
            ("p50", view.client.p50_s, view.witness.p50_s, view.metric.p50_s),
            ("p95", view.client.p95_s, view.witness.p95_s, view.metric.p95_s),
            ("p99", view.client.p99_s, view.witness.p99_s, view.metric.p99_s),
        )
    )
    title = f"Latency distribution of {shorten(name_of(view), 120)}"
    return chart(
        lines, x, y, SMALL, ident=ident, title=title, description=f"Share of requests at most this slow. {percentiles}."
    )


def _thin(kind: str, curve: Distribution) -> Distribution:
    """At most `CURVE_POINTS` of it, the ends included; a histogram's bounds all stay."""
    step = 1 if kind == "metric" else max(len(curve.latency_s) // CURVE_POINTS, 1)
    places = [*range(0, len(curve.latency_s) - 1, step), len(curve.latency_s) - 1]
    return Distribution(tuple(curve.latency_s[p] for p in places), tuple(curve.shares[p] for p in places))


def _curve(kind: str, curve: Distribution, x: Axis) -> Line:
    """The cumulative share as steps from edge to edge of the axis."""
    points = tuple(zip(curve.latency_s, curve.shares, strict=True))
    before = max((share for latency, share in points if latency <= x.low), default=0.0)
    inside = tuple((latency, share) for latency, share in points if x.low < latency <= x.high)
    last = inside[-1][1] if inside else before
    steps = Line(kind, ((x.low, before), *inside, (x.high, last)), step=True)
    if kind != "metric":
        return steps
    dots = tuple((v, share, "") for v, share in inside)
    return Line(kind, steps.points, step=True, dots=dots)


def _span(curves: list[Distribution]) -> tuple[float, float]:
    """The stretch of latencies in which the curves rise, with a little air."""
    lows = [
        max((v for v, share in zip(c.latency_s, c.shares, strict=True) if share <= EMPTY), default=c.latency_s[0])
        for c in curves
    ]
    highs = [
        min((v for v, share in zip(c.latency_s, c.shares, strict=True) if share >= FULL), default=c.latency_s[-1])
        for c in curves
    ]
    low, high = max(min(lows), NARROWEST), max(*highs, NARROWEST)
    if not (math.isfinite(low) and math.isfinite(high)) or high < low * 2:
        low, high = max(min(low, high) / 2, NARROWEST), max(high, low, NARROWEST) * 2
    return low / 1.15, high * 1.15
