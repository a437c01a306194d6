"""What Prometheus has scraped of a run so far: each sample is asked for about once."""

import math
import time

from harness import promql
from harness.core.query import NoData, Query, Reading, Series
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP
from harness.report import over_time
from harness.report.over_time import Curve
from harness.runtime.prometheus import Prometheus

ASKED_AGAIN = 3
"""Moments of the panel that are asked for again: another replica may be scraped a little later."""
OVERLAP = 2
"""Scrapes that are asked for again; by remote write their samples come one after the other."""
STAMP_S = 0.003
"""Prometheus moves a scrape by so much onto its grid."""

Key = tuple[tuple[str, str], ...]


class MetricsSoFar:
    """The metric's side of `over_time.Accounts`, as it grows."""

    def __init__(self, run: Run) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._names = registry.of(run)
        self._prometheus = Prometheus(run.prometheus)
        self._asked_s = run.window.start_s - run.window.scrape_interval_s
        self._responses: dict[Key, Curve] = {}
        self._times: dict[Key, Curve] = {}
        self._background = {run.metrics_view or self._names.metrics_view, *run.background}
        self.shown: dict[float, float] = {}
        self.scraped_s: float | None = None
        """The newest scrape of the target that came last, on Prometheus's clock."""
        self.failed = self.scrapes = 0
        """Scrapes since t0, and those that failed."""
        self._ups: dict[Key, float] = {}

    @property
    def errors(self) -> list[Curve]:
        """Responses with status 5xx."""
        return over_time.failing(self._responses.values(), self._names)

    @property
    def buckets(self) -> dict[float, list[Curve]]:
        """Of latency, by upper bound."""
        return over_time.by_bound(self._times.values())

    def read(self) -> float:
        """Ask for what is new; the time of the first new sample, infinity without any. Raises PrometheusError."""
        begun_s = time.time() - self._run.window.clock_skew_s
        range_s = max(begun_s - self._asked_s, 0.0) + (OVERLAP + 1) * self._run.window.scrape_interval_s
        if not self._note_scrapes(self._series(UP, range_s)):
            return math.inf
        first_s = min(
            self._extend(self._responses, self._names.responses_by_view, range_s),
            self._extend(self._times, f"{self._names.latency_by_view}_bucket", range_s),
            self._read_panel(),
        )
        self._asked_s = begun_s
        return first_s

    def forget(self, before_s: float) -> None:
        """Drop what lies before a time."""
        for curve in (*self._responses.values(), *self._times.values()):
            curve.forget(before_s)
        self.shown = {time_s: value for time_s, value in self.shown.items() if time_s >= before_s}

    def _series(self, metric: str, range_s: float) -> tuple[Series, ...]:
        reading = self._prometheus.read(promql.raw(metric, self._run.selector, range_s))
        return reading.series if isinstance(reading, Reading) else ()

    def _note_scrapes(self, ups: tuple[Series, ...]) -> bool:
        """Whether there is a scrape that was not known."""
        news = False
        for series in ups:
            key = series.sorted_labels(named=False)
            known_s = max(self._ups.get(key, -math.inf), self._run.window.start_s + STAMP_S)
            new = [value for time_s, value in series.points if time_s > known_s]
            self.scrapes += len(new)
            self.failed += sum(value != 1 for value in new)
            news = news or bool(new)
            self._ups[key] = series.points[-1][0]
        self.scraped_s = min(self._ups.values(), default=None)
        return news

    def _extend(self, curves: dict[Key, Curve], metric: str, range_s: float) -> float:
        first_s = math.inf
        for series in self._series(metric, range_s):
            if series.labels.get(self._names.labels.view, "") in self._background:
                continue
            key = series.sorted_labels(named=False)
            curve = curves.setdefault(key, Curve(series.labels, self._run.window.start_s))
            if (new_s := curve.extend(series.points)) is not None:
                first_s = min(first_s, new_s)
        return first_s

    def _read_panel(self) -> float:
        """The panel's values at the newest moments that were scraped."""
        window = self._run.window
        assert self.scraped_s is not None, "there is a new scrape"
        newest = math.floor((self.scraped_s - window.start_s + STAMP_S) / window.scrape_interval_s)
        oldest = math.floor((self._asked_s - window.start_s) / window.scrape_interval_s) - ASKED_AGAIN
        begin_s, end_s = (
            window.start_s + max(index, 0) * window.scrape_interval_s for index in (min(oldest, newest), newest)
        )
        text = over_time.rate_text(self._names, self._run.selector, window.scrape_interval_s)
        (answer,) = self._prometheus.fetch([Query(text, end_s, begin_s, window.scrape_interval_s)])
        reading = prometheus_evidence.parse_result(answer["result"]) if "result" in answer else None
        if reading is None or isinstance(reading, NoData):
            return math.inf
        found = over_time.in_milliseconds(reading.series[0].points)
        new = [time_s for time_s, value in found.items() if self.shown.get(time_s) != value]
        self.shown |= found
        return min(new, default=math.inf)
