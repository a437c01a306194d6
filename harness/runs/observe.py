"""Dashboards: read from their files, asked over a run's window, or over the last minutes of a Prometheus that runs."""

import time
from collections.abc import Sequence
from pathlib import Path

from harness.config.profile import Profile
from harness.core.errors import PrometheusError, UsageError
from harness.core.panel import Panel
from harness.core.run import SCHEMA_VERSION, GeneratorHealth, Run, Window
from harness.instrumentation import registry
from harness.monitoring.dashboards import grafana
from harness.runtime import machine
from harness.runtime.prometheus import Prometheus

CHECKS = ("dashboards",)
"""The checks that need no load."""
INTERVAL_LIMIT_S = 150.0
"""How long to wait for two scrapes of a target."""
FEWEST_SCRAPES = 4
"""Scrapes in the shortest range of time that says anything."""


def read(names: Sequence[str], project: Path) -> tuple[grafana.Dashboard, ...]:
    """The dashboards of files, and of directories of them, relative to the project.

    A file of several that is no dashboard is told in its `problem`, and the others are judged. Raises UsageError that
    names the file when none is left, or nothing is there.
    """
    found: list[grafana.Dashboard] = []
    for name in names:
        path = project / name
        files = sorted(path.glob("**/*.json")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"dashboards: {path} holds no .json file; export a dashboard from Grafana into it")
        found += [_read_file(file, project, alone=len(files) == 1) for file in files]
    if found and all(dashboard.problem for dashboard in found):
        raise UsageError(found[0].problem)
    return tuple(found)


def panels(dashboards: tuple[grafana.Dashboard, ...], made: Run) -> tuple[Panel, ...]:
    """Their queries over the run's window, with the labels of its selector for variables of that name."""
    given, window = grafana.labels_of(made.selector), made.window
    asked = (grafana.panels(each, given, window.length_s, window.scrape_interval_s) for each in dashboards)
    return tuple(panel for panels in asked for panel in panels)


def watch(prometheus: Prometheus, profile: Profile, range_s: float, run_id: str) -> Run:
    """The last `range_s` seconds of a target that is scraped, as a run without load. Raises PrometheusError.

    It ends one scrape interval ago: by then the newest scrape in it is stored, however long it took.
    """
    version = prometheus.version()
    instances = prometheus.instances(profile.selector)
    if not instances:
        raise PrometheusError(
            f"{prometheus.url} scrapes nothing with {{{profile.selector}}} that is up; see its targets page, or name "
            "the target's labels with --selector"
        )
    names = registry.find(profile.instrumentation)
    found = prometheus.namespace(names, profile.selector, profile.metric_namespace)
    namespace = found if profile.metric_namespace is None else profile.metric_namespace
    interval_s = prometheus.scrape_interval_s(profile.selector, INTERVAL_LIMIT_S)
    if range_s < FEWEST_SCRAPES * interval_s:
        raise UsageError(
            f"--range: {range_s:g} s hold fewer than {FEWEST_SCRAPES} scrapes of {interval_s:g} s; take a longer one"
        )
    end_s = round(prometheus.now() - interval_s, 3)
    return Run(
        schema_version=SCHEMA_VERSION,
        id=run_id,
        profile=profile.name,
        scenario="",
        started_s=time.time(),
        target="",
        prometheus=prometheus.url,
        prometheus_version=version,
        selector=profile.selector,
        instances=instances,
        window=Window(end_s - range_s, end_s, interval_s, prometheus.skew_s(), None, None),
        shards=(),
        generator=GeneratorHealth(0, 0, 0.0, 0.0, None, None, 0),
        versions=machine.versions(),
        machine=machine.fingerprint(),
        background=profile.background,
        metrics_view=profile.metrics_view or names.metrics_view,
        instrumentation=profile.instrumentation,
        metric_namespace=namespace or "",
        embedded=False,
        checks=CHECKS,
    )


def _read_file(file: Path, project: Path, *, alone: bool) -> grafana.Dashboard:
    source = str(file.relative_to(project)) if file.is_relative_to(project) else str(file)
    try:
        return grafana.parse(file.read_text(encoding="utf-8"), source)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problem = f"dashboards: {file} cannot be read: {reason}; name a file or a directory of dashboards in JSON"
    except UsageError as error:
        problem = str(error)
    if alone:
        raise UsageError(problem)
    return grafana.Dashboard(file.name, (), {}, source, problem)
