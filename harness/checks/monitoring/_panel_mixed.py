"""A panel that counts scrapes which no label distinguishes: how far they can move what it shows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.checks.monitoring._vector_diff import at, named
from harness.monitoring.dashboards.panel_samples import PanelSamples, Scrapes
from harness.promql.vectors import Labels, UnsupportedError, Vector


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a panel shows of one line, and what it would without the scrapes, at the least and at the most."""

    key: Labels
    shown: float
    least: float
    most: float

    @property
    def possible(self) -> float:
        """By how much it may be off, as a share of the right value."""
        return max(_off(self.shown, self.least), _off(self.shown, self.most))

    @property
    def text(self) -> str:
        """Both, for a reader."""
        line = {self.key: self.shown}
        return (
            f"{at(line, self.key)}{named(self.key)}; without the scrapes, which no label distinguishes, it lies "
            f"between {self.least:.6g} and {self.most:.6g}"
        )


def bounds(asked: ParsedPanel, samples: PanelSamples, shown: Vector, right: Callable[[PanelSamples], Vector]) -> Bounds:
    """Of the line that may be furthest off; `right` evaluates the panel as it should be on other samples.

    Scrapes at either end of a histogram give the least and the most of one of its buckets and of a quantile, and of
    nothing else. Raises UnsupportedError where that is not all that the panel asks for, or shows nothing.
    """
    mixed = [each.metric for each in asked.selections if each.metric in samples.traffic.inseparable]
    if len([metric for metric in mixed if metric.endswith("_bucket")]) > 1:
        raise UnsupportedError(f"{mixed[0]} counts scrapes too, and the panel asks for more than one bucket of it")
    ends = [right(replace(samples, scrapes=scrapes)) for scrapes in Scrapes]
    found = []
    for key, value in shown.items():
        numbers = [end.get(key, math.nan) for end in ends]
        if math.isfinite(value) and all(map(math.isfinite, numbers)):
            found.append(Bounds(key, value, min(numbers), max(numbers)))
        elif not math.isnan(value):
            found = []
            break
    if not found:
        raise UnsupportedError(f"{mixed[0]} counts scrapes too, and there is a line without a value but for them")
    return max(found, key=lambda each: (each.possible, each.key))


def _off(shown: float, right: float) -> float:
    return abs(shown - right) / abs(right) if right else (0.0 if shown == right else math.inf)
