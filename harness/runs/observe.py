"""A run without load: dashboards checked against the last minutes of a running Prometheus."""

import os
import time
from dataclasses import replace
from pathlib import Path

from harness.config.profile import Profile
from harness.core.run import RUN_VERSION, GeneratorHealth, Run
from harness.instrumentation import registry
from harness.monitoring.dashboards import grafana
from harness.report import verification
from harness.runs import manifest, window
from harness.runs.judge import Outcome, judge, write_reports
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory
from harness.runs.scrapes import scraped_already
from harness.runs.window import MeasuredWindow
from harness.runtime import access, machine
from harness.runtime.prometheus import Prometheus

CHECKS = ("dashboards",)
"""The checks that need no load."""


def verify_dashboards(
    dashboards: tuple[grafana.Dashboard, ...],
    profile: Profile,
    range_s: float,
    project: Path,
    out: Path,
    reporter: Reporter,
) -> Outcome:
    """Check dashboards against the profile's running Prometheus, over the last `range_s` seconds, without any load.

    Raises UsageError for a malformed URL, PrometheusError when it does not answer or does not scrape the target.
    """
    reached = access.reach("prometheus", profile.prometheus, profile.prometheus_connection, project, os.environ)
    profile = replace(profile, prometheus=reached.rstrip("/"))
    directory = RunDirectory(out)
    directory.create()
    prometheus = Prometheus(profile.prometheus)
    with reporter.live():
        reporter.stage(f"asking {profile.prometheus} for its scrapes of {{{profile.selector}}}")
        measured = window.last_minutes(scraped_already(prometheus, profile), range_s)
        made = _run_of(profile, prometheus.url, measured, dashboards, out.name)
        directory.write_run(made)
        reporter.stage(f"asking for {len(made.panels)} panels")
        directory.write_evidence(prometheus.fetch(verification.queries(made)), {})
        reporter.stage("judging")
        report = judge(directory, fresh=True)
        write_reports(directory, report)
    manifest.seal(out)
    return Outcome(report, out)


def _run_of(
    profile: Profile, url: str, measured: MeasuredWindow, dashboards: tuple[grafana.Dashboard, ...], run_id: str
) -> Run:
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
        panels=grafana.panels_of(dashboards, profile.selector, measured.window),
    )
