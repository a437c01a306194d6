"""What must be equal for two runs to be compared: machine, versions, load and data, by name."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields

import msgspec

from harness.config.profile import Profile, TargetStart
from harness.core.query import NoData
from harness.core.run import Run
from harness.evidence.target_totals import State

UNKNOWN = "not known"
"""What an older run did not record; such a run is not comparable."""
MACHINE = ("system", "architecture", "cpus", "processor", "memory_gib")
SHOWN = (
    "users",
    "arrival_rate",
    "arrival_seed",
    "spawn_rate",
    "duration_s",
    "warmup_s",
    "stop_timeout_s",
    "workers",
    "pace",
    "scrape_interval_s",
    "variants",
)
"""Keys of a profile whose value is stored; of the others only a digest is, because they may be confidential."""
IGNORED = (
    "name",
    "allow_hosts",
    "background",
    "bind",
    "budget",
    "calibration",
    "dashboard_variables",
    "dashboards",
    "expect_workers",
    "foreign_traffic",
    "gated_views",
    "instrumentation",
    "known_delay",
    "load",
    "metric_namespace",
    "metrics_view",
    "probe",
    "prometheus",
    "prometheus_connection",
    "quiet_timeout_s",
    "rule_scale",
    "rules",
    "scenario",
    "selector",
    "slowdown",
    "sql_log",
    "state",
    "target_connection",
    "thresholds",
    "views",
    "witness_token_env",
)
"""Keys that name or judge the load and do not make it. A key that is in neither list counts; `load` does as the
scenario."""
START_IGNORED = ("headers", "host", "labels", "python", "settings")
"""Attributes of a start that say where it listens or who asks, name its series, serve faults alone, or show in the
versions."""
START_NAMES = {"sidecars": "beside", "placeholders": "words"}
"""Attribute of a start -> the name under which it is digested, so that kept runs stay comparable with new ones."""


def settings(profile: Profile, scenario: bytes) -> Mapping[str, str]:
    """What the load and the target's start are made of; the scenario by its content, not by its name."""
    found = {"scenario": hashlib.sha256(scenario).hexdigest()[:12]}
    for item in fields(profile):
        if item.name not in IGNORED:
            value = getattr(profile, item.name)
            value = _start(value) if isinstance(value, TargetStart) else value
            found[item.name] = _shown(value) if item.name in SHOWN else _digest(value)
    return found


def fingerprint(run: Run, state: State | NoData | None) -> Mapping[str, str]:
    """Of a stored run; what it did not record is `UNKNOWN`, never left out."""
    found = {f"machine.{name}": run.machine.get(name, UNKNOWN) for name in MACHINE}
    found |= {f"version.{name}": version for name, version in run.versions.items()}
    found["version.prometheus"] = run.prometheus_version or "untold"
    found |= {f"profile.{name}": value for name, value in run.settings.items()} or {"profile.settings": UNKNOWN}
    if isinstance(state, State):
        for alias, migrations in state.migrations.items():
            found[f"data.migrations.{alias}"] = f"{migrations.applied} applied, {migrations.unapplied} not"
    return found


def completed(found: Mapping[str, str]) -> Mapping[str, str]:
    """A fingerprint that was read, with `UNKNOWN` for every required entry that it lacks."""
    needed = {f"machine.{name}" for name in MACHINE} | {"version.python", "version.prometheus"}
    if not any(name.startswith("profile.") for name in found):
        needed.add("profile.settings")
    return dict.fromkeys(sorted(needed), UNKNOWN) | dict(found)


def _start(start: TargetStart) -> msgspec.Raw:
    """What of a start makes the load, as JSON."""
    counted = {
        START_NAMES.get(item.name, item.name): msgspec.Raw(_json(getattr(start, item.name)))
        for item in fields(start)
        if item.name not in START_IGNORED
    }
    return msgspec.Raw(msgspec.json.encode(counted))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _digest(value: object) -> str:
    return hashlib.sha256(_json(value)).hexdigest()[:12] if value else "none"


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
