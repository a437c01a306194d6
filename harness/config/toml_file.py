"""harness.toml -> Profile, validated: every unknown key and bad value is refused by name."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from harness.config import connection, layers, load_command, readers
from harness.config.layers import CLOSED, SIDES
from harness.config.profile import Profile, TargetStart
from harness.config.variants import SERVICES, Variant, check_placeholders, merged
from harness.core.document import check, check_toml, first_line
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
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What each profile was read from, `[defaults]` and the tables beside it merged in."""

    def profile(
        self, name: str | None = None, variants: Sequence[str] = (), given: Mapping[str, Any] | None = None
    ) -> Profile:
        """The profile called `name`, or the default one, with its own variants and `variants` merged into its start.

        `given` are keys of the command line, which go over those of the file. Raises UsageError when there is no such
        profile or variant, when a variant has nothing to be merged into or another contradicts it, and when the start
        uses a placeholder of a server that is not started.
        """
        wanted = name or self.default_profile
        try:
            profile = self.profiles[wanted]
        except KeyError:
            known = ", ".join(self.profiles)
            raise UsageError(
                f"{self.source}: no profile {wanted!r}{readers.suggest(wanted, self.profiles)}; it has {known}"
            ) from None
        if given:
            own = layers.plain(given)
            below = layers.base(self.tables.get(wanted, {}), own)
            profile = _profile(wanted, layers.merge(below, own), partial(_given_at, self.source, frozenset(own)))
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
        check_toml(text)
        document = tomllib.loads(text)
        check(document)
    except RecursionError:
        raise UsageError(f"{source}: not valid TOML: it is nested too deeply") from None
    except (ValueError, OverflowError, MemoryError) as error:  # TOMLDecodeError, and numbers and dates that are none
        raise UsageError(f"{source}: not valid TOML: {first_line(error)}") from None
    for key in document:
        if key not in _TOP_KEYS:
            raise UsageError(f"{source}: unknown key {key!r}{readers.suggest(key, _TOP_KEYS)}")
    defaults = _defaults(document, source)
    variants = {
        name: _variant(table, f"{source}: variants.{name}")
        for name, table in readers.table(document.get("variants", {}), f"{source}: variants").items()
    }
    tables = readers.table(document.get("profiles", {}), f"{source}: profiles")
    if not tables:
        raise UsageError(f"{source}: no [profiles.<name>] table; add one, e.g. [profiles.smoke]")
    profiles, merged_tables = {}, {}
    for name, table in tables.items():
        where = f"{source}: profiles.{name}"
        own = layers.plain(readers.table(table, where))
        merged_tables[name] = layers.merge(layers.base(defaults, own), own)
        profiles[name] = profile = _profile(name, merged_tables[name], partial(_at, where))
        for variant in profile.variants:
            if variant not in variants:
                raise UsageError(f"{where}.variants: {_no_variant(variant, variants)}")
    default = document.get("default_profile", next(iter(profiles)))
    if not isinstance(default, str) or default not in profiles:
        raise UsageError(f"{source}: default_profile names {default!r}, which is not among {', '.join(profiles)}")
    faults = readers.text(document.get("faults", ""), f"{source}: faults")
    return Config(source, profiles, default, variants, faults, merged_tables)


def _defaults(document: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """What holds for each profile: the tables `[target]` and `[prometheus]`, and `[defaults]` on top of them."""
    beside = {side: document[side] for side in SIDES if side in document}
    for side, value in beside.items():
        connection.read(value, f"{source}: {side}", SIDES[side])
    return layers.merge(
        layers.plain(beside), layers.plain(readers.table(document.get("defaults", {}), f"{source}: defaults"))
    )


def _profile(name: str, table: Mapping[str, Any], where: Callable[[str], str]) -> Profile:
    """`where` gives the place of a key for errors, and of the whole table for an empty one."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in SIDES:
            place = connection.read(value, where(key), SIDES[key])
            values |= {key: place.url, f"{key}_connection": place.connection}
        elif key in _KEYS:
            attribute, read = _KEYS[key]
            values[attribute] = read(value, where(key))
        else:
            raise UsageError(f"{where(key)}: unknown key{readers.suggest(key, KEYS)}")
    if "load" in values:
        values["arrival_rate"] = None  # what the load is, the command decides
    profile = Profile(name=name, **values)
    if profile.start is not None and profile.target:
        raise UsageError(f"{where('')}: has both start and target; leave one out")
    if closed := next((key for key in CLOSED if key in table and "arrival_rate" in table), None):
        raise UsageError(
            f"{where('')}: has both arrival_rate and {closed}; arrivals do not wait for users, so leave one out"
        )
    if profile.expect_workers and profile.workers > 1:
        raise UsageError(
            f"{where('')}: has both workers, which are processes of this machine, and expect_workers, which load from "
            "other hosts; leave one out, or set workers to 1 or expect_workers to 0"
        )
    return profile


def _at(table: str, key: str) -> str:
    return f"{table}.{key}" if key else table


def _given_at(source: str, given: frozenset[str], key: str) -> str:
    """A key of the command line, which has flags of their own for the two services and a load command."""
    if key in (*SIDES, "load") and key in given:
        return key
    return f"--set {key}" if key in given else f"{source}: {key}".removesuffix(": ")


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
    yield from ((f"headers.{key}", value) for key, value in start.headers.items())


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


_TOP_KEYS = ("default_profile", "faults", "defaults", "profiles", "variants", *SIDES)
_Reader = Callable[[object, str], Any]
_START_KEYS: dict[str, tuple[str, _Reader]] = {
    "command": ("command", readers.texts),
    "cwd": ("cwd", readers.text),
    "python": ("python", readers.text),
    "env": ("env", readers.mapping),
    "prepare": ("prepare", readers.commands),
    "services": ("services", _services),
    "port": ("port", readers.port),
    "ready": ("ready", readers.text),
    "metrics": ("metrics", readers.text),
    "ready_timeout": ("ready_timeout_s", readers.some_seconds),
    "headers": ("headers", readers.mapping),
    "labels": ("labels", readers.labels),
    "settings": ("settings", readers.text),
}
_VARIANT_KEYS: dict[str, tuple[str, _Reader]] = {
    "services": ("services", _services),
    "env": ("env", readers.mapping),
}
_KEYS: dict[str, tuple[str, _Reader]] = {
    "scenario": ("scenario", readers.text),
    "load": ("load", load_command.read),
    "users": ("users", readers.whole),
    "spawn_rate": ("spawn_rate", readers.positive),
    "arrival_rate": ("arrival_rate", readers.arrival_rate),
    "arrival_seed": ("arrival_seed", readers.whole),
    "duration": ("duration_s", readers.some_seconds),
    "warmup": ("warmup_s", readers.seconds),
    "stop_timeout": ("stop_timeout_s", readers.some_seconds),
    "workers": ("workers", readers.whole),
    "expect_workers": ("expect_workers", readers.number),
    "bind": ("bind", readers.text),
    "pace": ("pace", readers.pace),
    "tags": ("tags", readers.texts),
    "exclude_tags": ("exclude_tags", readers.texts),
    "locust_arguments": ("locust_arguments", readers.texts),
    "scrape_interval": ("scrape_interval_s", readers.interval),
    "quiet_timeout": ("quiet_timeout_s", readers.some_seconds),
    "start": ("start", _start),
    "variants": ("variants", readers.texts),
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
KEYS = (*_KEYS, *SIDES, *(f"{side}_credentials" for side in SIDES))
"""Of a profile; `target_credentials` is short for `target.credentials`, and the same of Prometheus."""
