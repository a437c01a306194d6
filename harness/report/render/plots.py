"""The report's plots: request rate over time, and one latency distribution per view."""

import math
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.report import Distribution, RatePoint, Report, ViewReport
from harness.core.text import shorten
from harness.report.render import number_format as fmt
from harness.report.render.overview import name_of
from harness.report.render.svg import Axis, Line, Size, chart, linear_ticks, log_ticks

WIDE, NARROW, SMALL = Size(1040, 250), Size(360, 240), Size(360, 230)
NARROWEST = 1e-7
"""A latency of 0 has no place on a logarithmic axis; it is drawn here."""
FULL = 0.9995
"""The x axis ends where this share of every account lies below, so that one outlier does not squeeze the curves."""
EMPTY = 0.005
"""The x axis begins where more than this share of some account lies below."""


@dataclass(frozen=True, slots=True)
class LatencyPlot:
    """The distribution of one view, beside the name to show above it."""

    name: str
    svg: Markup


def rate_plots(report: Report) -> tuple[Markup, Markup] | None:
    """Return the rate over time for a wide and for a narrow page; None when no account has a value."""
    if not any(point.client is not None or point.metric is not None for point in report.rate):
        return None
    return _rate(report.rate, WIDE, "rate-wide"), _rate(report.rate, NARROW, "rate-narrow")


def latency_plots(report: Report) -> tuple[LatencyPlot, ...]:
    """Return one plot per view that has a distribution from at least one account."""
    plots = []
    for index, view in enumerate(report.views):
        svg = _latency(view, f"latency-{index}")
        if svg is not None:
            plots.append(LatencyPlot(name_of(view), svg))
    return tuple(plots)


def _rate(points: tuple[RatePoint, ...], size: Size, ident: str) -> Markup:
    values = [value for point in points for value in (point.client, point.metric) if value is not None]
    spots = size.width // 90
    across = linear_ticks(max(point.elapsed_s for point in points), spots)
    up = linear_ticks(max(values), 4)
    end_s = max(*(point.elapsed_s for point in points), across[1])
    x = Axis(0, end_s, tuple((t, f"{t:g}") for t in across if t <= end_s), "seconds since the window began")
    y = Axis(0, up[-1], tuple((v, f"{v:,g} /s") for v in up))
    lines = (
        Line("metric", tuple((point.elapsed_s, point.metric) for point in points)),
        Line("client", tuple((point.elapsed_s, point.client) for point in points)),
    )
    gaps = sum(point.metric is None for point in points)
    description = (
        f"Client and metric over {fmt.number(end_s, 's')}, at most {fmt.number(max(values), 'requests/s')}; "
        f"the metric has no value at {gaps} of {len(points)} moments."
    )
    return chart(lines, x, y, size, ident=ident, title="Request rate over time", description=description)


def _latency(view: ViewReport, ident: str) -> Markup | None:
    accounts = (
        ("metric", view.metric_distribution),
        ("witness", view.witness_distribution),
        ("client", view.client_distribution),
    )
    known = [(kind, curve) for kind, curve in accounts if curve is not None and curve.latency_s]
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


def _curve(kind: str, curve: Distribution, x: Axis) -> Line:
    """The cumulative share as steps from edge to edge of the axis."""
    points = tuple(zip(curve.latency_s, curve.shares, strict=True))
    before = max((share for latency, share in points if latency <= x.low), default=0.0)
    inside = tuple((latency, share) for latency, share in points if x.low < latency <= x.high)
    last = inside[-1][1] if inside else before
    steps = Line(kind, ((x.low, before), *inside, (x.high, last)), step=True)
    if kind != "metric":
        return steps
    dots = tuple((v, share, f"at most {fmt.number(v, 's')}: {fmt.number(share, 'ratio')}") for v, share in inside)
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
