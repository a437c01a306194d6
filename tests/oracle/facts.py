"""What several laws need: how much counters grew, which requests are the load's own, and what may be missing."""

import copy
import re
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from tests.oracle import run_files, shards
from tests.oracle.frames import Column, Frame
from tests.oracle.line import FAIL, OPEN, PASS, Labels, Line, settled
from tests.oracle.run_files import JSON, NoSeries, RunFiles, Unknown

HALF_MS = 0.0005
"""Prometheus keeps milliseconds."""
KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"}
POOL = "(views unknown to the client)"
COUNTS = re.compile(r"[^\s;=]+( [A-Za-z_][\w.]*=[1-9][0-9]{0,17})+(; [^\s;=]+( [A-Za-z_][\w.]*=[1-9][0-9]{0,17})+)*")
RESPONSES = "django_http_responses_total_by_status_view_method_total"
ARRIVED = "django_http_requests_before_middlewares_total"
ANSWERED = "django_http_responses_before_middlewares_total"
LATENCY = "django_http_requests_latency_seconds_by_view_method"
IN_ALL = "django_http_requests_latency_including_middlewares_seconds"
REDIRECTS = ("301", "302", "303", "307", "308")
OF_THE_WINDOW = ("scrapes", "counts_scrapes", "exporters", "views_fit")


class Facts:
    """One run, read."""

    def __init__(self, path: Path) -> None:
        self.files: RunFiles = run_files.read(path)
        self.run: JSON = self.files.run
        window = self.run["window"]
        self.t0, self.t1, self.step = window["start_s"], window["end_s"], window["scrape_interval_s"]
        self.length = self.t1 - self.t0
        found = shards.read(path, self.run["shards"])
        self.shards, self.samples = found.files, found.measured
        self.probe_shards, self.probes = found.probe_files, found.probes
        self.answered = self.samples[(self.samples["status"] != 0) & (self.samples["origin"] != "replayed")].copy()
        self.answered["label"] = self.answered["method"].map(method_label)
        self.unanswered = self.samples[self.samples["status"] == 0].copy()
        self.unanswered["label"] = self.unanswered["method"].map(method_label)
        self.grown = cache(self._grown)
        self.raw = cache(self._raw)

    def after_load(self, end_s: float) -> "Facts":
        """The same, with the growth of the counters from t1 to this scrape."""
        later = copy.copy(self)
        for name in OF_THE_WINDOW:
            later.__dict__.pop(name, None)
        later.files = replace(self.files, time_s=end_s)
        later.t0, later.t1, later.length = self.t1, end_s, end_s - self.t1
        later.grown, later.raw = cache(later._grown), cache(later._raw)
        return later

    # The load's own account

    @property
    def lost(self) -> int:
        """Requests that the target may have counted and whose response nobody has."""
        return len(self.unanswered) + self.unrecorded

    @cached_property
    def unrecorded(self) -> int:
        """Requests that were sent and have no row: as the generator counts them, and redirects that it followed unseen.

        These are no more than the redirects that the target counted and the rows lack.
        """
        known = int(self.run["generator"].get("unrecorded", 0))
        if "redirects" not in self.run.get("unsaid", ()):
            return known
        try:
            seen = self.by(RESPONSES, "view", "method", "status").rename("seen").reset_index()
        except Unknown:
            return known
        seen = seen[seen["status"].isin(REDIRECTS) & ~seen["view"].isin(self.background)]
        rows = self.answered.assign(status=self.answered["status"].astype(str)).groupby(["label", "status"]).size()
        hidden = 0
        for (method, status), number in seen.groupby(["method", "status"])["seen"].sum().items():
            hidden += max(round(number) - int(rows.get((method, status), 0)), 0)
        return known + hidden

    @property
    def unusable(self) -> bool:
        """The samples prove nothing."""
        return not self.shards or any(not s.is_whole or s.is_changed for s in self.shards) or self.answered.empty

    @property
    def idle(self) -> list[int | None]:
        """Requests by others while the load was off, at both ends."""
        return [self.run["window"].get(f"idle_requests_{end}", 0) for end in ("start", "end")]

    @property
    def foreign(self) -> bool:
        """Others use the target too."""
        return bool(self.run.get("foreign_traffic")) or any(self.idle)

    @property
    def saturated(self) -> bool:
        """The generator's own latencies prove nothing."""
        health, budget = self.run["generator"], self.run["budget"]
        cpu, lag = health["cpu_ratio"], health["loop_lag_s"]
        if cpu is None or lag is None:
            return True
        stood, still = health.get("stalled_s"), max(1.0, 0.05 * health["planned_duration_s"])
        if stood is not None and stood > still:
            return True
        return bool(cpu > budget["max_generator_cpu_ratio"] or lag > budget["max_loop_lag_s"])

    @property
    def cut_short(self) -> bool:
        """The load ended before its plan did: what was planned was not measured."""
        health = self.run["generator"]
        lasted, planned = health.get("loaded_s"), health["planned_duration_s"]
        if lasted is None:
            return False
        code = health["exit_code"]
        if code < 0 or 128 < code <= 192:
            return True
        if self.run.get("arrival_rate") is not None and health["begun_arrivals"] >= health["planned_arrivals"]:
            return False
        late_start = 1.0 if health.get("processes", 1) > 1 else 0.0
        return bool(health.get("stopped_by")) or lasted < 0.9 * planned - late_start

    @cached_property
    def witnessed(self) -> int:
        """Responses with a witness."""
        return int(self.answered["witness_view_s"].notna().sum())

    @cached_property
    def cached_inside(self) -> int:
        """Responses of a cache between the two witnesses."""
        return int((self.answered["origin"] == "between").sum())

    @cached_property
    def known_views(self) -> set[str]:
        """Views that carry the metric's own label."""
        has_name = self.answered["witness_view_s"].notna() | (self.answered["origin"] == "between")
        return {*self.answered.loc[has_name, "view"], *self.run.get("views", {}).values()}

    @property
    def metrics_view(self) -> str:
        """The view of the scrapes."""
        return self.run.get("metrics_view") or "prometheus-django-metrics"

    @property
    def declared(self) -> set[str]:
        """Views that others request and the profile declares."""
        return set(self.run.get("background", ()))

    @property
    def background(self) -> set[str]:
        """Views that are not the load's."""
        return {self.metrics_view, *self.declared}

    def may_be(self, view: str, method: str) -> Column:
        """Which requests without a response may be counted under this view and method label."""
        views = self.unanswered["name"].map(lambda name: self._views_of.get(name, set()))
        anywhere = view not in self.known_views
        return (self.unanswered["label"] == method) & views.map(lambda each: not each or anywhere or view in each)

    def lost_of(self, view: str, method: str) -> int:
        """How many requests without a response, or without a row, may be counted under this view and method label."""
        return self.unrecorded + int(self.may_be(view, method).sum())

    @cached_property
    def _views_of(self) -> dict[str, set[str]]:
        """The views that answered under each name of a sample."""
        views = self.answered.groupby("name")["view"].unique()
        return {str(name): set(found) for name, found in views.items()}

    def events(self, kind: str) -> Frame:
        """What the witness counted: one row per view, subject and key, with its number. `kind` names the column."""
        rows = []
        texts = self.answered[self.answered[kind].notna()].groupby(["view", kind]).size()
        for (view, text), times in texts.items():
            if not COUNTS.fullmatch(text):
                continue
            for part in text.split("; "):
                subject, *pairs = part.split(" ")
                for pair in pairs:
                    key, number = pair.split("=")
                    rows.append((view, subject, key, int(number) * times))
        return pd.DataFrame(rows, columns=["view", "subject", "key", "number"])

    def by_subject(self, kind: str) -> Frame:
        """The witness's numbers over all views: subjects as rows, keys as columns."""
        return self.events(kind).pivot_table(
            index="subject", columns="key", values="number", aggfunc="sum", fill_value=0
        )

    def unwitnessed(self, *, once: bool = False) -> bool:
        """The target may have done more than the witnesses of the samples report.

        What a request does `once` at the most is bounded by the number of lost requests, so these are no reason.
        """
        if (self.lost and not once) or self.witnessed + self.cached_inside < len(self.answered):
            return True
        try:
            return any(round(self.total(RESPONSES, view=view)) for view in self.declared)
        except Unknown:
            return True

    # What Prometheus stored

    def name(self, metric: str) -> str:
        """A metric under the target's namespace."""
        namespace = self.run.get("metric_namespace", "")
        return f"{namespace}_{metric}" if namespace and metric.startswith("django_") else metric

    def select(self, metric: str) -> str:
        """The selector of the target's series of a metric."""
        return f"{self.name(metric)}{{{self.run['selector']}}}"

    def ms(self, seconds: float) -> str:
        """A PromQL duration."""
        return f"{round(seconds * 1000)}ms"

    def raw_query(self, metric: str) -> str:
        """How raw samples are asked for: of the window and two scrape intervals before it."""
        return f"{self.select(metric)}[{self.ms(self.length + 2 * self.step)}]"

    def _raw(self, metric: str) -> Frame:
        """Raw samples: a row each with `series`, `time`, `value` and the labels as columns. Raises Unknown."""
        answer = self.files.answer(self.raw_query(metric))
        labels = pd.DataFrame([each["metric"] for each in answer]).fillna("")
        points = [(i, float(t), float(v)) for i, each in enumerate(answer) for t, v in each["values"]]
        return pd.DataFrame(points, columns=["series", "time", "value"]).join(labels, on="series")

    @property
    def nothing(self) -> Frame:
        """No raw samples."""
        return pd.DataFrame(columns=["series", "time", "value", "instance"])

    @cached_property
    def scrapes(self) -> dict[str, list[float]]:
        """Times of the scrapes of each instance, the last one up to t0 first; none without one. Raises Unknown."""
        up = self.raw("up")
        found = {}
        for instance, rows in with_column(up, "instance").groupby("instance"):
            at = rows.loc[rows["time"] <= self.t1 + HALF_MS, "time"]
            first = at[at <= self.t0 + HALF_MS].max()
            found[str(instance)] = at[at >= first].tolist()
        return found

    def _grown(self, metric: str) -> Frame:
        """By how much each series of a counter grew in the window (`grown`), and how often it fell. Raises Unknown.

        From the last sample up to t0, or from zero if the target was scraped then, to the last up to t1. A fall by more
        than half is a restart at zero.
        """
        try:
            scrapes = self.scrapes
        except Unknown as why:
            raise Unknown("no scrape is known") from why
        try:
            points = self.raw(metric)
        except NoSeries:
            if self.name(metric) in self.run.get("dropped", ()):
                raise Unknown("the scrape job drops it") from None
            return pd.DataFrame({"grown": [], "falls": []})
        points = points[points["time"] <= self.t1 + HALF_MS].reset_index(drop=True)
        early = points["time"] <= self.t0 + HALF_MS
        last_early = points[early].groupby("series").tail(1).index
        kept = points[~early | points.index.isin(last_early)]
        began = kept.groupby("series")["time"].transform("min") > self.t0 + HALF_MS
        for instance in set(with_column(kept[began], "instance")["instance"]):
            if not scrapes.get(instance):
                raise Unknown(f"{instance} was not scraped at t0")
        before = kept.groupby("series")["value"].shift()
        base = before.fillna(0.0)
        base = base.mask(kept["value"] < base * 0.5, 0.0)
        is_base = before.isna() & ~began
        change = (kept["value"] - base).mask(is_base, 0.0)
        falls = (kept["value"] < before).astype(int)
        labels = [name for name in points if name not in ("series", "time", "value")]
        sums = pd.DataFrame({"series": kept["series"], "grown": change, "falls": falls}).groupby("series").sum()
        return sums.join(points.groupby("series")[labels].first())

    def total(self, metric: str, **labels: str) -> float:
        """The growth of all series of a counter with these labels. Raises Unknown."""
        rows = self.grown(metric)
        for name, value in labels.items():
            rows = with_column(rows, name)
            rows = rows[rows[name] == value]
        return float(rows["grown"].sum())

    def by(self, metric: str, *names: str) -> Column:
        """The growth of a counter by the values of labels. Raises Unknown."""
        rows = self.grown(metric)
        for name in names:
            rows = with_column(rows, name)
        return rows.groupby(list(names))["grown"].sum()

    def values_of(self, query: str, *names: str) -> dict[tuple[str, ...], float]:
        """An answer's last values by labels. Raises Unknown."""
        return {
            tuple(each["metric"].get(name, "") for name in names): float((each.get("values") or [each["value"]])[-1][1])
            for each in self.files.answer(query)
        }

    def counted_until(self, metric: str, time: float) -> float:
        """The sum of a counter's last values up to a time. Raises Unknown."""
        points = self.raw(metric)
        points = points[points["time"] <= time + HALF_MS]
        return float(points.groupby("series")["value"].last().sum())

    @cached_property
    def counts_scrapes(self) -> bool:
        """Django serves the metrics itself, so each scrape is one of its requests. Raises Unknown."""
        views = with_column(self.grown(RESPONSES), "view")["view"]
        if len(views):
            return self.metrics_view in set(views)
        try:
            ends = [
                self.counted_until(f"django_http_{each}_before_middlewares_total", self.t1)
                for each in ("requests", "responses")
            ]
        except Unknown:
            return False
        return ends[0] > ends[1]

    @cached_property
    def exporters(self) -> set[str]:
        """The instances that export the first counter; all, if none does."""
        try:
            found = set(with_column(self.raw(ARRIVED), "instance")["instance"])
        except Unknown:
            found = set()
        return found or set(self.run["instances"])

    @cached_property
    def views_fit(self) -> bool:
        """The responses by view are as many as the first middleware's."""
        try:
            return self.total(RESPONSES) == self.total(ANSWERED)
        except Unknown:
            return False

    @property
    def _own_scrapes(self) -> int:
        return sum(max(len(times) - 1, 0) for name, times in self.scrapes.items() if name in self.exporters)

    @property
    def scrapes_by_others(self) -> int:
        """Those of another Prometheus, by the metrics view's own count. Raises Unknown."""
        if not self.views_fit:
            return 0
        return max(round(self.total(RESPONSES, view=self.metrics_view)) - self._own_scrapes, 0)

    @property
    def scrapes_inside(self) -> int:
        """Scrapes after t0 that are requests of the target. Raises Unknown."""
        own = self._own_scrapes
        return own + self.scrapes_by_others if self.counts_scrapes else 0

    @cached_property
    def dropped(self) -> list[str]:
        """Histograms of latencies that the scrape job drops as a whole: docs/conservation.md, `dropped on purpose`.

        Each scrape of the target lost at least a bucket, the count and the sum for each combination of their labels.
        """
        try:
            views = self.by(RESPONSES, "view", "method")
            spare, grown = self._spare(), {LATENCY: int((views != 0).sum()), IN_ALL: int(self.total(ANSWERED) != 0)}
        except Unknown:
            return []
        return [name for name, n in grown.items() if n and spare >= 3 * n and self._is_gone(name)]

    def _spare(self) -> float:
        """The fewest samples that a scrape of the target read and did not store. Raises Unknown."""
        read, kept = (
            with_column(self.raw(f"scrape_samples_{name}"), "instance").set_index(["instance", "time"])["value"]
            for name in ("scraped", "post_metric_relabeling")
        )
        lost = (read - kept.reindex(read.index).fillna(read))[read != 0]
        lost = lost[lost.index.get_level_values("instance").isin(self.exporters)]
        return float(lost.min()) if len(lost) else 0.0

    def _is_gone(self, histogram: str) -> bool:
        for part in ("bucket", "count", "sum"):
            try:
                self.raw(f"{histogram}_{part}")
            except NoSeries:
                continue
            except Unknown:
                pass
            return False
        return True

    # Laws on counts

    def equal(
        self,
        subject: str,
        expected: float,
        observed: float,
        labels: Labels,
        *,
        lost: int = 0,
        open_above: bool = False,
        own_views: bool = False,
    ) -> Line:
        """Equal to the load's own count: up to `lost` more for lost requests, any number more with other traffic.

        Scrapes by others at the ends are in no counter of the load's own views.
        """
        if self.unusable:
            return Line(subject, labels, OPEN)
        more = observed - expected
        begun, ending = (0, 0) if own_views or "view" in labels else self.known_spare
        if self.foreign or open_above:
            return Line(subject, labels, settled(more >= -begun), expected, observed)
        ending += lost
        return Line(subject, labels, settled(-begun <= more <= ending), expected, observed, (begun, ending))

    @property
    def known_spare(self) -> tuple[int, int]:
        """How many fewer, and how many more, a counter of all views may hold: scrapes by others at the ends."""
        torn = sum(self.run["window"].get("known_torn", (0, 0)))
        begun, ending = self.run["window"].get("known_flying", (0, 0))
        return begun + torn, ending + torn

    def alike(self, subject: str, expected: float, observed: float, labels: Labels) -> Line:
        """Two of the metric's own counters: equal, but for others' requests between two scrapes."""
        window = self.run["window"]
        spare = sum(each or 0 for each in self.idle)
        if labels.get("view") in {None, *self.background}:
            spare += sum(window.get("known_flying", ())) + sum(window.get("known_torn", ()))
        fine = abs(observed - expected) <= spare
        return Line(subject, labels, PASS if fine else FAIL, expected, observed, (spare, spare))


def method_label(method: str) -> str:
    """The label of a method."""
    return method if method in KNOWN_METHODS else "<invalid method>"


def with_column(rows: Frame, name: str) -> Frame:
    """The rows, with an empty label where the series have none of that name."""
    return rows if name in rows else rows.assign(**{name: ""})


def quantile(values: Column, q: float) -> float:
    """The nearest-rank quantile: the smallest value that at least the share q of all does not exceed."""
    ordered = np.sort(values.to_numpy())
    return float(ordered[max(int(np.ceil(q * len(ordered) - 1e-9)) - 1, 0)])
