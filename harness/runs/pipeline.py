"""The only wiring: profile -> load -> samples -> evidence -> verdicts -> report, and the same again from the files."""

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.checks import Facts
from harness.config.profile import LOOPBACK, Profile
from harness.core.errors import StoreError, UsageError
from harness.core.query import Reading
from harness.core.report import Report
from harness.core.rule import Rule
from harness.core.run import SCHEMA_VERSION, Run, Window
from harness.evidence import comparability, prometheus_evidence
from harness.evidence.client.aggregate import SampleAggregator
from harness.evidence.client.summary import ClientSummary
from harness.instrumentation import registry
from harness.monitoring.dashboards import grafana
from harness.report import verification
from harness.report.render import FORMATS, json_report
from harness.runs import inputs, observe
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory
from harness.runtime import machine, target_client
from harness.runtime.load import shards
from harness.runtime.load.locust_generator import Loaded, find_locustfile, load
from harness.runtime.prometheus import Prometheus, QuietScrape
from harness.runtime.stack import embedded

SCRAPED_LIMIT_S = 15.0
"""How long Prometheus may take to scrape the target for the first time, and four intervals at least."""

INTERVAL_LIMIT_S = 150.0
"""How long to wait for two scrapes of a target that runs already."""
SKEW_MARGIN_S = 0.05
"""How well two clocks can be compared by one question and answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judged run and where it lies."""

    report: Report
    directory: Path


def new_run_id() -> str:
    """A name that sorts by time and is unique, e.g. `20260401-101500-3f9a`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def run(profile: Profile, project: Path, out: Path, reporter: Reporter) -> Outcome:
    """Run a profile's load against its target and judge the metrics; everything is left in `out`.

    Raises a HarnessError when the run cannot be made; samples taken so far stay in `out`.
    """
    locustfile = find_locustfile(profile, project)
    check_hosts(profile)
    registry.find(profile.instrumentation)
    dashboards, given = observe.read(profile.dashboards, project), inputs.read(profile, project)
    directory = RunDirectory(out)
    directory.create()
    with reporter.live(), running(profile, project, directory.logs, reporter, given.rules) as services:
        prometheus = Prometheus(services.prometheus)
        version = prometheus.version()
        started_s = time.time()
        if profile.start is None:  # nobody's target is loaded before it is known to be scraped
            interval_s, profile = await_scraped(prometheus, profile, reporter)
            warm_up(profile, project, directory, services, reporter)
        else:  # Prometheus takes 5 s from its start to its first scrape (discovery/manager.go, `updatert`)
            warm_up(profile, project, directory, services, reporter)
            interval_s, profile = await_scraped(prometheus, profile, reporter)
        names = registry.of(profile)
        reporter.stage("waiting for a quiet scrape")
        ledgers = {"start": ledger_of(services.target, profile, ("state", "sql_log"))}
        skew_s = prometheus.skew_s()
        limit_s = max(profile.quiet_timeout_s, 4 * interval_s)
        before = prometheus.await_quiet(names, profile.selector, prometheus.now(), interval_s, limit_s, still=True)
        instances = prometheus.instances(profile.selector)
        reporter.stage(f"load: {profile.scenario} with {_load_of(profile)} for {profile.duration_s:g} s")
        acts = profile.start.acts if profile.start else ()
        with embedded.acting(acts, services.words, directory.logs / "acts.log"):
            loaded = load(profile, project, directory.path, services.target, "measure", reporter.load)
        ended = services.ended()
        reporter.stage("waiting for the scrape that has seen the last response")
        after = prometheus.await_quiet(
            names,
            profile.selector,
            loaded.ended_s - skew_s + SKEW_MARGIN_S,
            interval_s,
            limit_s,
            still=profile.start is None,
        )
        ledgers["end"] = ledger_of(services.target, profile, ("sql_log", "state"))
        made = run_of(
            profile, out.name, started_s, services, version, instances, before, after, interval_s, skew_s, loaded
        )
        panels = (*observe.panels(dashboards, made), *given.panels)
        settings = comparability.settings(profile, locustfile.read_bytes())
        made = replace(made, ended=ended, panels=panels, rules=given.rules, settings=settings)
        directory.write_run(made)
        reporter.stage("asking Prometheus")
        answers = prometheus.fetch(verification.queries(made))
        directory.write_evidence(answers, ledgers, prometheus.rules() if given.rules else [])
        reporter.stage("judging")
        report = judge(directory)
        write_reports(directory, report)
        reporter.stage("stopping")
    return Outcome(report, out)


def verify(path: Path) -> Outcome:
    """Judge a stored run again, offline, and write its reports anew. Raises UsageError or StoreError."""
    directory = RunDirectory(path)
    report = judge(directory)
    write_reports(directory, report)
    return Outcome(report, path)


def render_again(path: Path) -> Outcome:
    """Write the other formats again from report.json. Raises UsageError or StoreError."""
    directory = RunDirectory(path)
    report = directory.read_report(json_report.parse)
    try:
        write_reports(directory, report)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise StoreError(
            f"{path / 'report.json'} cannot be rendered ({error}): it was changed; make it again"
        ) from error
    return Outcome(report, path)


def prove(
    asked: tuple[grafana.Dashboard, ...], profile: Profile, range_s: float, out: Path, reporter: Reporter
) -> Outcome:
    """Hold dashboards against the profile's running Prometheus, over the last `range_s` seconds, without any load.

    Raises UsageError for a URL that is none, PrometheusError when it does not answer or does not scrape the target.
    """
    if not _is_url(profile.prometheus):
        raise UsageError(f"--prometheus: {profile.prometheus!r} is not a URL; write for example http://127.0.0.1:9090")
    directory = RunDirectory(out)
    directory.create()
    prometheus = Prometheus(profile.prometheus)
    with reporter.live():
        reporter.stage(f"asking {profile.prometheus} for its scrapes of {{{profile.selector}}}")
        made = observe.watch(prometheus, profile, range_s, out.name)
        made = replace(made, panels=observe.panels(asked, made))
        directory.write_run(made)
        reporter.stage(f"asking for {len(made.panels)} panels")
        directory.write_evidence(prometheus.fetch(verification.queries(made)), {})
        reporter.stage("judging")
        report = judge(directory)
        write_reports(directory, report)
    return Outcome(report, out)


def judge(directory: RunDirectory) -> Report:
    """Read a run directory's samples and evidence and judge them. Raises UsageError or StoreError."""
    run_ = directory.read_run()
    evidence = directory.read_evidence(registry.of(run_).names)
    measured = tuple(shard for shard in run_.shards if shard.phase == "measure")
    states = tuple(shards.state_of(directory.path, shard) for shard in measured)
    try:
        client = _tally(directory, run_, evidence)
        return verification.verify(Facts(run_, client, evidence, states))
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise StoreError(
            f"{directory.path} cannot be judged ({type(error).__name__}: {error}); a file is damaged, run again"
        ) from error


def write_reports(directory: RunDirectory, report: Report) -> None:
    """Write every format into the run directory."""
    for name, render in FORMATS.items():
        directory.write_text(name, render(report))


@contextmanager
def running(
    profile: Profile, project: Path, logs: Path, reporter: Reporter, rules: tuple[Rule, ...] = ()
) -> Iterator[embedded.Stack]:
    """The profile's services: started here, or the running ones that it names."""
    if profile.start is None:
        yield embedded.Stack(profile.target.rstrip("/"), profile.prometheus.rstrip("/"))
        return
    reporter.stage(f"starting {', '.join((*profile.start.services, 'the target'))} and Prometheus")
    with embedded.embedded(profile.start, project, logs, profile.scrape_interval_s, rules) as services:
        yield services


@contextmanager
def up(profile: Profile, project: Path, reporter: Reporter) -> Iterator[embedded.Stack]:
    """The embedded stack alone, until the block ends; its logs are gone with it."""
    with (
        tempfile.TemporaryDirectory(prefix="harness-logs-") as logs,
        running(profile, project, Path(logs), reporter, inputs.read(profile, project).rules) as services,
    ):
        yield services


def check_hosts(profile: Profile) -> None:
    """Refuse to load a host that is neither loopback nor allowed by name. Raises UsageError."""
    if profile.start is not None:
        return
    for flag, url in (("--target", profile.target), ("--prometheus", profile.prometheus)):
        if not url:
            raise UsageError(f"{flag} is missing: a target that runs already needs both --target and --prometheus")
        _check_url(flag, url)
    check_host("--target", profile.target, profile)


def check_host(flag: str, url: str, profile: Profile) -> None:
    """Refuse to load what is no URL, or on a host that is neither loopback nor allowed by name. Raises UsageError."""
    _check_url(flag, url)
    host = urlsplit(url).hostname or ""
    if host not in LOOPBACK and host not in profile.allow_hosts:
        raise UsageError(
            f"{flag}: {host} is not this machine; to load it on purpose, add allow_hosts = [{host!r}] to the profile"
        )


def _check_url(flag: str, url: str) -> None:
    if not _is_url(url):
        raise UsageError(f"{flag}: {url!r} is not a URL; write for example http://127.0.0.1:8000")


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address, a port beyond 65535
        return False


def against(profile: Profile, target: str, prometheus: str) -> Profile:
    """The profile on services that run already.

    What it would start, its variants, dashboards and rules, and what it asks of the reference target's buckets are left
    aside.
    """
    budget = replace(profile.budget, resolution_ratio=None)
    return replace(
        profile,
        start=None,
        variants=(),
        dashboards=(),
        rules=(),
        target=target,
        prometheus=prometheus,
        budget=budget,
    )


def await_scraped(prometheus: Prometheus, profile: Profile, reporter: Reporter) -> tuple[float, Profile]:
    """Seconds between two scrapes of the target, once it is scraped, and the profile with the namespace found.

    Raises PrometheusError, UsageError when the target has several namespaces.
    """
    reporter.stage("waiting for the first scrape")
    limit_s = max(SCRAPED_LIMIT_S, 4 * profile.scrape_interval_s)
    names, given = registry.find(profile.instrumentation), profile.metric_namespace
    namespace = prometheus.await_scraped(names, profile.selector, limit_s, given)
    found = replace(profile, metric_namespace=namespace)
    if profile.start is not None:
        return profile.scrape_interval_s, found
    return prometheus.scrape_interval_s(profile.selector, INTERVAL_LIMIT_S), found


def _load_of(profile: Profile) -> str:
    return f"{profile.users} users" if profile.arrival_rate is None else f"{profile.arrival_rate:g} arrivals/s"


def warm_up(
    profile: Profile, project: Path, directory: RunDirectory, services: embedded.Stack, reporter: Reporter
) -> None:
    """Load the target and judge nothing of it."""
    if profile.warmup_s:
        reporter.stage(f"warming up for {profile.warmup_s:g} s")
        load(profile, project, directory.path, services.target, "warmup", reporter.load)


def ledger_of(url: str, profile: Profile, order: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """The target's own word. Reading the state runs SQL and reading the log runs none.

    So the state is read first before t0 and last after t1: neither reading lies between the log's two totals.
    """
    paths = {"state": profile.state, "sql_log": profile.sql_log}
    return {name: target_client.fetch(url, paths[name]) for name in order if paths[name]}


def _tally(directory: RunDirectory, made: Run, evidence: prometheus_evidence.Evidence) -> ClientSummary:
    bounds = set()
    names = registry.of(made)
    for histogram in (names.latency_by_view, names.latency_all):
        reading = evidence.read(prometheus_evidence.raw_query(made, f"{histogram}_bucket"))
        if isinstance(reading, Reading):
            bounds |= {float(series.labels["le"]) for series in reading.series if "le" in series.labels}
    aggregator = SampleAggregator(bounds)
    measured = tuple(shard for shard in made.shards if shard.phase == "measure")
    for table in shards.tables(directory.path, measured):
        aggregator.add(table)
    return aggregator.summary(shards.tables(directory.path, measured))


def run_of(
    profile: Profile,
    run_id: str,
    started_s: float,
    services: embedded.Stack,
    version: str,
    instances: tuple[str, ...],
    before: QuietScrape,
    after: QuietScrape,
    interval_s: float,
    skew_s: float,
    loaded: Loaded,
) -> Run:
    """Everything about a run that has been loaded, for run.json."""
    return Run(
        schema_version=SCHEMA_VERSION,
        id=run_id,
        profile=profile.name,
        scenario=profile.scenario,
        started_s=started_s,
        target=services.target,
        prometheus=services.prometheus,
        prometheus_version=version,
        selector=profile.selector,
        instances=instances,
        window=Window(before.time_s, after.time_s, interval_s, skew_s, before.idle_requests, after.idle_requests),
        shards=loaded.shards,
        generator=loaded.health,
        versions={**machine.versions(), **{server.name: server.version for server in services.servers}},
        machine=machine.fingerprint(),
        thresholds=profile.thresholds,
        budget=profile.budget,
        views=profile.views,
        calibration=profile.calibration,
        foreign_traffic=profile.foreign_traffic,
        background=profile.background,
        metrics_view=profile.metrics_view or registry.of(profile).metrics_view,
        embedded=profile.start is not None,
        variants=profile.variants,
        fault=profile.fault,
        rule_scale=1.0 if profile.start is None else profile.rule_scale,
        gated_views=profile.gated_views,
        arrival_rate=profile.arrival_rate,
        arrival_seed=None if profile.arrival_rate is None else profile.arrival_seed,
        instrumentation=profile.instrumentation,
        metric_namespace=profile.metric_namespace or "",
    )
