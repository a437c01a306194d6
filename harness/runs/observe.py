"""A run without load: dashboards and rules checked against the last minutes of a running Prometheus."""

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.config.profile import Profile
from harness.core.run import RUN_VERSION, GeneratorHealth, Run
from harness.instrumentation import registry
from harness.monitoring.dashboards import grafana
from harness.report import verification
from harness.runs import inputs, manifest, window
from harness.runs.judge import Outcome, judge, write_reports
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory
from harness.runs.scrapes import scraped_already
from harness.runs.window import MeasuredWindow
from harness.runtime import access, machine
from harness.runtime.prometheus import Prometheus

CHECKS = ("dashboards", "records")
"""The checks that need no load. When each alert had to fire is not among them: that takes the times of evaluations."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is held against the running Prometheus."""

    dashboards: tuple[grafana.Dashboard, ...] = ()
    rules: inputs.Rules = field(default_factory=lambda: inputs.Rules((), ()))


def verify(watched: Watched, profile: Profile, range_s: float, project: Path, out: Path, reporter: Reporter) -> Outcome:
    """Check dashboards and rules against the profile's running Prometheus, over the last `range_s` seconds.

    Raises UsageError for a malformed URL, PrometheusError when it does not answer or does not scrape the target.
    """
    reached = access.reach("prometheus", profile.prometheus, profile.prometheus_connection, project, os.environ)
    profile = replace(profile, prometheus=reached.rstrip("/"))
    directory = RunDirectory(out)
    directory.create()
    prometheus = Prometheus(profile.prometheus)
    with reporter.live():
        reporter.stage(f"asking {profile.prometheus} for its scrapes of {{{profile.selector}}}")
        scraped = scraped_already(prometheus, profile)
        measured = window.last_minutes(scraped, range_s)
        panels = (*inputs.panels_of(watched.dashboards, profile, measured.window, prometheus), *watched.rules.panels)
        made = replace(_run_of(profile, prometheus.url, measured, out.name), panels=panels, rules=watched.rules.rules)
        made = replace(made, evaluates_as=scraped.evaluates_as, target_labels=scraped.target_labels)
        made = replace(made, other_times=True, default_step_s=prometheus.default_step_s())
        directory.write_run(made)
        reporter.stage(f"asking for {len(made.panels)} panels" if watched.dashboards else "asking for the rules")
        directory.write_evidence(prometheus.fetch(verification.queries(made)), {})
        reporter.stage("judging")
        report = judge(directory, fresh=True)
        write_reports(directory, report)
    manifest.seal(out)
    return Outcome(report, out)


def _run_of(profile: Profile, url: str, measured: MeasuredWindow, run_id: str) -> Run:
    return Run(
        schema_version=RUN_VERSION,
        id=run_id,
        profile=profile.name,
        scenario="",
        started_s=time.time(),
        target="",
        prometheus=url,
        prometheus_version=measured.prometheus_version,
        selector=profile.selector,
        instances=measured.instances,
        window=measured.window,
        shards=(),
        generator=GeneratorHealth(0, 0, 0.0, 0.0, None, None, 0),
        versions=machine.versions(),
        machine=machine.fingerprint(),
        background=profile.background,
        metrics_view=profile.metrics_view or registry.find(profile.instrumentation).metrics_view,
        instrumentation=profile.instrumentation,
        metric_namespace=measured.namespace,
        embedded=False,
        checks=CHECKS,
    )
