"""Looks at this machine, at a settings module and at a live /metrics, for `harness doctor`."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from harness.cli.doctor.live_page import probe_metrics
from harness.cli.doctor.machine import probe_machine
from harness.cli.doctor.settings import probe_settings
from harness.config.profile import Profile
from harness.core.errors import ExitCode
from harness.instrumentation import registry
from harness.instrumentation.diagnosis import Diagnosis, Health
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.instrumentation.django_prometheus.doctor import diagnose_settings
from harness.runs.preflight import asking, rows
from harness.runtime import access
from harness.runtime.load import witness_token

__all__ = ["examine", "examine_target", "exit_code", "preflight", "probe_machine", "probe_metrics", "probe_settings"]


def examine(
    project: Path,
    settings: str | None = None,
    settings_cwd: Path | None = None,
    metrics_url: str | None = None,
    python: Path | None = None,
) -> tuple[Diagnosis, ...]:
    """Diagnose the machine and project, and the target's settings and live metrics where they are named.

    Args:
        project: the directory of harness.toml.
        settings: dotted path of a Django settings module.
        settings_cwd: the directory where it can be imported; without one, the current directory.
        metrics_url: URL of a live /metrics.
        python: the interpreter that has the packages of the settings module; without one, this one.

    Raises:
        UsageError: the module cannot be imported or set up, or the URL is malformed.
    """
    return (*probe_machine(project), *examine_target(settings, settings_cwd, metrics_url, python))


def examine_target(
    settings: str | None = None,
    settings_cwd: Path | None = None,
    metrics_url: str | None = None,
    python: Path | None = None,
) -> tuple[Diagnosis, ...]:
    """Diagnose the target's settings and live metrics alone; arguments and errors as of `examine`."""
    found: list[Diagnosis] = []
    if settings:
        found += diagnose_settings(probe_settings(settings, settings_cwd or Path(), str(python or sys.executable)))
    if metrics_url:
        found += DJANGO_PROMETHEUS.diagnose_page(probe_metrics(metrics_url))
    return tuple(found)


def preflight(profile: Profile, project: Path) -> tuple[Diagnosis, ...]:
    """What `harness run` would find before its load on a running deployment; nothing is loaded.

    Raises UsageError for a URL or a credential that is none, PrometheusError when Prometheus falls silent meanwhile.
    """
    granted = access.granted(profile, project, os.environ)
    facts = asking.look(granted, witness_token.read(granted, os.environ))
    return rows.rows(facts, registry.find(profile.instrumentation))


def exit_code(diagnoses: Iterable[Diagnosis]) -> ExitCode:
    """FAILED when anything is at fault; what is unknown does not fail a command that only looks."""
    if any(diagnosis.status is Health.FAULT for diagnosis in diagnoses):
        return ExitCode.FAILED
    return ExitCode.PASSED
