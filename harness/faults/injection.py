"""Fault + profile -> the profile with the fault in it, and the files that it needs."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.config.profile import Profile, TargetStart
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.faults.fault import Fault

SETTINGS = "faulty_settings"
"""The module of the fault's own settings, which follow those of the target."""


def check_start(profile: Profile) -> None:
    """Check that a profile starts a target that can be broken. Raises UsageError."""
    if profile.start is None:
        raise UsageError(
            f"--fault: profile {profile.name!r} starts nothing, and a fault is injected into the embedded target; "
            "choose a profile with a [start] table"
        )


@contextmanager
def injected(config: Config, profile: Profile, fault: Fault) -> Iterator[Profile]:
    """The profile with the fault in its start, its load and its scrapes; its files are gone after the block.

    Raises UsageError when the profile starts no target that could be broken or does not name the settings that the
    fault adds to, and when a program is missing.
    """
    check_start(profile)
    if missing := [name for name in fault.needs if shutil.which(name) is None]:
        raise UsageError(f"--fault: {fault.id} needs {missing[0]}, which is not on PATH; `make services` installs it")
    with TemporaryDirectory(prefix="harness-fault-") as name:
        yield _apply(config.varied(profile, fault.injection.variants), fault, Path(name))


def _apply(profile: Profile, fault: Fault, directory: Path) -> Profile:
    injection, start = fault.injection, profile.start
    assert start is not None
    for file, text in _files(fault, profile.name, start).items():
        (directory / file).write_text(text, encoding="utf-8")
    own_path = start.env.get("PYTHONPATH", "")
    env = {**start.env, **injection.env, "PYTHONPATH": os.pathsep.join(filter(None, ("{fault}", own_path)))}
    if injection.settings:
        env["DJANGO_SETTINGS_MODULE"] = SETTINGS
    scenario = injection.scenario or profile.scenario
    if injection.locustfile:
        scenario = str(directory / "locustfile.py")
    dashboards = (str(directory / "dashboard.json"),) if injection.dashboard else profile.dashboards
    command = tuple(
        part
        for given in injection.command or start.command
        for part in (start.command if given == "{command}" else (given,))
    )
    started = replace(
        start,
        env=env,
        command=command,
        prepare=start.prepare if injection.prepare is None else injection.prepare,
        sidecars=injection.sidecars,
        entry=injection.entry,
        scrape=injection.scrape,
        acts=injection.acts,
        placeholders={"fault": str(directory)},
    )
    return replace(
        profile, start=started, scenario=scenario, dashboards=dashboards, fault=fault.id, **injection.profile
    )


def _files(fault: Fault, profile: str, start: TargetStart) -> Mapping[str, str]:
    injection = fault.injection
    files = dict(injection.modules)
    if injection.settings:
        own = start.env.get("DJANGO_SETTINGS_MODULE") or start.settings
        if not own:
            raise UsageError(
                f"--fault: {fault.id} adds to the target's settings, and profile {profile!r} does not say which these "
                'are; name their module, e.g. start.settings = "mysite.settings"'
            )
        files[f"{SETTINGS}.py"] = f"from {own} import *\n{injection.settings}"
    if injection.locustfile:
        files["locustfile.py"] = injection.locustfile
    if injection.dashboard:
        files["dashboard.json"] = injection.dashboard
    return files
