"""Grafana's time range and steps as text: `$__interval`, `$__rate_interval`, `$__range` and their kin.

Sources: https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/ and
packages/grafana-data/src/datetime/rangeutil.ts, `calculateInterval` and `roundInterval`. The data source's own least
interval is taken to be the scrape interval, as Grafana asks its users to set it.
"""

import math
import re
from dataclasses import dataclass
from itertools import pairwise

RATE_SCRAPES = 4
"""Scrapes in `$__rate_interval`, the least that Grafana gives it."""
_UNITS_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "M": 2_592_000_000,
    "y": 31_536_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])")
_DURATION = re.compile(rf"[<>=\s]*((?:{_PART.pattern})+)\s*")
_NICE_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000),
    *(300_000, 600_000, 900_000, 1_200_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000),
    *(86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000),
)
"""What a step is rounded to, whichever is nearest."""
_DATE = re.compile(r"date(?::(.*))?")


@dataclass(frozen=True, slots=True)
class Steps:
    """The time range and the steps in which one query is asked."""

    range_ms: int
    scrape_ms: int
    end_s: float = 0.0
    least_ms: int = 0
    """The least interval of the panel or the query; 0: that of the data source."""
    query_ms: int = 0
    """The query's own least step, which Grafana takes for the scrape interval in `$__rate_interval`; 0 without one."""
    most_points: int = 0

    @property
    def interval_ms(self) -> int:
        """Between two points of a curve."""
        least = self.query_ms or self.least_ms or self.scrape_ms
        return max(least, nice_ms(self.range_ms / self.most_points)) if self.most_points else least

    @property
    def rate_interval_ms(self) -> int:
        """The range of a `rate()` that has enough scrapes."""
        scrape = self.query_ms or self.scrape_ms
        return max(self.interval_ms + scrape, RATE_SCRAPES * scrape)

    def value(self, name: str, format_: str = "") -> str | None:
        """The value of one of Grafana's built-in variables of time; None for any other name."""
        if name in ("__from", "__to"):
            at_ms = round(self.end_s * 1000) - (self.range_ms if name == "__from" else 0)
            return str(at_ms // 1000) if format_ == "date:seconds" else None if _DATE.fullmatch(format_) else str(at_ms)
        values = {
            "__range": f"{self.range_ms}ms",
            "__range_s": str(round(self.range_ms / 1000)),
            "__range_ms": str(self.range_ms),
            "__interval": f"{self.interval_ms}ms",
            "__interval_ms": str(self.interval_ms),
            "__rate_interval": f"{self.rate_interval_ms}ms",
            "__rate_interval_ms": str(self.rate_interval_ms),
        }
        return values.get(name)

    def divided_ms(self, steps: int, least_ms: int) -> int:
        """The interval of a variable that follows the time range."""
        return max(nice_ms(self.range_ms / max(steps, 1)), least_ms)


def nice_ms(interval_ms: float) -> int:
    """A step that reads well, in milliseconds."""
    for lower, upper in pairwise(_NICE_MS):
        if interval_ms < (lower + upper) / 2:
            return lower
    return _NICE_MS[-1]


def read_ms(written: str) -> int:
    """A duration such as `30s`, `>=1m` or `1h30m`, in milliseconds; 0 for what is none."""
    match = _DURATION.fullmatch(written)
    if match is None:
        return 0
    total = sum(float(number) * _UNITS_MS[unit] for number, unit in _PART.findall(match[1]))
    return math.ceil(total) if math.isfinite(total) else 0
