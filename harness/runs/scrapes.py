"""Waiting until Prometheus is known to scrape the target, and how often it does."""

import time
from dataclasses import dataclass
from itertools import pairwise

from harness import promql
from harness.config.profile import Profile
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Reading
from harness.instrumentation.django_prometheus.metrics import REQUESTS
from harness.runs.progress import Reporter
from harness.runtime.prometheus import POLL_S, Prometheus

SCRAPED_LIMIT_S = 15.0
"""How long Prometheus may take to scrape the target for the first time, and four intervals at least."""
INTERVAL_LIMIT_S = 150.0
"""How long to wait for two scrapes of a target that runs already."""


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


def await_scraped(prometheus: Prometheus, profile: Profile, reporter: Reporter) -> Scraped:
    """Wait until the target is scraped well and its counters are seen. Raises PrometheusError."""
    version = prometheus.version()
    reporter.stage("waiting for the first scrape")
    _await_counters(prometheus, profile.selector, max(SCRAPED_LIMIT_S, 4 * profile.scrape_interval_s))
    interval_s = profile.scrape_interval_s if profile.start else _interval_s(prometheus, profile.selector)
    return Scraped(prometheus, version, profile.selector, interval_s)


def scraped_already(prometheus: Prometheus, selector: str) -> Scraped:
    """A target that runs and is scraped, whatever it exports. Raises PrometheusError when nothing of it is up."""
    version = prometheus.version()
    if not prometheus.instances(selector):
        raise PrometheusError(
            f"{prometheus.url} scrapes nothing with {{{selector}}} that is up; see its targets page, or name "
            "the target's labels with --selector"
        )
    return Scraped(prometheus, version, selector, _interval_s(prometheus, selector))


def _await_counters(prometheus: Prometheus, selector: str, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        reading = prometheus.read(f"up{{{selector}}}")
        up = [series for series in reading.series if series.last == 1] if isinstance(reading, Reading) else []
        if up and isinstance(prometheus.read(f"{REQUESTS}{{{selector}}}"), Reading):
            return
        if time.monotonic() > deadline:
            raise PrometheusError(f"{prometheus.url} {_why_unscraped(selector, reading, up=bool(up))}")
        time.sleep(POLL_S)


def _why_unscraped(selector: str, reading: Reading | NoData, *, up: bool) -> str:
    if isinstance(reading, NoData):
        return f"does not scrape any target with {{{selector}}}; set `selector` in the profile, or add the scrape job"
    if not up:
        names = ", ".join(series.labels.get("instance", "?") for series in reading.series)
        return f"cannot scrape {names} (up is 0); see its targets page for the error"
    return f"scrapes {{{selector}}}, but finds no {REQUESTS}; is PrometheusBeforeMiddleware installed?"


def _interval_s(prometheus: Prometheus, selector: str) -> float:
    """Seconds between two scrapes of the target, the median of the newest; waits for two of them.

    Raises PrometheusError when they do not come within `INTERVAL_LIMIT_S`.
    """
    deadline = time.monotonic() + INTERVAL_LIMIT_S
    while True:
        reading = prometheus.read(f"up{{{selector}}}[{promql.duration(INTERVAL_LIMIT_S)}]")
        scraped = reading.series if isinstance(reading, Reading) else ()
        steps = sorted(after[0] - before[0] for series in scraped for before, after in pairwise(series.points))
        if steps:
            return round(steps[len(steps) // 2], 3)
        if time.monotonic() > deadline:
            raise PrometheusError(
                f"{prometheus.url} has not scraped {{{selector}}} twice in {INTERVAL_LIMIT_S:g} s; is the selector "
                "right?"
            )
        time.sleep(POLL_S)
