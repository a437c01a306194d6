"""One load that is watched: its samples and scrapes until now, as the moments and laws that a page can show.

What is new is read once. Moments that it changes are made anew, by the functions that draw the report.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from harness.checks import Facts
from harness.checks.counts import running_counts
from harness.core.query import NoData, Query, Reading
from harness.core.report import RatePoint
from harness.core.run import Shard, ShardState
from harness.core.verdict import Status
from harness.evidence import arrays, prometheus_evidence
from harness.evidence.client.rows import Text
from harness.evidence.client.second_counter import SecondCounter
from harness.evidence.prometheus_evidence import Evidence
from harness.report import live, over_time, verification
from harness.report.live import Law
from harness.report.over_time import Accounts
from harness.runs.judge import counted
from harness.runs.live_metrics import STAMP_S, MetricsSoFar
from harness.runs.progress import Watched
from harness.runs.run_directory import RunDirectory
from harness.runtime.load.generator import Progress
from harness.runtime.load.growing import GrowingShards
from harness.runtime.prometheus import Prometheus

MOST_HOLDING = 1 / 20
"""Share of the time that may go into holding laws."""
HOLD_S = 5.0
"""From one judgement to the next, at least."""
SILENT_S = 3.0
"""So long after the last sign of the load its samples are all there."""


@dataclass(slots=True)
class Look:
    """What was seen of one watched load."""

    watched: Watched
    shards: GrowingShards
    metrics: MetricsSoFar | None
    """None where the metrics are not verified."""
    client: SecondCounter = field(default_factory=SecondCounter)
    points: dict[int, RatePoint] = field(default_factory=dict)
    """By number of the moment; 0 is t0."""
    changed: int = 0
    """The first moment that the last look has changed."""
    laws: tuple[Law, ...] = ()
    now_s: float = 0.0
    """Of the last look, on Prometheus's clock."""
    end_s: float | None = None
    """t1; None before it."""
    _skew_s: float = 0.0
    _until_s: float = 0.0
    """Prometheus's clock: what had ended by then is in the shards."""
    _new_s: float = math.inf
    """Prometheus's clock: what was seen and is in no moment yet begins here."""
    _is_done: bool = False
    _next_hold_s: float = 0.0

    @classmethod
    def at(cls, watched: Watched) -> "Look":
        """Nothing is seen yet."""
        metrics = MetricsSoFar(watched.run) if watched.is_verified else None
        return cls(watched, GrowingShards(watched.directory, watched.shards_before), metrics)

    @property
    def accounts(self) -> Accounts:
        """What is known by now."""
        window, metrics = self.watched.run.window, self.metrics
        return Accounts(
            window.start_s,
            window.scrape_interval_s,
            self._ahead_s,
            self.client.started,
            self.client.errors,
            self.client.latencies,
            metrics.shown if metrics else {},
            metrics.errors if metrics and metrics.scraped_s is not None else None,
            metrics.buckets if metrics else {},
        )

    @property
    def scraped_s(self) -> float | None:
        """The newest scrape, on Prometheus's clock."""
        return self.metrics.scraped_s if self.metrics else None

    @property
    def newest(self) -> RatePoint | None:
        """The newest moment that both accounts have; where the metric has none, the client's."""
        known = [index for index, point in self.points.items() if point.metric is not None or self.metrics is None]
        return self.points[max(known)] if known else None

    def note(self, progress: Progress) -> None:
        """The load goes on."""
        self._skew_s = progress.skew_s
        self._until_s = progress.until_s - self._ahead_s

    def look(self) -> None:
        """Take in what is new, and make its moments anew. Raises HarnessError; the next look makes up for it."""
        if self._is_done:
            return
        end_s, window = self.end_s, self.watched.run.window
        self._new_s = min(self._new_s, self._count())
        if self.metrics:
            self._new_s = min(self._new_s, self.metrics.read())
        self.now_s = time.time() - window.clock_skew_s
        seen_s = self._until_s if self.now_s - self._until_s < SILENT_S else self.now_s
        newest = self._index((seen_s if end_s is None else end_s) + STAMP_S)  # at t1 the load is over, and all is there
        oldest = max(newest - math.ceil(live.RING_S / window.scrape_interval_s), 0)
        first = max(self.points, default=-1) + 1
        if math.isfinite(self._new_s):
            first = min(first, self._index(self._new_s))
        first = max(first, oldest)
        self.points |= dict(enumerate(over_time.moments(self.accounts, range(first, newest + 1)), first))
        for later in [index for index in self.points if end_s is not None and index > newest]:
            del self.points[later]  # t1 is known only when it is over
        self.changed, self._new_s, self._is_done = first, math.inf, end_s is not None
        self._forget(oldest)

    def hold(self) -> None:
        """Hold the laws anew, if it is time. Raises PrometheusError."""
        if self.metrics is None or self.end_s or time.monotonic() < self._next_hold_s:
            return
        if self.metrics.scraped_s is None or self.metrics.scraped_s <= self.watched.run.window.start_s + STAMP_S:
            return  # nothing to hold yet; the next look may have it
        begun_s = time.thread_time()
        try:
            self.laws = self._held(self.metrics)
        finally:
            self._next_hold_s = time.monotonic() + max(HOLD_S, (time.thread_time() - begun_s) / MOST_HOLDING)

    @property
    def _ahead_s(self) -> float:
        return self.watched.run.window.clock_skew_s + self._skew_s

    def _index(self, time_s: float) -> int:
        window = self.watched.run.window
        return math.floor((time_s - window.start_s) / window.scrape_interval_s)

    def _forget(self, oldest: int) -> None:
        for index in [index for index in self.points if index < oldest]:
            del self.points[index]
        if oldest:
            window = self.watched.run.window
            before_s = window.start_s + oldest * window.scrape_interval_s - 2 * self.accounts.span_s
            self.client.forget(before_s + self._ahead_s)
            if self.metrics:
                self.metrics.forget(before_s)

    def _count(self) -> float:
        """Count the samples that are new; when the first of them began, on Prometheus's clock. Infinity without any."""
        first_s = math.inf
        for batch in self.shards.read():
            status = arrays.values(batch.column("status"))
            own = (status != 0) & Text.of(pa.chunked_array([batch.column("phase")])).equals("measure")
            if own.any():
                started_s = arrays.values(batch.column("started_s"))[own]
                latency_s = arrays.values(batch.column("latency_s"))[own]
                self.client.add(started_s, status[own].astype(np.int64), latency_s)
                first_s = min(first_s, math.floor(started_s.min()))
        return first_s - self._ahead_s

    def _held(self, metrics: MetricsSoFar) -> tuple[Law, ...]:
        """What can be held at the newest scrape: that scrapes came, and that what was answered by then is counted.

        Requests in flight are in no sample yet, so the counters have no upper bound before the end.
        """
        assert metrics.scraped_s is not None, "nothing is held before the first scrape after t0"
        run = replace(
            self.watched.run,
            window=replace(self.watched.run.window, end_s=metrics.scraped_s),
            checks=(running_counts.ID,),
            foreign_traffic=True,
            shards=tuple(Shard(file.name, "measure", None) for file in self.shards.files),
        )
        evidence = Evidence(dict(_answers(Prometheus(run.prometheus), verification.queries(run))))
        client = counted(RunDirectory(self.watched.directory), run, evidence)
        states = tuple(ShardState(shard, client.rows, "") for shard in run.shards)
        facts = Facts(run, client, evidence, states)
        return (_scrapes(metrics), *(live.laws(verification.held(facts)) if client.responses else ()))


def _scrapes(metrics: MetricsSoFar) -> Law:
    if metrics.failed:
        return Law("scrapes", Status.FAIL.value, f"{metrics.failed} of {metrics.scrapes} since t0 failed")
    return Law("scrapes", Status.PASS.value, f"all {metrics.scrapes} since t0 succeeded")


def _answers(prometheus: Prometheus, queries: tuple[Query, ...]) -> Iterator[tuple[Query, Reading | NoData]]:
    for query, answer in zip(queries, prometheus.fetch(queries), strict=True):
        if "result" in answer:
            yield query, prometheus_evidence.parse_result(answer["result"])
