"""The profile that a command names, with its flags applied."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cli import settings
from harness.cli.flags import refuse
from harness.cli.flags import variables as given_variables
from harness.config import hosts, toml_file
from harness.config.profile import Profile
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.runtime import files

OF_LOCUST = ("workers", "tags", "exclude_tags", "pace", "arrival_rate", "warmup", "locust_arguments")
"""Flags that say how Locust loads."""


def chosen(options: argparse.Namespace) -> tuple[Profile, Path]:
    """The profile with the flags applied, and the directory that its paths are relative to."""
    flags = vars(options)
    if flags.get("arrival_rate") and flags.get("pace"):
        raise UsageError("--pace: not allowed with --arrival-rate, which does not wait for users; leave one out")
    if flags.get("locustfile") and (flags.get("load_command") or flags.get("format")):
        raise UsageError("--locustfile: not allowed with --load-command, which makes the load; leave one out")
    if flags.get("workers") and flags.get("expect_workers"):
        raise UsageError("--workers: processes of this machine, and with --expect-workers others load; leave one out")
    if options.variant and (flags.get("target") or flags.get("prometheus")):
        raise UsageError("--variant: only a target that the harness starts has variants; leave it out")
    loaded = load(options)
    project = files.resolved(options.config).parent
    profile = loaded.profile(options.profile, options.variant, settings.given(options))
    given: dict[str, Any] = {
        name: tuple(flags[flag]) if isinstance(flags[flag], list) else flags[flag]
        for flag, name in (
            ("users", "users"),
            ("arrival_rate", "arrival_rate"),
            ("duration", "duration_s"),
            ("warmup", "warmup_s"),
            ("workers", "workers"),
            ("expect_workers", "expect_workers"),
            ("bind", "bind"),
            ("pace", "pace"),
            ("tags", "tags"),
            ("exclude_tags", "exclude_tags"),
            ("locust_arguments", "locust_arguments"),
            ("selector", "selector"),
            ("metrics_view", "metrics_view"),
            ("foreign_traffic", "foreign_traffic"),
        )
        if flags.get(flag) is not None
    }
    if flags.get("users") or flags.get("pace"):
        given["arrival_rate"] = None
    if flags.get("workers") or flags.get("expect_workers") == 0:
        given |= {"expect_workers": 0, "bind": flags.get("bind") or ""}
    if flags.get("locustfile"):
        given |= {"scenario": str(files.resolved(flags["locustfile"])), "load": None}
    profile = replace(profile, **given)
    if profile.load is not None:
        refuse(options, [name for name in OF_LOCUST if name in flags], "a load command")
    if flags.get("target") or flags.get("prometheus"):
        profile = hosts.against(profile, flags["target"] or profile.target, flags["prometheus"] or profile.prometheus)
    if flags.get("dashboards"):
        profile = replace(profile, dashboards=(str(files.resolved(flags["dashboards"])),))
    if flags.get("variables"):
        own = {**profile.dashboard_variables, **given_variables(options)}
        profile = replace(profile, dashboard_variables=own)
    if flags.get("rules"):
        profile = replace(profile, rules=(str(files.resolved(flags["rules"])),))
    return profile, project


def running(options: argparse.Namespace, name: str | None) -> Profile:
    """A running deployment, of the flags, of a profile of the file, or, where there is no file, of the flags alone."""
    known = name is not None or options.config.exists()
    loaded = load(options) if known else Config("built-in", {"built-in": Profile("built-in")}, "built-in")
    profile = loaded.profile(name, given=settings.given(options))
    return replace(profile, start=None, selector=options.selector or profile.selector)


def load(options: argparse.Namespace) -> Config:
    """The config file; without one, a running target can still be loaded."""
    try:
        text = files.read_text(options.config, files.CONFIG_BYTES)
    except FileNotFoundError:
        if getattr(options, "target", None) and options.config == Path("harness.toml"):
            return Config("built-in", {"default": Profile("default")}, "default")
        raise UsageError(
            f"--config: {options.config} does not exist; run in the project's directory, or name the file"
        ) from None
    except OSError as error:
        raise UsageError(f"--config: {options.config} cannot be read: {error.strerror}") from None
    return toml_file.parse(text, str(options.config))
