"""Flags for every key of a profile: `--set KEY=VALUE`, and one each for how target and Prometheus are reached."""

import argparse
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.config import connection, readers
from harness.config.toml_file import KEYS
from harness.core.errors import UsageError
from harness.runtime import files

SIDES = {"prometheus": connection.KEYS, "target": connection.TARGET_KEYS}
LOAD = {"load_command": "command", "format": "format"}
"""Flags of keys of the table `load`."""
_FILES = frozenset({"ca", "client_certificate", "client_key", "password_file", "token_file"})
_HINT = """\
--prometheus-KEY and --target-KEY reach a service as its table in harness.toml does (docs/connection.md); KEY is
token-env, token-file or token-command; username with password-env, password-file or password-command; header
NAME=VALUE or header-env NAME=VARIABLE; ca FILE or no-verify; client-certificate and client-key FILE; proxy URL or
proxy-env VARIABLE; for Prometheus also tenant NAME and param NAME=VALUE"""


def add_set(parser: argparse._ActionsContainer) -> None:
    """Any key of the profile."""
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set any key of the profile, e.g. metrics_view=metrics or budget.max_clock_skew_s=1s; repeatable",
    )


def add_connection(parser: argparse.ArgumentParser, *sides: str) -> None:
    """How these sides are reached; explained once for all keys."""
    group = parser.add_argument_group("connection", _HINT)
    for side in sides:
        for key in SIDES[side]:
            match key:
                case "headers":
                    _add(group, side, "header", "header", action="append")
                    _add(group, side, "header-env", "header_env", action="append")
                case "params":
                    _add(group, side, "param", "param", action="append")
                case "verify":
                    _add(group, side, "no-verify", "no_verify", action="store_true")
                case "proxy":
                    _add(group, side, "proxy", "proxy")
                    _add(group, side, "proxy-env", "proxy_env")
                case "credentials":
                    _add(group, side, "credentials-env", "credentials_env")
                case _:
                    _add(group, side, key.replace("_", "-"), key)


def _add(group: Any, side: str, flag: str, name: str, **more: Any) -> None:
    group.add_argument(f"--{side}-{flag}", dest=f"{side}.{name}", help=argparse.SUPPRESS, **more)


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The keys that the command line gives, as tables of harness.toml. Raises UsageError."""
    flags = vars(options)
    found: dict[str, Any] = {}
    for text in flags.get("set") or ():
        found = readers.merge(found, _setting(text))
    if load := {key: flags[flag] for flag, key in LOAD.items() if flags.get(flag)}:
        found["load"] = readers.merge(readers.table(found.get("load", {}), "--set load"), load)
    for side in SIDES:
        table = _side(side, {key: flags.get(f"{side}.{key}") for key in _names(side, flags)})
        address = flags.get(side)
        if address:
            table["url"] = address
        if table:
            found[side] = readers.merge(connection.table(found.get(side, {}), f"--set {side}"), table)
    return found


def _names(side: str, flags: Mapping[str, Any]) -> list[str]:
    return [name.partition(".")[2] for name, value in flags.items() if name.startswith(f"{side}.") and value]


def _side(side: str, flags: Mapping[str, Any]) -> dict[str, Any]:
    """A side's table, of the flags that were given. Raises UsageError."""
    table: dict[str, Any] = {}
    for key, value in flags.items():
        flag = f"--{side}-{key.replace('_', '-')}"
        match key:
            case "header":
                table.setdefault("headers", {}).update(_pairs(value, flag, lambda text: text))
            case "header_env":
                table.setdefault("headers", {}).update(_pairs(value, flag, lambda text: {"env": text}))
            case "param":
                table["params"] = _pairs(value, flag, lambda text: text)
            case "no_verify":
                table["verify"] = False
            case "proxy_env":
                table["proxy"] = {"env": value}
            case "credentials_env":
                table["credentials"] = {"env": value}
            case "password_command" | "token_command":
                table[key] = _words(value, flag)
            case _:
                table[key] = str(files.resolved(Path(value).expanduser())) if key in _FILES else value
    return table


def _pairs(texts: list[str], flag: str, made: Callable[[str], Any]) -> dict[str, Any]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError(f"{flag}: must be NAME=VALUE")
        found[name] = made(value)
    return found


def _words(text: str, flag: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{flag}: is not a command: {error}") from None


def _setting(text: str) -> dict[str, Any]:
    """KEY=VALUE as nested tables; a value that is no TOML is text. Raises UsageError."""
    path, equals, written = text.partition("=")
    try:
        keys = _keys(path)
    except (tomllib.TOMLDecodeError, RecursionError):
        keys = []
    if not (equals and keys):
        raise UsageError(f"--set: {path!r} must be KEY=VALUE, e.g. metrics_view=metrics or start.port=8001")
    if keys[0] not in KEYS:
        raise UsageError(f"--set: unknown key {keys[0]!r}{readers.suggest(keys[0], KEYS)}; docs/profiles.md lists them")
    value: Any = written
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except (ValueError, RecursionError, OverflowError):
        value = written
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def _keys(path: str) -> list[str]:
    """The parts of a dotted key, which may be quoted as in TOML."""
    found: list[str] = []
    table: Any = tomllib.loads(f"{path} = 0")
    while isinstance(table, dict):
        (key, table), *others = table.items()
        if others:
            return []
        found.append(key)
    return found
