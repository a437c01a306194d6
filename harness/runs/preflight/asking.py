"""Gathers the facts: asks Prometheus and, once, the target. It waits for one new sample and no longer."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from harness import promql
from harness.config.profile import Profile
from harness.core import url
from harness.core.errors import PrometheusError, UsageError
from harness.core.query import Reading, Series
from harness.evidence import metrics_view, relabel_rules
from harness.evidence.client import server_timing
from harness.evidence.client.results import formats
from harness.evidence.metrics_view import MetricsView
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.promql.own_series import SAMPLES_KEPT, SAMPLES_READ, UP
from harness.runs.preflight.facts import Facts, Job, Matched, Reached
from harness.runtime import http, interrupt, namespace, refusals
from harness.runtime.answers import AnswerError
from harness.runtime.load import witness_token
from harness.runtime.prometheus import POLL_S, Prometheus

LOOKBACK_S = 300.0
"""How far back samples are looked for: as far as Prometheus itself does (lookback delta)."""
MOST_INTERVALS = 8
"""Scrapes of the past by which the view of the metrics is found."""
LATE_S = 150.0
"""A new sample may take one scrape interval and so long."""
ASK_S = 10.0


def look(profile: Profile, token: str = "", *, interval_s: float | None = None) -> Facts:
    """All facts of a profile's running target; what cannot be found out is left out.

    `interval_s` is the scrape interval where it is known. Raises PrometheusError only when Prometheus falls silent
    after it has answered.
    """
    prometheus = Prometheus(profile.prometheus)
    facts: dict[str, Any] = {"prometheus": prometheus.url, "selector": profile.selector, "target": profile.target}
    facts["headless"] = formats.without_headers(profile.load)
    try:
        facts["version"] = prometheus.version()
    except PrometheusError as error:
        return Facts(**facts, problem=str(error), reached=reach(profile.target, token))
    plain = registry.find(profile.instrumentation)
    return _Asking(prometheus, profile, plain, interval_s).all(facts, token)


def reach(target: str, token: str) -> Reached | None:
    """What the target answers to one request for `/`, with the witness's token; None when there is no target."""
    if not target:
        return None
    headers = {witness_token.HEADER: token} if token else {}
    try:
        with http.Session(ASK_S) as session:
            session.follows = False
            response = session.get(f"{target}/", headers=headers)
    except AnswerError as error:
        return Reached(0, f"{target} {refusals.unanswered(refusals.TARGET, target, error)}")
    known = server_timing.witness(response.headers.get("Server-Timing", ""), "")
    found = Reached(response.status_code, witness=known != server_timing.NO_WITNESS)
    location = response.headers.get("Location", "")
    if found.status in refusals.NOT_SERVED or (location and not url.same_origin(f"{target}/", location)):
        return replace(found, problem=f"{target} {refusals.refused(refusals.TARGET, response)}")
    return found


class _Asking:
    """Asks one Prometheus for all there is to know of one selector."""

    def __init__(
        self, prometheus: Prometheus, profile: Profile, plain: Instrumentation, interval_s: float | None
    ) -> None:
        self._prometheus, self._profile, self._plain = prometheus, profile, plain
        self._selector, self._interval_s = profile.selector, interval_s
        self._began = time.monotonic()

    def all(self, facts: dict[str, Any], token: str) -> Facts:
        """Everything, the quick first."""
        prometheus, profile = self._prometheus, self._profile
        facts |= self._server()
        ups = self._series(f"{UP}{{{self._selector}}}")
        names, problem = self._names()
        facts |= {"namespace": None if names is None else names.namespace, "several_namespaces": problem}
        if not ups:
            facts["exporters"] = namespace.exporters(prometheus.read, self._plain)
            return Facts(**facts, reached=reach(profile.target, token))
        counted = self._series(promql.selector((names or self._plain).arrived, self._selector))
        facts["matched"] = self._matched(ups, counted)
        facts["extra_labels"] = _extra(ups, counted)
        facts |= self._configured(ups)
        facts["dropped"] = prometheus.dropped(self._selector, (names or self._plain).droppable)
        facts["given_view"] = profile.metrics_view
        facts["interval_s"] = interval_s = self._interval_s or self._interval(ups)
        began_s = prometheus.now()
        facts |= self._freshness(ups, interval_s or profile.scrape_interval_s)
        if names is not None:
            facts |= self._traffic(names, ups, interval_s or profile.scrape_interval_s, began_s)
            facts["unbucketed"] = self._unbucketed(names)
        reached = reach(profile.target, token)
        return Facts(**facts, reached=reached, took_s=round(time.monotonic() - self._began, 3))

    def _series(self, text: str) -> tuple[Series, ...]:
        reading = self._prometheus.read(text)
        return reading.series if isinstance(reading, Reading) else ()

    def _server(self) -> dict[str, Any]:
        build, flags = self._prometheus.status("status/buildinfo"), self._prometheus.status("status/flags")
        features = flags.get("enable-feature") if isinstance(flags, Mapping) else None
        application = build.get("application") if isinstance(build, Mapping) else None
        return {
            "evaluates_as": self._prometheus.evaluates_as(),
            "application": str(application or "") or self._prometheus.kind(),
            "features": None if features is None else tuple(filter(None, str(features).split(","))),
            "skew_s": self._prometheus.skew_s(),
        }

    def _names(self) -> tuple[Instrumentation | None, str]:
        """What counts in the target under its namespace, or what is wrong with its namespaces."""
        try:
            found = namespace.find(self._prometheus.read, self._plain, self._selector, self._profile.metric_namespace)
        except UsageError as error:
            return None, str(error)
        return (None if found is None else self._plain.under(found)), ""

    def _unbucketed(self, names: Instrumentation) -> str:
        """The latency histogram, when responses are counted by view and it has no classic bucket."""
        counted = self._series(f"count({promql.selector(names.responses_by_view, self._selector)})")
        buckets = self._series(f"count({promql.selector(f'{names.latency_by_view}_bucket', self._selector)})")
        return names.latency_by_view if counted and not buckets else ""

    def _matched(self, ups: Sequence[Series], counted: Sequence[Series]) -> tuple[Matched, ...]:
        names = _names_of(ups)
        exporting = {_key(each, names) for each in counted}
        errors = self._errors()
        return tuple(
            Matched(
                each.labels,
                up=each.last == 1,
                exports=_key(each, names) in exporting,
                error=errors.get((each.labels.get("job", ""), each.labels.get("instance", "")), ""),
            )
            for each in ups
        )

    def _errors(self) -> dict[tuple[str, str], str]:
        active = self._prometheus.status("targets", state="active")
        found = {}
        for each in active.get("activeTargets") or () if isinstance(active, Mapping) else ():
            labels = each.get("labels") if isinstance(each, Mapping) else None
            if isinstance(labels, Mapping) and each.get("lastError"):
                found[labels.get("job", ""), labels.get("instance", "")] = str(each["lastError"])
        return found

    def _configured(self, ups: Sequence[Series]) -> dict[str, Any]:
        document = self._prometheus.status("status/config")
        read, kept = (
            {_key(each, _names_of(ups)): each.last for each in self._series(f"{name}{{{self._selector}}}")}
            for name in (SAMPLES_READ, SAMPLES_KEPT)
        )
        lost = sum(value - kept.get(key, value) for key, value in read.items())
        written = str(document.get("yaml", "")) if isinstance(document, Mapping) else ""
        return {"samples_dropped": round(lost), "jobs": jobs_of(written, self._pools(ups)) if written else None}

    def _pools(self, ups: Sequence[Series]) -> frozenset[str]:
        """The jobs of the configuration that scrape the targets; an operator gives their series another label `job`."""
        wanted = {(each.labels.get("job", ""), each.labels.get("instance", "")) for each in ups}
        active = self._prometheus.status("targets", state="active")
        found = set()
        for each in active.get("activeTargets") or () if isinstance(active, Mapping) else ():
            labels = each.get("labels") if isinstance(each, Mapping) else None
            if isinstance(labels, Mapping) and (labels.get("job", ""), labels.get("instance", "")) in wanted:
                found.add(str(each.get("scrapePool", "")))
        return frozenset(found) or frozenset(job for job, _ in wanted)

    def _interval(self, ups: Sequence[Series]) -> float | None:
        """The median of the newest times between two scrapes."""
        steps = sorted(
            after[0] - before[0]
            for each in self._series(f"{UP}{{{self._selector}}}[{promql.duration(LOOKBACK_S)}]")
            for before, after in pairwise(each.points)
        )
        return round(steps[len(steps) // 2], 3) if steps and ups else None

    def _freshness(self, ups: Sequence[Series], interval_s: float) -> dict[str, Any]:
        """Wait for the next sample of any target: how old is it when it is first seen?"""
        text = f"max(timestamp({UP}{{{self._selector}}}))"
        known_s, began = self._newest(text), time.monotonic()
        limit_s = interval_s + LATE_S if ups else 0.0
        while (waited_s := time.monotonic() - began) < limit_s:
            newest_s = self._newest(text)
            if newest_s is not None and (known_s is None or newest_s > known_s):
                return {"lag_s": max(self._prometheus.now() - newest_s, 0.0), "waited_s": waited_s}
            interrupt.sleep(POLL_S)
        return {"lag_s": None, "waited_s": waited_s}

    def _newest(self, text: str) -> float | None:
        series = self._series(text)
        return series[0].last if series else None

    def _traffic(
        self, names: Instrumentation, ups: Sequence[Series], interval_s: float, began_s: float
    ) -> dict[str, Any]:
        """The view of the scrapes by the past, and others' requests since the preflight began."""
        found = view_of(self._prometheus, names, self._selector, _names_of(ups), interval_s * MOST_INTERVALS)
        own = self._profile.metrics_view or found.view or names.metrics_view
        range_s = max(self._prometheus.now() - began_s, 0.0) + 1.5 * interval_s
        recent = self._series(promql.raw(names.responses_by_view, self._selector, range_s))
        label = names.labels.view
        missing = bool(recent) and not any(label in each.labels for each in recent)
        known = {own, *self._profile.background, *((names.unrouted,) if found.redirected else ())}
        others: dict[str, float] = {}
        for target in metrics_view.growths(recent, _names_of(ups), label):
            for growth in target[-1:]:
                for view, value in growth.items():
                    if value and view not in known:
                        others[view] = others.get(view, 0.0) + value
        without = f"{names.responses_by_view} has no label {label!r}" if missing else ""
        return {"metrics_view": found, "others": others, "watched_s": interval_s, "without_label": without}


def labels_of(prometheus: Prometheus, selector: str) -> tuple[str, ...]:
    """The names of the labels that make a target."""
    reading = prometheus.read(f"{UP}{{{selector}}}")
    return _names_of(reading.series if isinstance(reading, Reading) else ())


def view_of(
    prometheus: Prometheus,
    names: Instrumentation,
    selector: str,
    target: Sequence[str],
    range_s: float,
    time_s: float | None = None,
) -> MetricsView:
    """The view of the scrapes, by the samples of the `range_s` seconds before `time_s` or now."""
    at = "" if time_s is None else f" @ {time_s:.3f}"
    readings = [
        prometheus.read(promql.raw(metric, selector, range_s) + at)
        for metric in (names.responses_by_view, names.arrived, names.answered)
    ]
    by_view, arrived, answered = (reading.series if isinstance(reading, Reading) else () for reading in readings)
    return metrics_view.find(
        metrics_view.growths(by_view, target, names.labels.view),
        names.metrics_view,
        names.unrouted,
        unanswered=metrics_view.found_unanswered(arrived, answered),
    )


def jobs_of(configuration: str, wanted: Iterable[str]) -> tuple[Job, ...]:
    """How jobs scrape, from the YAML that Prometheus reports of itself; none where it cannot be read."""
    known, found = frozenset(wanted), []
    for job in relabel_rules.scrape_jobs(configuration):
        if str(job.get("job_name")) in known:
            rules = job.get("metric_relabel_configs")
            found.append(
                Job(
                    str(job["job_name"]),
                    str(job.get("scrape_interval", "")),
                    str(job.get("scrape_timeout", "")),
                    honor_labels=bool(job.get("honor_labels", False)),
                    honor_timestamps=bool(job.get("honor_timestamps", True)),
                    relabelled=len(rules) if isinstance(rules, list) else 0,
                    sample_limit=int(job.get("sample_limit") or 0),
                    unclassic=bool(job.get("convert_classic_histograms_to_nhcb", False)),
                )
            )
    return tuple(found)


def _names_of(ups: Iterable[Series]) -> tuple[str, ...]:
    """The names of the labels that make a target."""
    return tuple(sorted({name for each in ups for name in each.labels if name != "__name__"}))


def _key(series: Series, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(series.labels.get(name, "") for name in names)


def _extra(ups: Sequence[Series], counted: Sequence[Series]) -> tuple[str, ...]:
    known = {*_names_of(ups), "__name__"}
    return tuple(sorted({name for each in counted for name in each.labels} - known))
