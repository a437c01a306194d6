"""How each kind of value in harness.toml is read: one function a kind, with the key's place in every error.

All raise UsageError; `where` names the file and the key.
"""

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from harness.config.profile import Credentials
from harness.core.errors import UsageError
from harness.core.limits import Limit

SET = "--set "
"""What the place of a value begins with that was given on the command line."""
LONGEST_S = 1e8
"""The longest duration that is one: three years."""
MOST_ARRIVALS = 10_000.0
"""Arrivals per second; no machine's Locust makes more."""
MOST = 1_000_000
"""The largest number that a key takes."""
SHORTEST_INTERVAL_S = 0.1
MOST_GATED = 8
"""Views that a gate compares: more endpoints share its error rate, so each is judged with less power."""
QUANTILES = ("p50", "p95", "p99")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_METRIC_NAME = re.compile(r"(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?")
_FRACTION = re.compile(r"(\d{1,6})\s*/\s*(\d{1,6})")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_LIMIT = re.compile(r"(p50|p95|p99|error_ratio|rate)?\s*(<=|>=|==|<|>)\s*(.+)")


def seconds(value: object, where: str = "duration") -> float:
    """A duration: a number of seconds, or text such as `500ms`, `15s`, `2m`, `1h`.

    PromQL's durations are others, e.g. `1h30m` or `2d` and no fractions; `harness.monitoring.rules` reads those.
    """
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        found = float(match[1]) * _UNITS[match[2]]
    if found is not None and 0 <= found <= LONGEST_S:
        return found
    raise UsageError(f"{where}: {value!r} is not a duration; write for example 15s, 500ms or 2m")


def some_seconds(value: object, where: str) -> float:
    """A duration above 0."""
    duration_s = seconds(value, where)
    if duration_s <= 0:
        raise UsageError(f"{where}: must be longer than 0 s")
    return duration_s


def interval(value: object, where: str) -> float:
    """A scrape interval."""
    interval_s = seconds(value, where)
    if interval_s < SHORTEST_INTERVAL_S:
        raise UsageError(f"{where}: {value!r} is too short: Prometheus cannot scrape every {interval_s:g} s; write 1s")
    return interval_s


def limit(value: object, where: str) -> Limit:
    """A threshold: `"p95 < 250ms"`, or a table with `limit` and `view` or `promql`."""
    parts = {"limit": value} if isinstance(value, str) else table(value, where)
    for key in parts:
        if key not in ("limit", "view", "promql"):
            raise UsageError(f"{where}: unknown key {key!r}{suggest(key, ('limit', 'view', 'promql'))}")
    written, view, expression = (text(parts.get(key, ""), f"{where}.{key}") for key in ("limit", "view", "promql"))
    match = _LIMIT.fullmatch(written.strip())
    if not match or bool(match[1]) == bool(expression) or (expression and view):
        raise UsageError(
            f"{where}: {written!r} is not a limit; write 'p95 < 250ms', 'error_ratio < 1%' or 'rate > 50', "
            "or a table {promql = '…', limit = '< 3'}"
        )
    bound = _bound(match[3].strip(), match[1] or "", where)
    shown = f"{expression} {written.strip()}" if expression else f"{view + ': ' if view else ''}{written.strip()}"
    return Limit(shown, expression or match[1], match[2], bound, view, bool(expression))


def limits(value: object, where: str) -> tuple[Limit, ...]:
    """A list of thresholds."""
    if isinstance(value, list):
        return tuple(limit(item, f"{where}[{index}]") for index, item in enumerate(value))
    raise UsageError(f"{where}: {value!r} must be a list of limits")


def text(value: object, where: str) -> str:
    """Any text."""
    if isinstance(value, str):
        return value
    raise UsageError(f"{where}: {value!r} must be text{_in_quotes(value, where)}")


def _in_quotes(value: object, where: str) -> str:
    """How a number is written as text, also where a shell takes one pair of quotes away; empty for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    key = where.removeprefix(SET)
    return f'; write "{value}"' if key == where else f"; write '{key}=\"{value}\"'"


def variable(value: object, where: str) -> str:
    """The name of an environment variable; any other value may be a secret, so no error repeats it."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    raise UsageError(
        f"{where}: must be the name of an environment variable, e.g. WITNESS_TOKEN; its value does not belong in "
        "this file"
    )


def credentials(value: object, where: str) -> Credentials:
    """Where a credential is read from; no error repeats a value, which may be one by mistake."""
    parts = table(value, where)
    if len(parts) == 1:
        match next(iter(parts.items())):
            case "env", name:
                return Credentials(env=variable(name, f"{where}.env"))
            case "file", str(name) if name:
                return Credentials(file=name)
            case "command", [str(), *_] as words:
                return Credentials(command=texts(words, f"{where}.command"))
            case _:
                pass
    raise UsageError(
        f"{where}: must name one place: {{ env = 'NAME' }}, {{ file = 'PATH' }} or {{ command = ['PROGRAM', 'WORD'] }}"
    )


def path(value: object, where: str) -> str:
    """A path on the target, or nothing."""
    written = text(value, where)
    if written and not written.startswith("/"):
        raise UsageError(f"{where}: {written!r} must be a path on the target that begins with /, e.g. /state")
    return written


def matchers(value: object, where: str) -> str:
    """PromQL label matchers without braces."""
    written = text(value, where).strip()
    if not written or written.startswith("{"):
        raise UsageError(f'{where}: {written!r} must be PromQL matchers without braces, e.g. job="django"')
    return written


def namespace(value: object, where: str) -> str:
    """What stands before the names of metrics; empty for nothing."""
    if isinstance(value, str) and _METRIC_NAME.fullmatch(value):
        return value
    raise UsageError(f'{where}: {value!r} cannot begin a metric\'s name; write for example shop, or "" for none')


def flag(value: object, where: str) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise UsageError(f"{where}: {value!r} must be true or false")


def whole(value: object, where: str) -> int:
    """A whole number from 1 up."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise UsageError(f"{where}: {value!r} must be a whole number from 1 up")


def number(value: object, where: str) -> int:
    """A whole number from 0 up."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise UsageError(f"{where}: {value!r} must be a whole number from 0 up")


def port(value: object, where: str) -> int:
    """A TCP port; 0 for any free one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535:
        return value
    raise UsageError(f"{where}: {value!r} must be a port, or 0 for any free one")


def positive(value: object, where: str) -> float:
    """A number above 0."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST:
        return float(value)
    raise UsageError(f"{where}: {value!r} must be a number above 0, up to {MOST:,}")


def share(value: object, where: str) -> float:
    """A number above 0, or a fraction such as `"1/15"`."""
    if isinstance(value, str) and (match := _FRACTION.fullmatch(value.strip())) and int(match[1]) and int(match[2]):
        return int(match[1]) / int(match[2])
    if isinstance(value, str):
        raise UsageError(f"{where}: {value!r} is not a fraction; write for example '1/15', or a number above 0")
    return positive(value, where)


def arrival_rate(value: object, where: str) -> float:
    """Arrivals per second."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST_ARRIVALS:
        return float(value)
    raise UsageError(f"{where}: {value!r} must be a number of requests per second above 0, up to {MOST_ARRIVALS:,.0f}")


def pace(value: object, where: str) -> str:
    """Whose wait times hold."""
    if value in ("own", "closed"):
        return str(value)
    raise UsageError(f"{where}: {value!r} must be 'own' (the scenario's wait times) or 'closed' (no waiting)")


def texts(value: object, where: str) -> tuple[str, ...]:
    """A list of texts."""
    if isinstance(value, list):
        return tuple(text(item, where) for item in value)
    raise UsageError(f'{where}: {value!r} must be a list of texts, e.g. ["one", "two"]')


def gated_views(value: object, where: str) -> tuple[str, ...]:
    """A list of view labels for the gate."""
    views = texts(value, where)
    if len(views) > MOST_GATED or len(set(views)) < len(views) or "" in views:
        raise UsageError(f"{where}: {value!r} must be at most {MOST_GATED} view labels, each once")
    return views


def commands(value: object, where: str) -> tuple[tuple[str, ...], ...]:
    """A list of commands, each a list of arguments."""
    if isinstance(value, list):
        return tuple(texts(item, where) for item in value)
    raise UsageError(f"{where}: {value!r} must be a list of commands, each a list of arguments")


def mapping(value: object, where: str) -> Mapping[str, str]:
    """A table of texts."""
    return {key: text(item, f"{where}.{key}") for key, item in table(value, where).items()}


def choices(value: object, where: str) -> Mapping[str, tuple[str, ...]]:
    """A table of texts, or of lists of them."""
    return {
        key: texts(item, f"{where}.{key}") if isinstance(item, list) else (text(item, f"{where}.{key}"),)
        for key, item in table(value, where).items()
    }


def labels(value: object, where: str) -> Mapping[str, str]:
    """A table of Prometheus labels; names that begin with `__` are Prometheus's own."""
    found = mapping(value, where)
    for name in found:
        if not _LABEL.fullmatch(name):
            raise UsageError(f"{where}.{name}: not a label name; write letters, digits and _, e.g. app")
    return found


def table(value: object, where: str) -> Mapping[str, Any]:
    """Any table."""
    if isinstance(value, dict):
        return value
    raise UsageError(f"{where}: must be a table")


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, tables merged key by key."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def suggest(word: str, known: Mapping[str, Any] | set[str] | tuple[str, ...]) -> str:
    """A hint at the known word that was probably meant; empty when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _bound(written: str, metric: str, where: str) -> float:
    if metric in QUANTILES:
        return seconds(written if _DURATION.fullmatch(written) else _number(written, where), where)
    if written.endswith("%"):
        return _number(written[:-1], where) / 100
    return _number(written, where)


def _number(written: str, where: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{where}: {written!r} is not a number")
    return value
