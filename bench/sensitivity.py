"""The smallest fault that is caught in at least 19 of 20 runs, and how often a run of the unchanged app fails.

Every run is a whole one on the embedded stack: gunicorn, Locust, Prometheus. A magnitude is halved when it is caught,
or doubled when it is not, once. Three runs go on side by side and disturb each other, as on a shared machine; a
saturated one of the unchanged app has it to itself.
Beside ours stand two naive checks on the same runs, made from the same report: are the rate, the error ratio, p50, p95
and p99 that panels show over all views within 10 % and within 20 % of the truth? They get the
benefit of the doubt: their true latency is what the app itself witnessed, not what the client measured.
"""

# Longer than other modules: it holds the program of each fault that it tries, and the two tables share one run.
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import measure
from faults import _locustfiles, _relay
from harness.config import toml_file
from harness.config.profile import Profile
from harness.core.errors import HarnessError
from harness.core.verdict import Status
from harness.faults import Fault, Injection, injection
from harness.report.render import json_report
from harness.runs import pipeline, progress

JOBS = 3
RUNS = 20
ENOUGH = 19
STEPS = 2
"""Magnitudes tried of one fault, at most."""
NAIVE = (0.1, 0.2)
LATENCIES = ("p50_s", "p95_s", "p99_s")

DROPPED = """\
import random

from django_prometheus import middleware


class After(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        return response if random.random() < {share} else super().process_response(request, response)
"""
SWAPPED = """\
import random

from django_prometheus import middleware


class After(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        request.mixed_up = super()._get_view_name(request) == "work:fast" and random.random() < {share}
        return super().process_response(request, response)

    def _get_view_name(self, request):
        return "work:page" if getattr(request, "mixed_up", False) else super()._get_view_name(request)
"""
SHARE_MISSING = """\
from django_prometheus import middleware
from django_prometheus.utils import TimeSince


class After(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        request.prometheus_after_middleware_event += TimeSince(request.prometheus_after_middleware_event) * {share}
        return super().process_response(request, response)
"""
CONSTANT_MISSING = """\
import time

from django_prometheus import middleware


class After(middleware.PrometheusAfterMiddleware):
    def process_request(self, request):
        until = time.perf_counter() + {seconds}
        while time.perf_counter() < until:
            pass
        return super().process_request(request)
"""
TIMED = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def slow(self):
        self.client.get("/work/slow")

    @task
    def fast(self):
        self.client.get("/work/fast")
"""
"""A view of about 23 ms beside one that does next to nothing."""
SPREAD = """\
import random

from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0)

    @task
    def wait(self):
        slow = random.random() < {share}
        self.client.get(f"/work/wait?ms={{{delay_ms} if slow else 10}}", name="/work/wait")
"""

RARE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(40)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def page(self):
        self.client.get("/work/page")
"""
"""A view that is busy, and one that gets a request now and then."""
ONCE = """\
import re

METRIC = "django_http_responses_total_by_status_view_method_total"
COUNTER = re.compile("^(" + METRIC + r'{{[^}}]*view="work:page"[^}}]*}}) (.*)$', re.MULTILINE)
seen = {{"before": None, "idle": 0, "done": False}}


def edit(text):
    found = COUNTER.search(text)
    value = found and float(found[2])
    seen["idle"] = seen["idle"] + 1 if value and value == seen["before"] else 0
    seen["before"] = value
    if seen["done"] or not found or seen["idle"] < 1:
        return text
    seen["done"] = True
    return {changed}
"""
"""An edit of one page, after a scrape in which the rare view got no request."""
LOWERED = """\
from django_prometheus import middleware

SLOW_S = 0.2


class Lowered:
    def __init__(self, child):
        self.child = child

    def observe(self, amount):
        shown = amount * 2 / 3 if amount > SLOW_S else amount
        self.child.observe(shown)
        self.child._sum.inc(amount - shown)


class After(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        return Lowered(child) if metric is self.metrics.requests_latency_by_view_method else child
"""
TAIL = """\
import random

from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.03)

    @task
    def wait(self):
        self.client.get(f"/work/wait?ms={{370 if random.random() < {share} else 5}}", name="/work/wait")
"""
UNTIMED = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class Untimed:
    def __init__(self, child):
        self.child = child

    def observe(self, amount):
        self.child.observe(0.0 if next(NUMBERS) % {every} == 0 else amount)


class After(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        timed = metric is self.metrics.requests_latency_by_view_method and labels["view"] == "work:wait"
        return Untimed(child) if timed else child
"""
SLOW = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.25)

    @task
    def wait(self):
        self.client.get("/work/wait?ms=100", name="/work/wait")
"""
"""Some 220 requests in 8 s, each of a tenth of a second: one of 10 ms, for which any thread may be held up, cannot be
told from one that was not timed."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of fault, by its magnitude."""

    name: str
    check: str
    """The check that must fail."""
    target: float
    """The magnitude to reach."""
    shown: Callable[[float], str]
    inject: Callable[[float], Injection]
    steps: int = STEPS
    """Magnitudes tried, at most: one where nothing smaller exists."""


def _once(changed: str) -> Injection:
    """One page of metrics, changed on its way to Prometheus; `changed` is an expression of `text` and `found`."""
    return Injection(
        modules=_relay.files(ONCE.format(changed=changed)),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
        locustfile=RARE,
    )


def _after(text: str, **profile: object) -> Injection:
    """An After middleware of its own."""
    workers = profile.pop("workers", None)
    return Injection(
        modules={"measured.py": text},
        env={"TARGET_WORKERS": str(workers)} if workers else {},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "measured.After"]\n',
        locustfile=str(profile.pop("locustfile", "")),
        profile=profile,
    )


def _renamed(old: str, new: str) -> Mapping[str, Any]:
    """A scrape job that reports one bound as another."""
    rule = {"source_labels": ["le"], "regex": old, "target_label": "le", "replacement": new}
    return {"metric_relabel_configs": [rule]}


def _percent(share: float) -> str:
    return f"{share:.3%}".rstrip("0%").rstrip(".") + " %"


SWEEPS = (
    Sweep(
        "responses that are not counted",
        "request-counts",
        0.001,
        _percent,
        lambda share: _after(DROPPED.format(share=share), locustfile=_locustfiles.BUSY),
    ),
    Sweep(
        "responses of one view reported under another",
        "request-counts",
        0.01,
        _percent,
        lambda share: _after(SWAPPED.format(share=share), locustfile=_locustfiles.BUSY),
    ),
    Sweep(
        "share of each request that the timer misses",
        "timer-span",
        0.01,
        _percent,
        lambda share: _after(SHARE_MISSING.format(share=share), locustfile=TIMED),
    ),
    Sweep(
        "time of each request that the timer misses",
        "timer-span",
        0.0005,
        lambda seconds: f"{seconds * 1e3:g} ms",
        lambda seconds: _after(CONSTANT_MISSING.format(seconds=seconds), locustfile=TIMED),
    ),
    Sweep(
        "observations between a bound and the higher one that it is reported as",
        "latency-buckets",
        0.02,
        _percent,
        lambda share: Injection(locustfile=SPREAD.format(share=share, delay_ms=45), scrape=_renamed("0.04", "0.05")),
    ),
    Sweep(
        "observations between a bound and the lower one that it is reported as",
        "latency-buckets",
        0.02,
        _percent,
        lambda share: Injection(locustfile=SPREAD.format(share=share, delay_ms=55), scrape=_renamed("0.06", "0.05")),
    ),
    Sweep(
        "responses that a counter is ahead in one scrape",
        "running-counts",
        1,
        lambda number: f"{number:g}",
        lambda number: _once(f'COUNTER.sub(lambda each: f"{{each[1]}} {{float(each[2]) + {number}}}", text)'),
        steps=1,
    ),
    Sweep(
        "responses that a counter is behind in one scrape",
        "running-counts",
        1,
        lambda number: f"{number:g}",
        lambda number: _once(f'COUNTER.sub(lambda each: f"{{each[1]}} {{float(each[2]) - {number}}}", text)'),
        steps=1,
    ),
    Sweep(
        "series that one scrape lacks",
        "series-presence",
        1,
        lambda number: f"{number:g}",
        lambda _: _once('COUNTER.sub("", text, count=1)'),
        steps=1,
    ),
    Sweep(
        "requests, the slowest, that are counted one bucket lower, their sum being right",
        "latency-buckets",
        0.02,
        _percent,
        lambda share: _after(LOWERED, locustfile=TAIL.format(share=share)),
    ),
    Sweep(
        "requests of a view with some 200 of 0.1 s each that are reported as taking no time",
        "latency-buckets",
        0.01,
        _percent,
        lambda share: _after(UNTIMED.format(every=round(1 / share)), locustfile=SLOW, workers=1),
    ),
)
LEVELS: Mapping[str, Mapping[str, Any]] = {
    "idle": {"users": 1},
    "moderate": {"users": 10},
    "saturated": {"users": 20, "pace": "closed"},
}
LENGTHS_S = {"4 s": 4.0, "20 s": 20.0}
WORKERS = ("1", "4")
CLEAN_RUNS = 9
"""Of each level, length and number of workers: 108 in all."""
CELLS = (
    ("sqlite", "locmem", "gthread"),
    ("sqlite", "redis", "asgi"),
    ("postgresql", "memcached", "gthread"),
    ("postgresql", "django-redis", "sync"),
    ("mysql", "file", "asgi"),
    ("mysql", "redis", "sync"),
)
"""Each engine, cache and server at least once."""
CELL_RUNS = 16
"""Of each cell with each Prometheus: 192 in all with two of these."""
CELL_JOBS = 2
"""Their servers run beside them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run came to."""

    failed: frozenset[str]
    """Checks with a verdict that failed."""
    why: tuple[str, ...]
    """The reasons of these verdicts."""
    inconclusive: frozenset[str]
    requests: int
    naive: frozenset[float]
    """Those of `NAIVE` that fail."""


def sweep_all() -> str:
    """The table of the smallest magnitudes."""
    lines = [
        "| fault | goal | magnitude | caught by | ours | naive 10 % | naive 20 % | requests per run, median |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for sweep in SWEEPS:
        for magnitude, runs in _tried(sweep):
            caught = sum(sweep.check in run.failed for run in runs)
            naive = (sum(limit in run.naive for run in runs) for limit in NAIVE)
            lines.append(
                f"| {sweep.name} | {sweep.shown(sweep.target)} | {sweep.shown(magnitude)} | {sweep.check} "
                f"| {caught} of {len(runs)} | {' | '.join(f'{number} of {len(runs)}' for number in naive)} "
                f"| {measure.median_and_range([run.requests for run in runs])[0]:,.0f} |"
            )
    return "\n".join(lines) + "\n"


def alarms() -> str:
    """The table of runs of the unchanged app. A saturated one has the machine to itself, because it takes all of it."""
    lines = [
        "| load | length | workers | runs | ours: failed | ours: inconclusive | naive 10 % | naive 20 % |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    every: list[Seen] = []
    for level, length, workers in itertools.product(LEVELS, LENGTHS_S, WORKERS):
        runs = _runs(f"clean {level} {length} {workers}", CLEAN_RUNS, 1 if level == "saturated" else JOBS)
        every += runs
        lines.append(f"| {level} | {length} | {workers} | {_counted(runs)} |")
    for cell, (version, binary) in itertools.product(CELLS, _prometheis().items()):
        runs = _runs(f"cell {'+'.join(cell)} {binary}", CELL_RUNS, CELL_JOBS)
        every += runs
        lines.append(f"| moderate, {', '.join(cell)}, Prometheus {version} | 4 s | | {_counted(runs)} |")
    lines.append(f"| all | | | {_counted(every)} |")
    unsettled = sorted({check for run in every for check in (*run.failed, *run.inconclusive)})
    reasons = "".join(f"- {why}\n" for run in every for why in run.why)
    summary = (
        f"Checks that did not pass in some run: {', '.join(unsettled) or 'none'}. "
        f"What failed:\n\n{reasons or '- nothing'}"
    )
    return "\n".join(lines) + f"\n\n{summary.rstrip()}\n"


def _prometheis() -> dict[str, Path]:
    """Those of the distribution and of `make backends`, as far as they are there, by their versions."""
    tools = measure.PROJECT / ".tools"
    places = (tools / "bin" / "prometheus", tools / "backends" / "bin" / "prometheus")
    return {_version(binary): binary for binary in places if binary.exists()}


def _version(binary: Path) -> str:
    """As in `prometheus, version 2.42.0+ds (branch: ...`; one that `make backends` built does not know its own."""
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True)
    found = (said.stdout or said.stderr).split()[2]
    return found if found[0].isdigit() else "3, of `make backends`"


def _counted(runs: Sequence[Seen]) -> str:
    counts = [len(runs), sum(bool(run.failed) for run in runs)]
    counts.append(sum(bool(run.inconclusive) and not run.failed for run in runs))
    counts += [sum(limit in run.naive for run in runs) for limit in NAIVE]
    return " | ".join(map(str, counts))


def _tried(sweep: Sweep) -> Iterator[tuple[float, Sequence[Seen]]]:
    """From the goal down as long as enough runs catch it, or up until they do."""
    magnitude, down = sweep.target, None
    for _ in range(sweep.steps):
        runs = _runs(f"{SWEEPS.index(sweep)} {magnitude!r}", RUNS, JOBS)
        yield magnitude, runs
        caught = sum(sweep.check in run.failed for run in runs) >= ENOUGH
        if down is not None and caught != down:
            return
        down = caught
        magnitude = magnitude / 2 if caught else magnitude * 2


def _runs(case: str, number: int, jobs: int) -> list[Seen]:
    """`number` runs of a case, `jobs` side by side."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(_run, itertools.repeat(case, number)))


def _run(case: str) -> Seen:
    """One run. Raises RuntimeError when it leaves no report, because nothing may be left out of the tables."""
    scratch = Path(tempfile.mkdtemp(prefix="harness-bench-"))
    try:
        measure.run([sys.executable, "-m", "bench.sensitivity", case, str(scratch / "run")])
        seen = _read(scratch / "run" / "report.json")
    finally:
        shutil.rmtree(scratch)
    failed, open_ = (", ".join(sorted(checks)) or "nothing" for checks in (seen.failed, seen.inconclusive))
    measure.progress(f"{case}: {seen.requests} requests; failed: {failed}; inconclusive: {open_}")
    return seen


def _read(path: Path) -> Seen:
    if not path.exists():
        raise RuntimeError(f"{path}: the run left no report")
    report = json_report.parse(path.read_text(encoding="utf-8"))

    def checks(status: Status) -> frozenset[str]:
        return frozenset(verdict.check for verdict in report.verdicts if verdict.status is status)

    why = tuple(f"{v.check}, {v.subject}: {v.why}" for v in report.verdicts if v.status is Status.FAIL)
    return Seen(
        checks(Status.FAIL), why, checks(Status.INCONCLUSIVE), report.samples, _naive(json.loads(path.read_text()))
    )


def _naive(report: Mapping[str, Any]) -> frozenset[float]:
    """Limits by which some figure of the panels over all views is off the truth; one that is missing is off."""
    row = report["views"][0]
    truth = {**row["client"], **{key: row["witness"][key] for key in LATENCIES}}
    panel = {**row["panel"], "error_ratio": row["metric"]["error_ratio"]}
    figures = ("rate", "error_ratio", *LATENCIES)
    return frozenset(limit for limit in NAIVE if any(_off(truth[key], panel[key], limit) for key in figures))


def _off(truth: float | None, panel: float | None, limit: float) -> bool:
    if truth is None or panel is None:
        return truth != panel
    return abs(panel - truth) > limit * abs(truth)


def one(case: str, out: Path) -> None:
    """Make one run and leave it in `out`; the case is what `_runs` was asked for."""
    path = measure.PROJECT / "harness.toml"
    loaded = toml_file.parse(path.read_text(encoding="utf-8"), str(path))
    profile = loaded.profile("faults")
    kind, *details = case.split(" ")
    quiet = progress.Reporter()
    if kind == "cell":
        os.environ["HARNESS_PROMETHEUS"] = details[1]
        clean = replace(loaded.profile("faults", details[0].split("+")), duration_s=LENGTHS_S["4 s"])
        pipeline.run(clean, measure.PROJECT, out, quiet)
        return
    if kind == "clean":
        pipeline.run(_clean(profile, details), measure.PROJECT, out, quiet)
        return
    sweep = SWEEPS[int(kind)]
    fault = Fault(0, "measured", "", "", "", (sweep.check,), (), injection=sweep.inject(float(details[0])))
    with injection.injected(loaded, replace(profile, duration_s=8.0), fault) as broken:
        pipeline.run(broken, measure.PROJECT, out, quiet)


def _clean(profile: Profile, details: Sequence[str]) -> Profile:
    level, seconds, unit, workers = details
    assert profile.start is not None
    start = replace(profile.start, env={**profile.start.env, "TARGET_WORKERS": workers})
    return replace(profile, start=start, duration_s=LENGTHS_S[f"{seconds} {unit}"], **LEVELS[level])


if __name__ == "__main__":
    try:
        one(sys.argv[1], Path(sys.argv[2]))
    except HarnessError as error:
        sys.exit(f"bench: {error}")
