"""The only wiring of a run: profile -> load -> samples -> evidence -> verdicts -> report."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.checks import CHECKS
from harness.config import hosts
from harness.config.profile import Profile
from harness.core.errors import PrometheusError
from harness.core.rule import Rule
from harness.core.run import RUN_VERSION, GeneratorHealth, Run
from harness.evidence import comparability
from harness.instrumentation import registry
from harness.instrumentation.diagnosis import Health
from harness.report import verification
from harness.report.render import diagnoses
from harness.runs import inputs, manifest, probing, warmth, window
from harness.runs.judge import Outcome, judge, write_reports
from harness.runs.preflight import asking, rows, store
from harness.runs.progress import Reporter, Watched
from harness.runs.run_directory import RunDirectory
from harness.runs.scrapes import Scraped, await_scraped
from harness.runs.window import MeasuredWindow
from harness.runtime import access, clock, machine
from harness.runtime.load import generators, shards, witness_token
from harness.runtime.load.distributed import gathering
from harness.runtime.load.distributed.crew import Crew
from harness.runtime.load.generator import Loaded, LoadGenerator
from harness.runtime.prometheus import Prometheus
from harness.runtime.stack import embedded
from harness.runtime.stack.acts import acting

REPORT_PAGE = "report.html"
NOTHING_LOADED = Loaded((), GeneratorHealth(0, 0, 0.0, 0.0, None, None, 0), 0.0)
"""Of a load that has not begun."""


def run(profile: Profile, project: Path, out: Path, reporter: Reporter) -> Outcome:
    """Run a profile's load against its target and judge the metrics; everything is left in `out`.

    Raises a HarnessError when the run cannot be made; samples taken so far stay in `out`.
    """
    scenario = generators.of(profile).find(profile, project)
    profile = gathering.for_workers(profile)
    hosts.check_hosts(profile)
    profile = access.granted(profile, project, os.environ)
    registry.find(profile.instrumentation)
    witness_token.read(profile, os.environ)
    dashboards, rules = inputs.read_dashboards(profile.dashboards, project), inputs.read_rules(profile, project)
    directory = RunDirectory(out)
    directory.create()
    with (
        reporter.live(),
        gathering.gathered(profile, project, out.name, reporter.table) as crew,
        running(profile, project, directory.logs, reporter, rules.rules) as services,
    ):
        started_s = time.time()
        prometheus = Prometheus(services.prometheus)
        phases = Phases(profile, project, directory, services, reporter, crew)
        scraped = _warmed_up(prometheus, phases)
        profile = replace(profile, selector=scraped.selector, metrics_view=scraped.metrics_view)
        reporter.stage("waiting for a quiet scrape")
        watch = clock.Watch()
        opened = window.open_window(scraped, services.target, profile)
        let_watch(reporter, profile, directory, started_s, services, opened)
        loaded = _load(replace(phases, profile=profile))
        ended = services.ended()
        reporter.stage("waiting for the first scrape after the last response")
        measured = opened.close(loaded.ended_s, abandoned=loaded.abandoned)
        reporter.until(measured.window.end_s)
        watch.check()
        probed = _probed(profile, opened, directory, loaded, reporter)
        made = replace(
            run_of(profile, out.name, started_s, services, measured, loaded),
            ended=ended,
            panels=(*inputs.panels_of(dashboards, profile, measured.window, prometheus), *rules.panels),
            rules=rules.rules,
            recorded=prometheus.recorded(),
            dropped=prometheus.dropped(profile.selector, scraped.names.droppable),
            scenario=scenario.name,
            settings=comparability.settings(profile, scenario.content),
            shards=(*loaded.shards, *((probed.shard,) if probed else ())),
            probe=probed.probe if probed else None,
            views={**profile.views, **(probed.views if probed else {})},
            evaluates_as=scraped.evaluates_as,
            narrowed_by=scraped.narrowed_by,
            target_labels=scraped.target_labels,
            other_times=True,
            default_step_s=prometheus.default_step_s(),
        )
        directory.write_run(made)
        reporter.stage("asking Prometheus")
        answers = prometheus.fetch(verification.queries(made))
        directory.write_evidence(answers, measured.totals, prometheus.rules() if rules.rules else [])
        reporter.stage("judging")
        report = judge(directory, fresh=True)
        write_reports(directory, report)
        reporter.over(directory.path / REPORT_PAGE)
        reporter.stage("stopping")
    manifest.seal(out)
    return Outcome(report, out)


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
        running(profile, project, Path(logs), reporter, inputs.read_rules(profile, project).rules) as services,
    ):
        if reporter.is_viewed:
            scraped = await_scraped(Prometheus(services.prometheus), profile, reporter)
            opened = window.open_now(scraped, services.target, profile)
            let_watch(reporter, profile, RunDirectory(Path(logs)), time.time(), services, opened)
            reporter.stage("up, until Ctrl-C")
        yield services


def let_watch(
    reporter: Reporter,
    profile: Profile,
    directory: RunDirectory,
    started_s: float,
    services: embedded.Stack,
    opened: window.OpenWindow,
) -> None:
    """Let whoever watches look at the load that is about to begin."""
    if reporter.is_viewed:
        made = run_of(profile, directory.path.name, started_s, services, opened.so_far, NOTHING_LOADED)
        known = frozenset(shards.find(directory.path))
        reporter.watch(Watched(made, directory.path, known, is_verified=opened.scraped is not None))


@dataclass(frozen=True, slots=True)
class Phases:
    """What each phase of load needs."""

    profile: Profile
    project: Path
    directory: RunDirectory
    services: embedded.Stack
    reporter: Reporter
    crew: Crew | None
    """The workers on other hosts that load, if they do."""

    @property
    def generator(self) -> LoadGenerator:
        """What makes the load."""
        return generators.of(self.profile, self.crew)

    def load(self, phase: str) -> Loaded:
        """Drive one phase."""
        target, show = self.services.target, self.reporter.load
        return self.generator.load(self.profile, self.project, self.directory.path, target, phase, show)


def _warmed_up(prometheus: Prometheus, phases: Phases) -> Scraped:
    """Load the target without judging it, and check that it is scraped.

    Nobody's target is loaded before it is known to be scraped. One that was started here is loaded at once: Prometheus
    takes 5 s from its start to its first scrape (discovery/manager.go, `updatert`).
    """
    profile, reporter = phases.profile, phases.reporter
    if profile.start is None:
        scraped = await_scraped(prometheus, profile, reporter)
        scraped = _examined(profile, phases.directory, scraped, reporter)
        _warm_up(phases)
        return scraped
    _warm_up(phases)
    return await_scraped(prometheus, profile, reporter)


def _examined(profile: Profile, directory: RunDirectory, scraped: Scraped, reporter: Reporter) -> Scraped:
    """The preflight, shown and stored; with the view of the scrapes, and how late samples come.

    Raises PrometheusError for an obstacle with which nothing can be judged.
    """
    reporter.stage("preflight: looking at what is scraped, and waiting for the next sample")
    asked = replace(profile, selector=scraped.selector)
    facts = asking.look(asked, witness_token.read(profile, os.environ), interval_s=scraped.interval_s)
    found = rows.rows(facts, scraped.names)
    directory.write_text(store.FILE, store.encode(facts, found))
    reporter.table(diagnoses.render(found))
    for row in found:
        if row.id in rows.BLOCKING and row.status is Health.FAULT:
            raise PrometheusError(row.text)
    return replace(scraped, metrics_view=profile.metrics_view or facts.metrics_view.view, lag_s=facts.lag_s or 0.0)


def _warm_up(phases: Phases) -> None:
    profile, reporter = phases.profile, phases.reporter
    if not phases.generator.warms_up:
        reporter.stage("no warm-up: the load command is run once, for the measured load")
    elif profile.warmup_s:
        reporter.stage(f"warming up for {profile.warmup_s:g} s", profile.warmup_s)
        warm = phases.load("warmup")
        warmth.check(phases.directory.path, warm.shards, phases.services.target, running=profile.start is None)


def _load(phases: Phases) -> Loaded:
    """The measured load, with the profile's acts on the target beside it."""
    profile, services = phases.profile, phases.services
    phases.reporter.stage(f"load: {_described(phases)}", profile.duration_s)
    acts = profile.start.acts if profile.start else ()
    with acting(acts, services.placeholders, phases.directory.logs / "acts.log"):
        return phases.load("measure")


def _described(phases: Phases) -> str:
    profile = phases.profile
    if profile.load is not None:
        return f"{phases.generator.find(profile, phases.project).name}, read as {profile.load.format}"
    users = f"{profile.users} users" if profile.arrival_rate is None else f"{profile.arrival_rate:g} arrivals/s"
    return f"{profile.scenario} with {users} for {profile.duration_s:g} s"


def _probed(
    profile: Profile, opened: window.OpenWindow, directory: RunDirectory, loaded: Loaded, reporter: Reporter
) -> probing.Probed | None:
    """The probe phase, where the profile wants one."""
    if not probing.is_wanted(profile):
        return None
    reporter.stage("probing rare views")
    return probing.probe(profile, opened, directory.path, loaded)


def run_of(
    profile: Profile,
    run_id: str,
    started_s: float,
    services: embedded.Stack,
    measured: MeasuredWindow,
    loaded: Loaded,
) -> Run:
    """Everything about a run that has been loaded, for run.json."""
    return Run(
        schema_version=RUN_VERSION,
        id=run_id,
        profile=profile.name,
        scenario=profile.scenario,
        started_s=started_s,
        target=services.target,
        prometheus=services.prometheus,
        prometheus_version=measured.prometheus_version,
        selector=profile.selector,
        instances=measured.instances,
        window=measured.window,
        shards=loaded.shards,
        generator=loaded.health,
        unsaid=loaded.unsaid,
        versions={**machine.versions(services.python), **{server.name: server.version for server in services.servers}},
        machine=machine.fingerprint(),
        thresholds=profile.thresholds,
        budget=profile.budget,
        views=profile.views,
        calibration=profile.calibration,
        foreign_traffic=profile.foreign_traffic,
        background=profile.background,
        metrics_view=profile.metrics_view
        or measured.metrics_view
        or registry.find(profile.instrumentation).metrics_view,
        embedded=profile.start is not None,
        variants=profile.variants,
        fault=profile.fault,
        rule_scale=1.0 if profile.start is None else profile.rule_scale,
        gated_views=profile.gated_views,
        arrival_rate=profile.arrival_rate,
        arrival_seed=None if profile.arrival_rate is None else profile.arrival_seed,
        checks=tuple(check.id for check in CHECKS),
        instrumentation=profile.instrumentation,
        metric_namespace=measured.namespace,
    )
