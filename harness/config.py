"""harness.toml -> Profile, validated: every unknown key and bad value is refused by name."""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from harness.errors import UsageError
from harness.model import Budget, Limit
from harness.variants import SERVICES, Variant, check_placeholders, merged

LONGEST_S = 1e8
"""The longest duration that is one: three years."""
MOST = 1_000_000
"""The largest number that a key takes."""
SHORTEST_INTERVAL_S = 0.1
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that may be loaded without being named in `allow_hosts`."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_LIMIT = re.compile(r"(p50|p95|p99|error_ratio|rate)?\s*(<=|>=|==|<|>)\s*(.+)")
_QUANTILES = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class TargetStart:
    """How the embedded target is started; `{port}`, `{tmp}`, `{python}` and `{project}` are filled in.

    `{tmp}` is a directory of this run that is gone afterwards, `{python}` the interpreter that runs the harness and
    `{project}` the directory of harness.toml. The services add their own, such as `{redis_port}`.
    """

    command: tuple[str, ...]
    cwd: str = "."
    """Relative to the directory of harness.toml."""
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands to run to their end before the start, e.g. migrations."""
    services: tuple[str, ...] = ()
    """Databases and caches to start for it, keys of `harness.variants.SERVICES`."""
    port: int = 0
    """0: any free port."""
    ready: str = "/healthz"
    """Path that answers 200 when the target can serve."""
    metrics: str = "/metrics"
    ready_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One named set of settings; see docs/profiles.md for each key."""

    name: str
    scenario: str = "scenarios/mixed.py"
    users: int = 10
    spawn_rate: float = 10.0
    duration_s: float = 15.0
    warmup_s: float = 3.0
    stop_timeout_s: float = 10.0
    workers: int = 1
    pace: str = "own"
    """`own`: the scenario's wait times; `closed`: no waiting, each user sends its next request at once."""
    scrape_interval_s: float = 1.0
    quiet_timeout_s: float = 15.0
    """How long to wait for a quiet scrape before taking the traffic as somebody else's."""
    start: TargetStart | None = None
    variants: tuple[str, ...] = ()
    """What is merged into `start`; a profile of `Config.profile` has it merged already."""
    target: str = ""
    """URL of a running target; then nothing is started."""
    prometheus: str = ""
    """URL of the Prometheus that scrapes it."""
    selector: str = 'job="django"'
    allow_hosts: tuple[str, ...] = ()
    foreign_traffic: bool = False
    background: tuple[str, ...] = ()
    metrics_view: str = "prometheus-django-metrics"
    """View label of the scrapes themselves."""
    views: Mapping[str, str] = field(default_factory=dict)
    known_delay: Mapping[str, str] = field(default_factory=dict)
    """Sample name -> query parameter that tells the view how many milliseconds to take."""
    calibration: str = ""
    state: str = ""
    """Path at which the target tells its rows and migrations as JSON."""
    sql_log: str = ""
    """Path at which the target tells the totals of its SQL log as JSON."""
    thresholds: tuple[Limit, ...] = ()
    budget: Budget = Budget()


@dataclass(frozen=True, slots=True)
class Config:
    """All profiles of one file, and where the file is."""

    source: str
    profiles: Mapping[str, Profile]
    default_profile: str
    variants: Mapping[str, Variant] = field(default_factory=dict)

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
                f"{self.source}: no profile {wanted!r}{_suggest(wanted, self.profiles)}; it has {known}"
            ) from None
        chosen = tuple(dict.fromkeys((*profile.variants, *variants)))
        for variant in chosen:
            if variant not in self.variants:
                raise UsageError(f"{self.source}: {_no_variant(variant, self.variants)}")
        if profile.start is None:
            if chosen:
                raise UsageError(
                    f"{self.source}: profile {wanted!r} starts nothing, so variant {chosen[0]!r} changes nothing; "
                    "leave it out, or add a [start] table"
                )
            return profile
        start = _varied(profile.start, merged({variant: self.variants[variant] for variant in chosen}))
        check_placeholders(_templates(start), start.services, f"{self.source}: profiles.{wanted}.start")
        return replace(profile, start=start, variants=chosen)


def parse(text: str, source: str) -> Config:
    """Read a harness.toml; `source` names it in errors. Raises UsageError with the file and the key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: not valid TOML: {error}") from None
    known = {"default_profile", "defaults", "profiles", "variants"}
    for key in document:
        if key not in known:
            raise UsageError(f"{source}: unknown key {key!r}{_suggest(key, known)}")
    defaults = _table(document.get("defaults", {}), f"{source}: defaults")
    variants = {
        name: _variant(table, f"{source}: variants.{name}")
        for name, table in _table(document.get("variants", {}), f"{source}: variants").items()
    }
    tables = _table(document.get("profiles", {}), f"{source}: profiles")
    if not tables:
        raise UsageError(f"{source}: no [profiles.<name>] table; add one, e.g. [profiles.smoke]")
    profiles = {}
    for name, table in tables.items():
        where = f"{source}: profiles.{name}"
        own = _table(table, where)
        profile = _profile(name, _merge(_base(defaults, own), own), where)
        for variant in profile.variants:
            if variant not in variants:
                raise UsageError(f"{where}.variants: {_no_variant(variant, variants)}")
        profiles[name] = profile
    default = document.get("default_profile", next(iter(profiles)))
    if not isinstance(default, str) or default not in profiles:
        raise UsageError(f"{source}: default_profile names {default!r}, which is not among {', '.join(profiles)}")
    return Config(source, profiles, default, variants)


def seconds(value: object, where: str = "duration") -> float:
    """A duration: a number of seconds, or text such as `500ms`, `15s`, `2m`, `1h`. Raises UsageError."""
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        found = float(match[1]) * _UNITS[match[2]]
    if found is not None and 0 <= found <= LONGEST_S:
        return found
    raise UsageError(f"{where}: {value!r} is not a duration; write for example 15s, 500ms or 2m")


def limit(value: object, where: str) -> Limit:
    """A threshold: `"p95 < 250ms"`, or a table with `limit` and `view` or `promql`. Raises UsageError."""
    table = {"limit": value} if isinstance(value, str) else _table(value, where)
    for key in table:
        if key not in ("limit", "view", "promql"):
            raise UsageError(f"{where}: unknown key {key!r}{_suggest(key, ('limit', 'view', 'promql'))}")
    text, view, expression = (_text(table.get(key, ""), f"{where}.{key}") for key in ("limit", "view", "promql"))
    match = _LIMIT.fullmatch(text.strip())
    if not match or bool(match[1]) == bool(expression) or (expression and view):
        raise UsageError(
            f"{where}: {text!r} is not a limit; write 'p95 < 250ms', 'error_ratio < 1%' or 'rate > 50', "
            "or a table {promql = '…', limit = '< 3'}"
        )
    number = _number(match[3].strip(), match[1] or "", where)
    shown = f"{expression} {text.strip()}" if expression else f"{view + ': ' if view else ''}{text.strip()}"
    return Limit(shown, expression or match[1], match[2], number, view, bool(expression))


def _number(text: str, metric: str, where: str) -> float:
    if metric in _QUANTILES:
        return seconds(text if _DURATION.fullmatch(text) else _float(text, where), where)
    if text.endswith("%"):
        return _float(text[:-1], where) / 100
    return _float(text, where)


def _float(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{where}: {text!r} is not a number")
    return value


def _profile(name: str, table: Mapping[str, Any], where: str) -> Profile:
    for key in table:
        if key not in _KEYS:
            raise UsageError(f"{where}.{key}: unknown key{_suggest(key, _KEYS)}")
    values = {}
    for key, value in table.items():
        attribute, read = _KEYS[key]
        values[attribute] = read(value, f"{where}.{key}")
    profile = Profile(name=name, **values)
    if profile.start is not None and profile.target:
        raise UsageError(f"{where}: has both start and target; a target that runs already is not started")
    return profile


def _start(value: object, where: str) -> TargetStart:
    table = _table(value, where)
    for key in table:
        if key not in _START_KEYS:
            raise UsageError(f"{where}.{key}: unknown key{_suggest(key, _START_KEYS)}")
    if "command" not in table:
        raise UsageError(f"{where}: command is missing; give the words that start the target, with {{port}}")
    values = {}
    for key, item in table.items():
        attribute, read = _START_KEYS[key]
        values[attribute] = read(item, f"{where}.{key}")
    return TargetStart(**values)


def _variant(value: object, where: str) -> Variant:
    table = _table(value, where)
    for key in table:
        if key not in _VARIANT_KEYS:
            raise UsageError(f"{where}.{key}: unknown key{_suggest(key, _VARIANT_KEYS)}")
    values = {}
    for key, item in table.items():
        attribute, read = _VARIANT_KEYS[key]
        values[attribute] = read(item, f"{where}.{key}")
    return Variant(**values)


def _no_variant(name: str, known: Mapping[str, Variant]) -> str:
    some = f"it has {', '.join(known)}" if known else f"it has none; add a [variants.{name}] table"
    return f"no variant {name!r}{_suggest(name, known)}; {some}"


def _varied(start: TargetStart, variant: Variant) -> TargetStart:
    services = tuple(dict.fromkeys((*start.services, *variant.services)))
    return replace(start, services=services, env={**start.env, **variant.env})


def _templates(start: TargetStart) -> Iterator[tuple[str, str]]:
    """Each text that is filled in, with its key."""
    yield from (("command", word) for word in start.command)
    yield from (("prepare", word) for command in start.prepare for word in command)
    yield from ((f"env.{key}", value) for key, value in start.env.items())


def _budget(value: object, where: str) -> Budget:
    table = _table(value, where)
    known = {item.name for item in fields(Budget)}
    for key in table:
        if key not in known:
            raise UsageError(f"{where}.{key}: unknown key{_suggest(key, known)}")
    values: dict[str, Any] = {}
    for key, item in table.items():
        if key == "blind_spot_s":
            quantiles = _table(item, f"{where}.{key}")
            for quantile in quantiles:
                if quantile not in _QUANTILES:
                    raise UsageError(f"{where}.{key}.{quantile}: unknown key; it takes p50, p95 and p99")
            values[key] = {quantile: seconds(part, f"{where}.{key}.{quantile}") for quantile, part in quantiles.items()}
        elif key.endswith("_ratio"):
            values[key] = _positive(item, f"{where}.{key}")
        else:
            values[key] = seconds(item, f"{where}.{key}")
    return Budget(**values)


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    raise UsageError(f"{where}: {value!r} must be text")


def _path(value: object, where: str) -> str:
    text = _text(value, where)
    if text and not text.startswith("/"):
        raise UsageError(f"{where}: {text!r} must be a path on the target that begins with /, e.g. /state")
    return text


def matchers(value: object, where: str) -> str:
    """PromQL label matchers without braces. Raises UsageError."""
    text = _text(value, where).strip()
    if not text or text.startswith("{"):
        raise UsageError(f'{where}: {text!r} must be PromQL matchers without braces, e.g. job="django"')
    return text


def _flag(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError(f"{where}: {value!r} must be true or false")


def _whole(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise UsageError(f"{where}: {value!r} must be a whole number from 1 up")


def _port(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535:
        return value
    raise UsageError(f"{where}: {value!r} must be a port, or 0 for any free one")


def _positive(value: object, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST:
        return float(value)
    raise UsageError(f"{where}: {value!r} must be a number above 0, up to {MOST:,}")


def _some_seconds(value: object, where: str) -> float:
    duration_s = seconds(value, where)
    if duration_s <= 0:
        raise UsageError(f"{where}: must be longer than 0 s")
    return duration_s


def _interval(value: object, where: str) -> float:
    interval_s = seconds(value, where)
    if interval_s < SHORTEST_INTERVAL_S:
        raise UsageError(f"{where}: {value!r} is too short: Prometheus cannot scrape every {interval_s:g} s; write 1s")
    return interval_s


def _pace(value: object, where: str) -> str:
    if value in ("own", "closed"):
        return str(value)
    raise UsageError(f"{where}: {value!r} must be 'own' (the scenario's wait times) or 'closed' (no waiting)")


def _texts(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(item, where) for item in value)
    raise UsageError(f"{where}: {value!r} must be a list of texts")


def _commands(value: object, where: str) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, list):
        return tuple(_texts(item, where) for item in value)
    raise UsageError(f"{where}: {value!r} must be a list of commands, each a list of words")


def _services(value: object, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    for name in names:
        if name not in SERVICES:
            raise UsageError(f"{where}: unknown service {name!r}; it is one of {', '.join(SERVICES)}")
    return tuple(dict.fromkeys(names))


def _mapping(value: object, where: str) -> Mapping[str, str]:
    return {key: _text(item, f"{where}.{key}") for key, item in _table(value, where).items()}


def _limits(value: object, where: str) -> tuple[Limit, ...]:
    if isinstance(value, list):
        return tuple(limit(item, f"{where}[{index}]") for index, item in enumerate(value))
    raise UsageError(f"{where}: {value!r} must be a list of limits")


def _table(value: object, where: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise UsageError(f"{where}: must be a table")


def _base(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The defaults under a profile, without the `start` or `target` that its own `target` or `start` replaces."""
    others = (("target", "start"), ("target", "variants"), ("start", "target"))
    replaced = {other for key, other in others if key in own}
    return {key: value for key, value in defaults.items() if key in own or key not in replaced}


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, tables merged key by key."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _suggest(word: str, known: Mapping[str, Any] | set[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


_Reader = Callable[[object, str], Any]
_START_KEYS: dict[str, tuple[str, _Reader]] = {
    "command": ("command", _texts),
    "cwd": ("cwd", _text),
    "env": ("env", _mapping),
    "prepare": ("prepare", _commands),
    "services": ("services", _services),
    "port": ("port", _port),
    "ready": ("ready", _text),
    "metrics": ("metrics", _text),
    "ready_timeout": ("ready_timeout_s", _some_seconds),
}
_VARIANT_KEYS: dict[str, tuple[str, _Reader]] = {
    "services": ("services", _services),
    "env": ("env", _mapping),
}
_KEYS: dict[str, tuple[str, _Reader]] = {
    "scenario": ("scenario", _text),
    "users": ("users", _whole),
    "spawn_rate": ("spawn_rate", _positive),
    "duration": ("duration_s", _some_seconds),
    "warmup": ("warmup_s", seconds),
    "stop_timeout": ("stop_timeout_s", _some_seconds),
    "workers": ("workers", _whole),
    "pace": ("pace", _pace),
    "scrape_interval": ("scrape_interval_s", _interval),
    "quiet_timeout": ("quiet_timeout_s", _some_seconds),
    "start": ("start", _start),
    "variants": ("variants", _texts),
    "target": ("target", _text),
    "prometheus": ("prometheus", _text),
    "selector": ("selector", matchers),
    "allow_hosts": ("allow_hosts", _texts),
    "foreign_traffic": ("foreign_traffic", _flag),
    "background": ("background", _texts),
    "metrics_view": ("metrics_view", _text),
    "views": ("views", _mapping),
    "known_delay": ("known_delay", _mapping),
    "calibration": ("calibration", _text),
    "state": ("state", _path),
    "sql_log": ("sql_log", _path),
    "thresholds": ("thresholds", _limits),
    "budget": ("budget", _budget),
}
