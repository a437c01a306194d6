"""The measured window: where t0 and t1 are chosen, for every command that reads counters between two moments.

`open_window` and `OpenWindow.close` enclose a load between two quiet scrapes, at which nothing is in flight. Processes
whose metrics are nobody's to verify have a window by this machine's clock (`open_unscraped`), and a target without load
has its last minutes (`last_minutes`).
"""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness import promql
from harness.config.profile import Profile
from harness.core.errors import PrometheusError, UsageError
from harness.core.query import NoData, Reading
from harness.core.run import Window
from harness.evidence import quiet
from harness.evidence.quiet import Scrape
from harness.promql.own_series import OF_SCRAPES, SAMPLES_KEPT, UP
from harness.runs.preflight import asking
from harness.runs.scrapes import Scraped
from harness.runtime import interrupt, pressure, target_client
from harness.runtime.pressure import Pressure
from harness.runtime.prometheus import POLL_S, Prometheus

SKEW_MARGIN_S = 0.05
"""How well two clocks can be compared by one question and answer."""
FEWEST_SCRAPES = 4
"""Scrapes in the shortest range of time that says anything."""
LEAST_S = 1.0
"""The shortest window by this machine's clock: no run's window is empty."""

KNOWN_SCRAPES = 4
"""After so many scrapes that only known requests were in flight at, or tore, none is awaited at which nothing is."""
VISIBLE_INTERVALS, VISIBLE_S = 3, 10.0
"""How long to wait until all samples of the last scrape can be asked for: intervals, and seconds at the least."""

Totals = Mapping[str, Mapping[str, Any]]
"""What the target reported of itself, by the name of the question, as it is stored."""


@dataclass(frozen=True, slots=True)
class QuietScrape:
    """One moment at which no request was in flight, or the best that could be had."""

    time_s: float
    """Unix time of the scrape, on Prometheus's clock."""
    idle_requests: int | None
    """Requests by others seen while waiting: 0 when it was really quiet."""
    views: tuple[str, ...] = ()
    """View labels of these, as far as they are known."""
    flying: int = 0
    """Requests in flight that are scrapes by others, or declared background."""
    torn: int = 0
    """Requests of these that came while the counters were written out."""


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
    metrics_view: str = ""
    """The view label of the scrapes themselves, by its growth; empty where it was not found."""


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
    pressure: Pressure | None = None
    """For how long processes of this machine had waited for a processor at t0; None where that is not known."""

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
            self.profile.background,
            still=abandoned or self.profile.start is None,
            whole=self.profile.start is None,
        )
        end = target_client.totals(self.target, self.profile, ("sql_log", "state"))
        return self._measured(after, self.scraped.interval_s, {"start": self.totals, "end": end})

    @property
    def so_far(self) -> MeasuredWindow:
        """As if t1 were t0: what is known of the window before it is closed."""
        interval_s = self.profile.scrape_interval_s if self.scraped is None else self.scraped.interval_s
        window = Window(self.before.time_s, self.before.time_s, interval_s, self.skew_s)
        namespace = self.profile.metric_namespace or "" if self.scraped is None else self.scraped.names.namespace
        view = self.profile.metrics_view if self.scraped is None else self.scraped.metrics_view
        return MeasuredWindow(window, self.instances, self.version, {}, namespace, view)

    def next_scrape_s(self, ended_s: float) -> float:
        """Wait for a quiet scrape after requests of the harness itself, that ended at `ended_s` by this machine.

        Raises PrometheusError when no scrape comes.
        """
        assert self.scraped is not None, "what is not scraped has no next scrape"
        after_s = ended_s - self.skew_s + SKEW_MARGIN_S
        return _await_quiet(
            self.scraped, after_s, _limit_s(self.profile, self.scraped), self.profile.background, still=False
        ).time_s

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
            tuple(sorted({*before.views, *after.views})),
            (before.flying, after.flying),
            (before.torn, after.torn),
            waited.ratio_since(self.pressure) if self.profile.start and (waited := pressure.read()) else None,
        )
        if self.scraped is None:
            return MeasuredWindow(window, self.instances, self.version, totals, self.profile.metric_namespace or "")
        view = self.scraped.metrics_view or self.profile.metrics_view or _view(self.scraped, window)
        return MeasuredWindow(window, self.instances, self.version, totals, self.scraped.names.namespace, view)


def _view(scraped: Scraped, window: Window) -> str:
    """The view of the scrapes, by its growth from the quiet scrape before t0 on."""
    interval_s = scraped.interval_s
    end_s = min(window.end_s, window.start_s + asking.MOST_INTERVALS * interval_s)
    range_s = end_s - window.start_s + 1.5 * interval_s
    try:
        target = asking.labels_of(scraped.prometheus, scraped.selector)
        return asking.view_of(scraped.prometheus, scraped.names, scraped.selector, target, range_s, end_s).view
    except PrometheusError:  # the instrumentation's own name is as good as none
        return ""


def open_window(scraped: Scraped, target: str, profile: Profile) -> OpenWindow:
    """Wait for t0: a quiet scrape at which the counters stand still. Raises PrometheusError when no scrape comes.

    Reading the target's state runs SQL and reading its log's totals runs none. So the state is read first before t0 and
    last after t1: neither reading lies between the log's two totals.
    """
    totals = target_client.totals(target, profile, ("state", "sql_log"))
    prometheus = scraped.prometheus
    skew_s = prometheus.skew_s()
    before = _await_quiet(scraped, prometheus.now(), _limit_s(profile, scraped), profile.background, still=True)
    instances = scraped.instances()
    return OpenWindow(scraped, target, profile, scraped.version, skew_s, before, instances, totals, pressure.read())


def open_now(scraped: Scraped, target: str, profile: Profile) -> OpenWindow:
    """Take this moment as t0 of a target that is watched and not judged. Raises PrometheusError."""
    prometheus = scraped.prometheus
    before = QuietScrape(prometheus.now(), None)
    return OpenWindow(scraped, target, profile, scraped.version, prometheus.skew_s(), before, (), {})


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
    instances = scraped.instances()
    return MeasuredWindow(window, instances, scraped.version, {}, scraped.names.namespace)


def _limit_s(profile: Profile, scraped: Scraped) -> float:
    """How long to wait for a quiet scrape."""
    return max(profile.quiet_timeout_s, 4 * scraped.interval_s) + scraped.lag_s


def _await_quiet(
    scraped: Scraped, after_s: float, limit_s: float, background: Collection[str], *, still: bool, whole: bool = False
) -> QuietScrape:
    """Wait for a visible scrape later than `after_s` at which nothing was in flight.

    With `still`, the counters must also have stood still since the scrape before it, but for scrapes and `background`.
    With `whole`, all samples of the scrape must be visible, as they are at once where Prometheus itself scrapes.
    When that does not come within `limit_s` others use the target: then the newest scrape, and how many requests
    they made between two scrapes; None when the newest scrapes failed or hold no counters. `after_s` is on
    Prometheus's clock. Raises PrometheusError when no scrape comes.
    """
    deadline = time.monotonic() + limit_s
    known: set[float] = set()
    while True:
        judged = _judge_quiet(scraped, after_s, background)
        late = time.monotonic() > deadline
        if judged and (judged.flying or judged.torn) and judged.is_known:
            known.add(judged.time_s)
        quiet_now = judged and judged.is_whole(background=bool(background)) and (not still or judged.is_still)
        if judged and (late or len(known) >= KNOWN_SCRAPES or quiet_now):
            if whole:
                _await_visible(scraped, judged)
            flying, torn = (judged.flying, judged.torn or 0) if judged.is_known else (0, 0)
            seen = judged.strange if late and not judged.is_known else 0
            return QuietScrape(judged.time_s, seen, judged.views if seen else (), flying, torn)
        if late:
            return QuietScrape(_newest_scrape(scraped, after_s, limit_s), None)
        interrupt.sleep(POLL_S)


def _await_visible(scraped: Scraped, scrape: Scrape) -> None:
    """Wait until all samples of a scrape can be asked for; what is missing after the limit, the checks say."""
    deadline = time.monotonic() + max(VISIBLE_INTERVALS * scraped.interval_s, VISIBLE_S)
    while not _is_visible(scraped, scrape) and time.monotonic() < deadline:
        interrupt.sleep(POLL_S)


def _newest_scrape(scraped: Scraped, after_s: float, limit_s: float) -> float:
    """When Prometheus last tried, well or not. Raises PrometheusError when that was not after `after_s`."""
    prometheus, selector = scraped.prometheus, scraped.selector
    reading = prometheus.read(f"{UP}{{{selector}}}[{promql.duration(limit_s)}]")
    tried_s = [series.points[-1][0] for series in reading.series] if isinstance(reading, Reading) else []
    if max(tried_s, default=after_s) <= after_s:
        raise PrometheusError(f"{prometheus.url} has not scraped {selector} for {limit_s:g} s; see its targets page")
    return max(tried_s)


def _judge_quiet(scraped: Scraped, after_s: float, background: Collection[str]) -> Scrape | None:
    """The newest scrape of all targets after `after_s`, or None."""
    lookback_s = 5 * scraped.interval_s + scraped.lag_s
    names, prometheus, selector = scraped.names, scraped.prometheus, scraped.selector
    up, arrived, answered, by_view, *more = (
        prometheus.read(promql.raw(metric, selector, lookback_s))
        for metric in (UP, names.arrived, names.answered, names.responses_by_view, *names.written_later)
    )
    if isinstance(up, NoData) or isinstance(arrived, NoData) or isinstance(answered, NoData):
        return None
    own = {scraped.metrics_view or names.metrics_view, *background}
    later = [each for each in (by_view, *more) if isinstance(each, Reading)]
    counted = by_view if isinstance(by_view, Reading) else None
    return quiet.judge(up, arrived, answered, counted, later, names.labels.view, own, after_s, scraped.interval_s)


def _is_visible(scraped: Scraped, scrape: Scrape) -> bool:
    """True when all samples of a scrape can be asked for; by remote write they come one after the other."""
    prometheus, selector, lookback_s = scraped.prometheus, scraped.selector, 5 * scraped.interval_s
    own = f"job=~{promql.label_value('|'.join(map(re.escape, scrape.jobs)))}" if scrape.jobs else ""
    others = ",".join(filter(None, (selector.strip().removesuffix(","), own, f'__name__!~"{OF_SCRAPES}"')))
    kept = prometheus.read(promql.raw(SAMPLES_KEPT, selector, lookback_s))
    samples = prometheus.read(promql.raw("", others, lookback_s))
    if isinstance(samples, NoData):
        return False
    return quiet.is_whole(samples, kept if isinstance(kept, Reading) else Reading(()), scrape)
