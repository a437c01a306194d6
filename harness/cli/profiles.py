"""The profile that a command names, with its flags applied."""

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli.flags import variables as given_variables
from harness.config import hosts, toml_file
from harness.config.profile import Profile
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.runtime import files


def chosen(options: argparse.Namespace) -> tuple[Profile, Path]:
    """The profile with the flags applied, and the directory that its paths are relative to."""
    flags = vars(options)
    if flags.get("arrival_rate") and flags.get("pace"):
        raise UsageError("--pace: not allowed with --arrival-rate, which does not wait for users; leave one out")
    if options.variant and (flags.get("target") or flags.get("prometheus")):
        raise UsageError("--variant: only a target that the harness starts has variants; leave it out")
    loaded = load(options)
    project = options.config.resolve().parent
    profile = loaded.profile(options.profile, options.variant)
    given = {
        name: flags[flag]
        for flag, name in (
            ("users", "users"),
            ("arrival_rate", "arrival_rate"),
            ("duration", "duration_s"),
            ("warmup", "warmup_s"),
            ("workers", "workers"),
            ("pace", "pace"),
            ("tags", "tags"),
            ("exclude_tags", "exclude_tags"),
            ("locust_arguments", "locust_arguments"),
            ("selector", "selector"),
            ("foreign_traffic", "foreign_traffic"),
        )
        if flags.get(flag) is not None
    }
    if flags.get("users") or flags.get("pace"):
        given["arrival_rate"] = None
    if flags.get("locustfile"):
        given["scenario"] = str(flags["locustfile"].resolve())
    profile = replace(profile, **given)
    if flags.get("target") or flags.get("prometheus"):
        profile = hosts.against(profile, flags["target"] or profile.target, flags["prometheus"] or profile.prometheus)
    if flags.get("dashboards"):
        profile = replace(profile, dashboards=(str(flags["dashboards"].resolve()),))
    if flags.get("variables"):
        own = {**profile.dashboard_variables, **given_variables(options)}
        profile = replace(profile, dashboard_variables=own)
    if flags.get("rules"):
        profile = replace(profile, rules=(str(flags["rules"].resolve()),))
    return profile, project


def load(options: argparse.Namespace) -> Config:
    """The config file; without one, a running target can still be loaded."""
    try:
        text = files.read_text(options.config, files.INPUT_BYTES)
    except FileNotFoundError:
        if getattr(options, "target", None) and options.config == Path("harness.toml"):
            return Config("built-in", {"default": Profile("default")}, "default")
        raise UsageError(
            f"--config: {options.config} does not exist; run in the project's directory, or name the file"
        ) from None
    except OSError as error:
        raise UsageError(f"--config: {options.config} cannot be read: {error.strerror}") from None
    return toml_file.parse(text, str(options.config))
