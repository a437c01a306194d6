"""harness.toml -> Profile, validated: every unknown key and bad value is refused by name."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from harness.config import readers
from harness.config.profile import Profile, TargetStart
from harness.config.variants import SERVICES, Variant, check_placeholders, merged
from harness.core.document import check, first_line
from harness.core.errors import UsageError
from harness.core.limits import Budget


@dataclass(frozen=True, slots=True)
class Config:
    """All profiles of one file, and where the file is."""

    source: str
    profiles: Mapping[str, Profile]
    default_profile: str
    variants: Mapping[str, Variant] = field(default_factory=dict)
    faults: str = ""
    """The directory of the target's faults, relative to the file; empty: it has none."""

    def profile(self, name: str | None = None, variants: Sequence[str] = ()) -> Profile:
        """The profile called `name`, or the default one, with its own variants and `variants` merged into its start.

        Raises UsageError when there is no such profile or variant, when a variant has nothing to be merged into or
        another contradicts it, and when the start uses a placeholder of a server that is not started.
        """
        wanted = name or self.default_profile
        try:
            profile = self.profiles[wanted]
        except KeyError:
            known = ", ".join(self.profiles)
            raise UsageError(
                f"{self.source}: no profile {wanted!r}{readers.suggest(wanted, self.profiles)}; it has {known}"
            ) from None
        return self.varied(profile, variants)

    def varied(self, profile: Profile, variants: Sequence[str]) -> Profile:
        """A profile with its own variants and `variants` merged into its start. Raises UsageError as `profile` does."""
        chosen = tuple(dict.fromkeys((*profile.variants, *variants)))
        for variant in chosen:
            if variant not in self.variants:
                raise UsageError(f"{self.source}: {_no_variant(variant, self.variants)}")
        if profile.start is None:
            if chosen:
                raise UsageError(
                    f"{self.source}: profile {profile.name!r} starts nothing, so variant {chosen[0]!r} changes "
                    "nothing; leave it out, or add a [start] table"
                )
            return profile
        start = _varied(profile.start, merged({variant: self.variants[variant] for variant in chosen}))
        check_placeholders(_templates(start), start.services, f"{self.source}: profiles.{profile.name}.start")
        return replace(profile, start=start, variants=chosen)


def parse(text: str, source: str) -> Config:
    """Read a harness.toml; `source` names it in errors. Raises UsageError with the file and the key."""
    try:
        document = tomllib.loads(text)
        check(document)
    except RecursionError:
        raise UsageError(f"{source}: not valid TOML: it is nested too deeply") from None
    except (ValueError, OverflowError, MemoryError) as error:  # TOMLDecodeError, and numbers and dates that are none
        raise UsageError(f"{source}: not valid TOML: {first_line(error)}") from None
    for key in document:
        if key not in _TOP_KEYS:
            raise UsageError(f"{source}: unknown key {key!r}{readers.suggest(key, _TOP_KEYS)}")
    defaults = readers.table(document.get("defaults", {}), f"{source}: defaults")
    variants = {
        name: _variant(table, f"{source}: variants.{name}")
        for name, table in readers.table(document.get("variants", {}), f"{source}: variants").items()
    }
    tables = readers.table(document.get("profiles", {}), f"{source}: profiles")
    if not tables:
        raise UsageError(f"{source}: no [profiles.<name>] table; add one, e.g. [profiles.smoke]")
    profiles = {}
    for name, table in tables.items():
        where = f"{source}: profiles.{name}"
        own = readers.table(table, where)
        profile = _profile(name, readers.merge(_base(defaults, own), own), where)
        for variant in profile.variants:
            if variant not in variants:
                raise UsageError(f"{where}.variants: {_no_variant(variant, variants)}")
        profiles[name] = profile
    default = document.get("default_profile", next(iter(profiles)))
    if not isinstance(default, str) or default not in profiles:
        raise UsageError(f"{source}: default_profile names {default!r}, which is not among {', '.join(profiles)}")
    return Config(source, profiles, default, variants, readers.text(document.get("faults", ""), f"{source}: faults"))


def _profile(name: str, table: Mapping[str, Any], where: str) -> Profile:
    for key in table:
        if key not in _KEYS:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, _KEYS)}")
    values = {}
    for key, value in table.items():
        attribute, read = _KEYS[key]
        values[attribute] = read(value, f"{where}.{key}")
    profile = Profile(name=name, **values)
    if profile.start is not None and profile.target:
        raise UsageError(f"{where}: has both start and target; leave one out")
    if closed := next((key for key in _CLOSED if key in table and "arrival_rate" in table), None):
        raise UsageError(
            f"{where}: has both arrival_rate and {closed}; arrivals do not wait for users, so leave one out"
        )
    return profile


def _start(value: object, where: str) -> TargetStart:
    table = readers.table(value, where)
    for key in table:
        if key not in _START_KEYS:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, _START_KEYS)}")
    if "command" not in table:
        raise UsageError(f"{where}: command is missing; give the command that starts the target, with {{port}}")
    values = {}
    for key, item in table.items():
        attribute, read = _START_KEYS[key]
        values[attribute] = read(item, f"{where}.{key}")
    return TargetStart(**values)


def _variant(value: object, where: str) -> Variant:
    table = readers.table(value, where)
    for key in table:
        if key not in _VARIANT_KEYS:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, _VARIANT_KEYS)}")
    values = {}
    for key, item in table.items():
        attribute, read = _VARIANT_KEYS[key]
        values[attribute] = read(item, f"{where}.{key}")
    return Variant(**values)


def _no_variant(name: str, known: Mapping[str, Variant]) -> str:
    some = f"it has {', '.join(known)}" if known else f"it has none; add a [variants.{name}] table"
    return f"no variant {name!r}{readers.suggest(name, known)}; {some}"


def _varied(start: TargetStart, variant: Variant) -> TargetStart:
    services = tuple(dict.fromkeys((*start.services, *variant.services)))
    return replace(start, services=services, env={**start.env, **variant.env})


def _templates(start: TargetStart) -> Iterator[tuple[str, str]]:
    """Each text that is filled in, with its key."""
    yield from (("command", word) for word in start.command)
    yield from (("prepare", word) for command in start.prepare for word in command)
    yield from ((f"env.{key}", value) for key, value in start.env.items())


def _budget(value: object, where: str) -> Budget:
    table = readers.table(value, where)
    known = {item.name for item in fields(Budget)}
    for key in table:
        if key not in known:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, known)}")
    values: dict[str, Any] = {}
    for key, item in table.items():
        if key == "blind_spot_s":
            quantiles = readers.table(item, f"{where}.{key}")
            for quantile in quantiles:
                if quantile not in readers.QUANTILES:
                    raise UsageError(f"{where}.{key}.{quantile}: unknown key; it takes p50, p95 and p99")
            values[key] = {
                quantile: readers.seconds(part, f"{where}.{key}.{quantile}") for quantile, part in quantiles.items()
            }
        elif key.endswith("_ratio"):
            values[key] = readers.positive(item, f"{where}.{key}")
        else:
            values[key] = readers.seconds(item, f"{where}.{key}")
    return Budget(**values)


def _services(value: object, where: str) -> tuple[str, ...]:
    names = readers.texts(value, where)
    for name in names:
        if name not in SERVICES:
            raise UsageError(f"{where}: unknown service {name!r}; it is one of {', '.join(SERVICES)}")
    return tuple(dict.fromkeys(names))


def _base(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The defaults under a profile, without what its own keys replace: start or target, closed or open model."""
    others = [("target", "start"), ("target", "variants"), ("start", "target")]
    others += [pair for key in _CLOSED for pair in (("arrival_rate", key), (key, "arrival_rate"))]
    replaced = {other for key, other in others if key in own}
    return {key: value for key, value in defaults.items() if key in own or key not in replaced}


_TOP_KEYS = ("default_profile", "faults", "defaults", "profiles", "variants")
_CLOSED = ("users", "spawn_rate", "pace")
"""Keys of a closed model."""
_Reader = Callable[[object, str], Any]
_START_KEYS: dict[str, tuple[str, _Reader]] = {
    "command": ("command", readers.texts),
    "cwd": ("cwd", readers.text),
    "env": ("env", readers.mapping),
    "prepare": ("prepare", readers.commands),
    "services": ("services", _services),
    "port": ("port", readers.port),
    "ready": ("ready", readers.text),
    "metrics": ("metrics", readers.text),
    "ready_timeout": ("ready_timeout_s", readers.some_seconds),
    "labels": ("labels", readers.labels),
    "settings": ("settings", readers.text),
}
_VARIANT_KEYS: dict[str, tuple[str, _Reader]] = {
    "services": ("services", _services),
    "env": ("env", readers.mapping),
}
_KEYS: dict[str, tuple[str, _Reader]] = {
    "scenario": ("scenario", readers.text),
    "users": ("users", readers.whole),
    "spawn_rate": ("spawn_rate", readers.positive),
    "arrival_rate": ("arrival_rate", readers.arrival_rate),
    "arrival_seed": ("arrival_seed", readers.whole),
    "duration": ("duration_s", readers.some_seconds),
    "warmup": ("warmup_s", readers.seconds),
    "stop_timeout": ("stop_timeout_s", readers.some_seconds),
    "workers": ("workers", readers.whole),
    "pace": ("pace", readers.pace),
    "tags": ("tags", readers.texts),
    "exclude_tags": ("exclude_tags", readers.texts),
    "locust_arguments": ("locust_arguments", readers.texts),
    "scrape_interval": ("scrape_interval_s", readers.interval),
    "quiet_timeout": ("quiet_timeout_s", readers.some_seconds),
    "start": ("start", _start),
    "variants": ("variants", readers.texts),
    "target": ("target", readers.text),
    "prometheus": ("prometheus", readers.text),
    "target_credentials": ("target_credentials", readers.credentials),
    "prometheus_credentials": ("prometheus_credentials", readers.credentials),
    "selector": ("selector", readers.matchers),
    "allow_hosts": ("allow_hosts", readers.texts),
    "witness_token_env": ("witness_token_env", readers.variable),
    "foreign_traffic": ("foreign_traffic", readers.flag),
    "background": ("background", readers.texts),
    "probe": ("probe", readers.flag),
    "instrumentation": ("instrumentation", readers.text),
    "metric_namespace": ("metric_namespace", readers.namespace),
    "metrics_view": ("metrics_view", readers.text),
    "views": ("views", readers.mapping),
    "known_delay": ("known_delay", readers.mapping),
    "calibration": ("calibration", readers.text),
    "state": ("state", readers.path),
    "sql_log": ("sql_log", readers.path),
    "dashboards": ("dashboards", readers.texts),
    "dashboard_variables": ("dashboard_variables", readers.choices),
    "rules": ("rules", readers.texts),
    "rule_scale": ("rule_scale", readers.share),
    "gated_views": ("gated_views", readers.gated_views),
    "slowdown": ("slowdown", readers.mapping),
    "thresholds": ("thresholds", readers.limits),
    "budget": ("budget", _budget),
}
