"""The measured window: where t0 and t1 are chosen, for every command that reads counters between two moments.

`open_window` and `OpenWindow.close` enclose a load between two quiet scrapes, at which nothing is in flight. Processes
whose metrics are nobody's to verify have a window by this machine's clock (`open_unscraped`), and a target without load
has its last minutes (`last_minutes`).
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import promql
from harness.config.profile import Profile
from harness.core.errors import PrometheusError, UsageError
from harness.core.query import NoData, Reading
from harness.core.run import Window
from harness.promql.own_series import UP
from harness.runs.scrapes import Scraped
from harness.runtime import interrupt, target_client
from harness.runtime.prometheus import POLL_S, Prometheus

SKEW_MARGIN_S = 0.05
"""How well two clocks can be compared by one question and answer."""
FEWEST_SCRAPES = 4
"""Scrapes in the shortest range of time that says anything."""
LEAST_S = 1.0
"""The shortest window by this machine's clock: no run's window is empty."""

Totals = Mapping[str, Mapping[str, Any]]
"""What the target reported of itself, by the name of the question, as it is stored."""


@dataclass(frozen=True, slots=True)
class QuietScrape:
    """One moment at which no request was in flight, or the best that could be had."""

    time_s: float
    """Unix time of the scrape, on Prometheus's clock."""
    idle_requests: int | None
    """Requests by others seen while waiting: 0 when it was really quiet."""


@dataclass(frozen=True, slots=True)
class MeasuredWindow:
    """A closed window: its t0 and t1, and what is known of them."""

    window: Window
    instances: tuple[str, ...]
    """`instance` labels of the target that were up at t0."""
    prometheus_version: str
    totals: Mapping[str, Totals]
    """The target's own totals, at `start` and `end`; without `end` where the metrics are not verified."""
    namespace: str
    """What the target puts before the name of each metric; where that is not verified, what the profile says."""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window whose t0 is behind us."""

    scraped: Scraped | None
    """None when t0 is a time of this machine's clock and no scrape."""
    target: str
    profile: Profile
    version: str
    skew_s: float
    """This machine's clock minus Prometheus's."""
    before: QuietScrape
    instances: tuple[str, ...]
    totals: Totals

    def close(self, ended_s: float, *, abandoned: bool = False) -> MeasuredWindow:
        """Wait for t1: the first quiet scrape after the last response, at `ended_s` on this machine's clock.

        Nobody else uses a target that was started here, so the first scrape with nothing in flight will do. Elsewhere
        the counters must also have stood still since the one before, which shows that nobody else uses it; so they must
        where the load `abandoned` requests, for one that ends during a scrape is in some of its counters only. Raises
        PrometheusError when no scrape comes.
        """
        if self.scraped is None:
            after = QuietScrape(max(time.time(), self.before.time_s + LEAST_S), 0)
            return self._measured(after, self.profile.scrape_interval_s, {"start": self.totals})
        after = _await_quiet(
            self.scraped,
            ended_s - self.skew_s + SKEW_MARGIN_S,
            _limit_s(self.profile, self.scraped),
            still=abandoned or self.profile.start is None,
        )
        end = target_client.totals(self.target, self.profile, ("sql_log", "state"))
        return self._measured(after, self.scraped.interval_s, {"start": self.totals, "end": end})

    def next_scrape_s(self, ended_s: float) -> float:
        """Wait for a quiet scrape after requests of the harness itself, that ended at `ended_s` by this machine.

        Raises PrometheusError when no scrape comes.
        """
        assert self.scraped is not None, "what is not scraped has no next scrape"
        after_s = ended_s - self.skew_s + SKEW_MARGIN_S
        return _await_quiet(self.scraped, after_s, _limit_s(self.profile, self.scraped), still=False).time_s

    def _measured(self, after: QuietScrape, interval_s: float, totals: Mapping[str, Totals]) -> MeasuredWindow:
        before = self.before
        window = Window(
            before.time_s,
            after.time_s,
            interval_s,
            self.skew_s,
            before.idle_requests,
            after.idle_requests,
            self.scraped.prometheus.skew_s() if self.scraped else None,
        )
        namespace = self.scraped.names.namespace if self.scraped else self.profile.metric_namespace or ""
        return MeasuredWindow(window, self.instances, self.version, totals, namespace)


def open_window(scraped: Scraped, target: str, profile: Profile) -> OpenWindow:
    """Wait for t0: a quiet scrape at which the counters stand still. Raises PrometheusError when no scrape comes.

    Reading the target's state runs SQL and reading its log's totals runs none. So the state is read first before t0 and
    last after t1: neither reading lies between the log's two totals.
    """
    totals = target_client.totals(target, profile, ("state", "sql_log"))
    prometheus = scraped.prometheus
    skew_s = prometheus.skew_s()
    before = _await_quiet(scraped, prometheus.now(), _limit_s(profile, scraped), still=True)
    instances = prometheus.instances(scraped.selector)
    return OpenWindow(scraped, target, profile, scraped.version, skew_s, before, instances, totals)


def open_unscraped(target: str, profile: Profile, prometheus: Prometheus | None) -> OpenWindow:
    """Take this moment as t0: the metrics of the target are not verified. Raises PrometheusError."""
    totals = target_client.totals(target, profile, ("state", "sql_log"))
    version = prometheus.version() if prometheus else ""
    return OpenWindow(None, target, profile, version, 0.0, QuietScrape(time.time(), 0), (), totals)


def last_minutes(scraped: Scraped, range_s: float) -> MeasuredWindow:
    """The last `range_s` seconds of a target without load. Raises UsageError when they hold too few scrapes.

    They end one scrape interval ago: by then the newest scrape in them is stored, however long it took.
    """
    prometheus, interval_s = scraped.prometheus, scraped.interval_s
    if range_s < FEWEST_SCRAPES * interval_s:
        raise UsageError(
            f"--range: {range_s:g} s hold fewer than {FEWEST_SCRAPES} scrapes at one every {interval_s:g} s; choose "
            "a longer one"
        )
    end_s = round(prometheus.now() - interval_s, 3)
    window = Window(end_s - range_s, end_s, interval_s, prometheus.skew_s(), None, None)
    instances = prometheus.instances(scraped.selector)
    return MeasuredWindow(window, instances, scraped.version, {}, scraped.names.namespace)


def _limit_s(profile: Profile, scraped: Scraped) -> float:
    """How long to wait for a quiet scrape."""
    return max(profile.quiet_timeout_s, 4 * scraped.interval_s)


def _await_quiet(scraped: Scraped, after_s: float, limit_s: float, *, still: bool) -> QuietScrape:
    """Wait for a visible scrape later than `after_s` at which nothing was in flight.

    With `still`, the counters must also have stood still since the scrape before it, but for the scrape itself.
    When that does not come within `limit_s` others use the target: then the newest scrape, and how many requests
    they made between two scrapes; None when the newest scrapes failed or hold no counters. `after_s` is on
    Prometheus's clock. Raises PrometheusError when no scrape comes.
    """
    deadline = time.monotonic() + limit_s
    while True:
        judged = _judge_quiet(scraped, after_s)
        if judged and judged.flying == 0 and (not still or judged.is_still):
            return QuietScrape(judged.time_s, 0)
        if time.monotonic() > deadline:
            if judged is None:
                return QuietScrape(_newest_scrape(scraped, after_s, limit_s), None)
            return QuietScrape(judged.time_s, max(judged.arrived, 0))
        interrupt.sleep(POLL_S)


def _newest_scrape(scraped: Scraped, after_s: float, limit_s: float) -> float:
    """When Prometheus last tried, well or not. Raises PrometheusError when that was not after `after_s`."""
    prometheus, selector = scraped.prometheus, scraped.selector
    reading = prometheus.read(f"{UP}{{{selector}}}[{promql.duration(limit_s)}]")
    tried_s = [series.points[-1][0] for series in reading.series] if isinstance(reading, Reading) else []
    if max(tried_s, default=after_s) <= after_s:
        raise PrometheusError(f"{prometheus.url} has not scraped {selector} for {limit_s:g} s; see its targets page")
    return max(tried_s)


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest scrape of every instance; requests without the scrapes' own."""

    time_s: float
    flying: int
    """Requests in flight then."""
    arrived: int
    """Requests since the scrape before."""
    answered: int
    """Responses since the scrape before."""

    @property
    def is_still(self) -> bool:
        """Nothing began and nothing ended since the scrape before."""
        return self.arrived == 0 and self.answered == 0


def _judge_quiet(scraped: Scraped, after_s: float) -> _Newest | None:
    """The newest scrape after `after_s`; None where an instance has none, or two of different moments."""
    lookback_s = 5 * scraped.interval_s
    metrics = (scraped.names.arrived, scraped.names.answered)
    requests, responses = (
        scraped.prometheus.read(promql.raw(metric, scraped.selector, lookback_s)) for metric in metrics
    )
    if isinstance(requests, NoData) or isinstance(responses, NoData):
        return None
    answered, served = _sums(responses), _served(scraped, lookback_s)
    newest, flying, arrived, ended = 0.0, 0, 0, 0
    for instance, points in _sums(requests).items():
        answers = answered.get(instance, ())
        if len(points) < 2 or len(answers) < 2 or points[-1][0] <= after_s:
            return None
        if points[-1][0] != answers[-1][0]:
            return None  # a scrape was stored between the two questions: they are of different moments
        own = 1 if points[-1][1] - answers[-1][1] >= 1 else 0  # the scrape itself, when Django serves it
        flying += int(points[-1][1] - answers[-1][1]) - own
        scrapes = _grown(served.get(instance, ()), points[-2][0], points[-1][0])
        arrived += _without(int(points[-1][1] - points[-2][1]), own, scrapes)
        ended += _without(int(answers[-1][1] - answers[-2][1]), own, scrapes)
        newest = max(newest, points[-1][0])
    return _Newest(newest, flying, arrived, ended)


def _without(grown: int, own: int, scrapes: int) -> int:
    """Requests without this scrape's `own` and those of whoever else scrapes."""
    return grown - max(own, min(grown, scrapes))


def _served(scraped: Scraped, lookback_s: float) -> dict[str, list[tuple[float, float]]]:
    """How often each instance's metrics were asked for, by whomever: a second Prometheus of a pair is no traffic."""
    names = scraped.names
    view = {names.labels.view: scraped.metrics_view or names.metrics_view}
    reading = scraped.prometheus.read(promql.raw(names.responses_by_view, scraped.selector, lookback_s, view))
    return _sums(reading) if isinstance(reading, Reading) else {}


def _grown(points: Sequence[tuple[float, float]], before_s: float, after_s: float) -> int:
    """How much a counter grew between two scrapes; 0 when one of them is not known."""
    values = dict(points)
    return int(values[after_s] - values[before_s]) if before_s in values and after_s in values else 0


def _sums(reading: Reading) -> dict[str, list[tuple[float, float]]]:
    """A counter by instance at each scrape, added up over the labels that an app gave it."""
    sums: dict[str, dict[float, float]] = {}
    for series in reading.series:
        points = sums.setdefault(series.labels.get("instance", ""), {})
        for time_s, value in series.points:
            points[time_s] = points.get(time_s, 0.0) + value
    return {instance: sorted(points.items()) for instance, points in sums.items()}
