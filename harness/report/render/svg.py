"""A small line and step chart as inline SVG text: linear or logarithmic axes, gaps, no script, no external resource.

Colours come from the page's style sheet through classes (`line client`, `dots metric`), so that light, dark and print
share one drawing. Every text is escaped by `Markup.format`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 34
Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from `low` to `high` with labelled ticks; a logarithmic one needs `low` > 0."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    label: str = ""
    log: bool = False

    def share(self, value: float) -> float:
        """Return where `value` lies between `low` (0) and `high` (1), clipped to both."""
        if value <= self.low or self.high <= self.low:
            return 0.0
        if self.log:
            return min(math.log(value / self.low) / math.log(self.high / self.low), 1.0)
        return min((value - self.low) / (self.high - self.low), 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; `kind` is its style class. A None leaves a gap; `step` holds each value until the next point."""

    kind: str
    points: tuple[tuple[float, float | None], ...]
    step: bool = False
    dots: tuple[tuple[float, float, str], ...] = ()
    """Points to mark, with the text shown while the pointer rests there; without any text they are one short path."""


@dataclass(frozen=True, slots=True)
class Size:
    """The drawing's size in user units, which are CSS pixels when shown at full width."""

    width: int
    height: int


def chart(lines: Sequence[Line], x: Axis, y: Axis, size: Size, *, ident: str, title: str, description: str) -> Markup:
    """Return one `<svg>`; `ident` must be unique on the page, title and description are read out by screen readers."""
    frame = _Frame(x, y, size)
    head = Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>'
    ).format(w=size.width, h=size.height, id=ident, title=title, description=description)
    return head + Markup("").join((*frame.grid(), *(frame.draw(line) for line in lines))) + Markup("</svg>")


def swatch(kind: str, *, dot: bool = False) -> Markup:
    """Return the short piece of line that stands for a curve in the legend."""
    circle = Markup('<circle class="dots {}" cx="14" cy="6" r="3"/>').format(kind) if dot else Markup("")
    line = Markup('<path class="line {}" d="M1 6H27"/>').format(kind)
    return Markup('<svg class="swatch" viewBox="0 0 28 12" aria-hidden="true">') + line + circle + Markup("</svg>")


def linear_ticks(high: float, count: int) -> tuple[float, ...]:
    """Return about `count` round steps (1, 2 or 5 times a power of ten) from 0 to the first one at or above `high`."""
    if not (high > 0 and math.isfinite(high)):
        return (0.0, 1.0)
    rough = high / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)
    return tuple(index * step for index in range(math.ceil(high / step - 1e-9) + 1))


def log_ticks(low: float, high: float, limit: int = 6) -> tuple[float, ...]:
    """Return at most about `limit` ticks within [low, high]: 1-2-5 steps, decades, or every n-th decade."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [factor * 10.0**power for power in decades for factor in factors]
        ticks = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(ticks) <= limit:
            return tuple(ticks)
    return tuple(ticks[:: math.ceil(len(ticks) / limit)])


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area of one chart."""

    x: Axis
    y: Axis
    size: Size

    def left(self, value: float) -> str:
        return f"{LEFT + self.x.share(value) * (self.size.width - LEFT - RIGHT):.1f}"

    def top(self, value: float) -> str:
        return f"{TOP + (1 - self.y.share(value)) * (self.size.height - TOP - BOTTOM):.1f}"

    def grid(self) -> list[Markup]:
        right, base = self.size.width - RIGHT, self.size.height - BOTTOM
        parts = []
        for value, label in self.y.ticks:
            at = self.top(value)
            parts.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, at, right))
            parts.append(
                Markup('<text class="tick end" x="{}" y="{}" dy=".32em">{}</text>').format(LEFT - 6, at, label)
            )
        for value, label in self.x.ticks:
            at = self.left(value)
            parts.append(Markup('<path class="grid" d="M{} {}V{}"/>').format(at, TOP, base))
            parts.append(Markup('<text class="tick mid" x="{}" y="{}">{}</text>').format(at, base + 14, label))
        parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, base, right))
        middle = (LEFT + right) / 2
        parts.append(
            Markup('<text class="label mid" x="{}" y="{}">{}</text>').format(middle, self.size.height - 4, self.x.label)
        )
        return parts

    def draw(self, line: Line) -> Markup:
        path = self._path(line.points, step=line.step)
        drawing = Markup('<path class="line {}" d="{}"/>').format(line.kind, path) if path else Markup("")
        if line.dots and not any(text for _, _, text in line.dots):
            marks = "".join(f"M{self.left(value)} {self.top(height)}h0" for value, height, _ in line.dots)
            return drawing + Markup('<path class="dots {}" d="{}"/>').format(line.kind, marks)
        for value, height, text in line.dots:
            drawing += Markup('<circle class="dots {}" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
                line.kind, self.left(value), self.top(height), text
            )
        return drawing

    def _path(self, points: Points, *, step: bool) -> str:
        """Path data; a point between two gaps becomes a line of no length, which round caps show as a dot."""
        parts: list[str] = []
        drawing = False
        for index, (value, height) in enumerate(points):
            if height is None:
                drawing = False
                continue
            left, top = self.left(value), self.top(height)
            if not drawing:
                parts.append(f"M{left} {top}")
                if index + 1 == len(points) or points[index + 1][1] is None:
                    parts.append("h0")
            else:
                parts.append(f"H{left}V{top}" if step else f"L{left} {top}")
            drawing = True
        return "".join(parts)
