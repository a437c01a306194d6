"""Waiting until Prometheus is known to scrape the target, and how often it does."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from harness import promql
from harness.config.profile import Profile
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Reading, Series
from harness.evidence import replicas
from harness.evidence.targets import Targets
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.promql.own_series import UP
from harness.runs.progress import Reporter
from harness.runtime import interrupt, namespace
from harness.runtime.prometheus import POLL_S, Prometheus

SCRAPED_LIMIT_S = 15.0
"""How long Prometheus may take to scrape the target for the first time, and four intervals at least."""
COPIES_SCRAPES = 4
"""How many scrapes are waited for the copies of targets that others have."""
INTERVAL_LIMIT_S = 150.0
"""How long to wait for two scrapes of a running target."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """A target that a Prometheus scrapes."""

    prometheus: Prometheus
    version: str
    """Of Prometheus; empty when it does not know it."""
    selector: str
    """PromQL label matchers that pick the target's series."""
    interval_s: float
    """Between two scrapes of the target."""
    names: Instrumentation
    """What counts in the target, under the namespace that its series have."""
    metrics_view: str = ""
    """The profile's view label of the scrapes themselves; empty for the instrumentation's own."""
    narrowed_by: str = ""
    """Matchers that were added to the profile's selector, since each series was there several times."""
    target_labels: tuple[str, ...] = ()
    """The labels of a target, where several targets share an `instance`."""
    evaluates_as: str | None = None
    """The version of Prometheus that evaluates as the server does; empty for none, None where it was not asked."""
    lag_s: float = 0.0
    """How long after its scrape a sample is found, where that was looked at."""

    def instances(self) -> tuple[str, ...]:
        """The `instance` labels of the app's processes that are scraped well now. Raises PrometheusError."""
        return _instances(self.prometheus, self.selector, self.names)


def await_scraped(prometheus: Prometheus, profile: Profile, reporter: Reporter) -> Scraped:
    """Wait until the target is scraped well and its counters are seen.

    Raises PrometheusError, and UsageError when the target has several namespaces.
    """
    version = prometheus.version()
    reporter.stage("waiting for the first scrape")
    names = _await_counters(prometheus, profile, max(SCRAPED_LIMIT_S, 4 * profile.scrape_interval_s))
    if profile.start:
        return Scraped(
            prometheus,
            version,
            profile.selector,
            profile.scrape_interval_s,
            names,
            profile.metrics_view,
            evaluates_as=prometheus.evaluates_as(),
        )
    interval_s = _interval_s(prometheus, profile.selector, names)
    narrowed_by = _narrowed_by(prometheus, profile.selector, names, interval_s)
    selector = ",".join(filter(None, (profile.selector.strip().removesuffix(","), narrowed_by)))
    if narrowed_by:
        reporter.stage(f"each series is there several times, from replicas of Prometheus: reading {narrowed_by} alone")
    labels = _target_labels(prometheus, selector)
    return Scraped(
        prometheus,
        version,
        selector,
        interval_s,
        names,
        profile.metrics_view,
        narrowed_by,
        labels,
        prometheus.evaluates_as(),
    )


def scraped_already(prometheus: Prometheus, profile: Profile) -> Scraped:
    """A target that runs and is scraped, whatever it exports.

    Raises PrometheusError when nothing of it is up, and UsageError when it has several namespaces.
    """
    version, selector = prometheus.version(), profile.selector
    if not _instances(prometheus, selector, None):
        raise PrometheusError(
            f"{prometheus.url} scrapes no target with {{{selector}}} that is up; see its targets page, or name "
            "the target's labels with --selector"
        )
    names = _names(prometheus, profile) or registry.of(profile)
    interval_s = _interval_s(prometheus, selector, names)
    return Scraped(prometheus, version, selector, interval_s, names, target_labels=_target_labels(prometheus, selector))


def _names(prometheus: Prometheus, profile: Profile) -> Instrumentation | None:
    """What counts in the target, under the namespace that its series have now; None when it has no counter of requests.

    Raises PrometheusError, and UsageError when it has several namespaces.
    """
    plain = registry.find(profile.instrumentation)
    found = namespace.find(prometheus.read, plain, profile.selector, profile.metric_namespace)
    return None if found is None else plain.under(found)


def _await_counters(prometheus: Prometheus, profile: Profile, limit_s: float) -> Instrumentation:
    deadline, selector = time.monotonic() + limit_s, profile.selector
    while True:
        reading = prometheus.read(f"{UP}{{{selector}}}")
        up = [series for series in reading.series if series.last == 1] if isinstance(reading, Reading) else []
        if up and (found := _names(prometheus, profile)) is not None:
            return found
        if time.monotonic() > deadline:
            why = _why_unscraped(registry.of(profile), selector, reading, up=bool(up))
            others = () if up else namespace.exporters(prometheus.read, registry.find(profile.instrumentation))
            hint = f"; {' and '.join(others)} would: name it with --selector" if others else ""
            raise PrometheusError(f"{prometheus.url} {why}{hint}")
        interrupt.sleep(POLL_S)


def _why_unscraped(names: Instrumentation, selector: str, reading: Reading | NoData, *, up: bool) -> str:
    if isinstance(reading, NoData):
        return f"does not scrape any target with {{{selector}}}; set `selector` in the profile, or add the scrape job"
    if not up:
        down = ", ".join(series.labels.get("instance", "?") for series in reading.series)
        return f"cannot scrape {down} (up is 0); see its targets page for the error"
    return f"scrapes {{{selector}}}, but finds no {names.arrived}; {names.advice.unscraped}"


def _ups(prometheus: Prometheus, selector: str) -> tuple[Series, ...]:
    reading = prometheus.read(f"{UP}{{{selector}}}")
    return reading.series if isinstance(reading, Reading) else ()


def _instances(prometheus: Prometheus, selector: str, names: Instrumentation | None) -> tuple[str, ...]:
    """The `instance` labels of targets that are up; with `names`, of those that count requests, if any does."""
    up = [series.labels for series in _ups(prometheus, selector) if series.last == 1]
    counting = _counting(prometheus, selector, names) if names else None
    known = Targets.of(up)
    own = [labels for labels in up if not counting or known.name(labels) in {known.name(each) for each in counting}]
    return tuple(sorted({labels.get("instance", "") for labels in own}))


def _counting(prometheus: Prometheus, selector: str, names: Instrumentation) -> list[Mapping[str, str]]:
    """Label sets of the series that count requests."""
    reading = prometheus.read(promql.selector(names.arrived, selector))
    return [series.labels for series in reading.series] if isinstance(reading, Reading) else []


def _narrowed_by(prometheus: Prometheus, selector: str, names: Instrumentation, interval_s: float) -> str:
    """Matchers that leave one copy of each series, where replicas of Prometheus give several; empty where none do.

    Where only some targets are there several times, the others' copies may be on their way for some scrapes.
    """
    for left in range(COPIES_SCRAPES, -1, -1):
        counted = prometheus.read(promql.selector(f"{names.latency_by_view}_sum", selector))
        ups = [series.labels for series in _ups(prometheus, selector)]
        if found := replicas.find(ups, counted if isinstance(counted, Reading) else Reading(())):
            return found.matchers
        if not left or not replicas.are_some_missing(ups):
            return ""
        interrupt.sleep(interval_s)
    return ""


def _target_labels(prometheus: Prometheus, selector: str) -> tuple[str, ...]:
    """The labels of `up`, where several targets share an `instance`; none where each has its own."""
    ups = [series.labels for series in _ups(prometheus, selector)]
    if len({labels.get("instance", "") for labels in ups}) == len(ups):
        return ()
    return tuple(sorted({name for labels in ups for name in labels} - {"__name__"}))


def _interval_s(prometheus: Prometheus, selector: str, names: Instrumentation) -> float:
    """Seconds between two scrapes of the app's targets, the median of the newest; waits for two of them.

    Raises PrometheusError when they do not come within `INTERVAL_LIMIT_S`.
    """
    deadline = time.monotonic() + INTERVAL_LIMIT_S
    while True:
        reading = prometheus.read(f"{UP}{{{selector}}}[{promql.duration(INTERVAL_LIMIT_S)}]")
        scraped = reading.series if isinstance(reading, Reading) else ()
        known = Targets.of(series.labels for series in scraped)
        counting = {known.name(labels) for labels in _counting(prometheus, selector, names)}
        scraped = tuple(each for each in scraped if not counting or known.name(each.labels) in counting)
        steps = sorted(after[0] - before[0] for series in scraped for before, after in pairwise(series.points))
        if steps:
            return round(steps[len(steps) // 2], 3)
        if time.monotonic() > deadline:
            raise PrometheusError(
                f"{prometheus.url} has not scraped {{{selector}}} twice in {INTERVAL_LIMIT_S:g} s; is the selector "
                "right?"
            )
        interrupt.sleep(POLL_S)
