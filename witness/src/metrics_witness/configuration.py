"""The setting `WITNESS`: whether the app sends its account, to whom, and whether it keeps a log of its SQL.

Anything wrong is an ImproperlyConfigured that names the key and never shows a token.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

TOKEN_KEY = "HTTP_X_WITNESS_TOKEN"
"""The request header `X-Witness-Token`, as WSGI and Django spell it."""
KEYS = ("enabled", "token", "sql_log", "instance", "labels")
SQL_LOG_KEYS = ("directory", "statements", "readers", "token")
MOST_STATEMENTS = 100_000
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""Source: https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels"""


class Mode(StrEnum):
    """Which responses carry the account."""

    OFF = "off"
    TOKEN = "token"
    """Those to requests that carry the token."""
    ON = "on"
    """All."""


class Readers(StrEnum):
    """Who may read the SQL log without its token."""

    NOBODY = "nobody"
    LOOPBACK = "loopback"
    """Requests from this machine; a proxy on it makes every request one of them."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SqlLogSettings:
    """How the SQL log is kept and who may read it."""

    directory: Path
    """Where the processes write their files; made when it is missing."""
    statements: int = 1000
    """How many of its last statements each process keeps."""
    readers: Readers = Readers.NOBODY
    token: str = field(default="", repr=False)
    """What the request header `X-Debug-Token` says to read it from anywhere; empty: no token opens it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `WITNESS` says."""

    mode: Mode = Mode.OFF
    token: str = field(default="", repr=False)
    """Empty unless the mode is TOKEN."""
    sql_log: SqlLogSettings | None = None
    """None: no log is kept."""
    instance: str = ""
    """What the process calls itself, as Prometheus's label `instance` does; empty: the address it listens on."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What else it says of itself, by the labels of its series, e.g. `pod`."""

    def wants(self, request: HttpRequest) -> bool:
        """Whether the response to this request carries the account."""
        if self.mode is Mode.TOKEN:
            sent = request.META.get(TOKEN_KEY)
            return sent is not None and matches(sent, self.token)
        return self.mode is Mode.ON


def matches(sent: str, token: str) -> bool:
    """Whether a header holds the token, in a time that does not reveal how much; an empty token matches nothing."""
    return bool(token) and hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode())


def read() -> Configuration:
    """What the settings say; without `WITNESS`, all is off. Raises ImproperlyConfigured with the key that is wrong."""
    table = _table(getattr(settings, "WITNESS", {}), "WITNESS", KEYS)
    enabled = table.get("enabled")
    if not isinstance(enabled, bool | None):
        raise ImproperlyConfigured(f"WITNESS['enabled'] must be True or False, not of type {_type(enabled)}")
    token = _token(table["token"], "WITNESS['token']") if "token" in table else ""
    if enabled and token:
        raise ImproperlyConfigured(
            "WITNESS has both 'enabled' and 'token': 'enabled' answers every request, 'token' only those that carry "
            "it; leave one out"
        )
    sql_log = _sql_log(table["sql_log"]) if "sql_log" in table else None
    instance, labels = _instance(table.get("instance", "")), _labels(table.get("labels", {}))
    if enabled:
        return Configuration(Mode.ON, "", sql_log, instance, labels)
    if token and enabled is None:
        return Configuration(Mode.TOKEN, token, sql_log, instance, labels)
    return Configuration(Mode.OFF, sql_log=sql_log)


def _instance(value: object) -> str:
    if not isinstance(value, str):
        raise ImproperlyConfigured(f"WITNESS['instance'] must be text, not of type {_type(value)}")
    return value


def _labels(value: object) -> Mapping[str, str]:
    where = "WITNESS['labels']"
    if not isinstance(value, Mapping):
        raise ImproperlyConfigured(f"{where} must be a dict, not of type {_type(value)}")
    for name, text in value.items():
        if not isinstance(name, str) or not LABEL.fullmatch(name):
            raise ImproperlyConfigured(f"{where} has {name!r}, which is not the name of a label")
        if not isinstance(text, str):
            raise ImproperlyConfigured(f"{where}[{name!r}] must be text, not of type {_type(text)}")
    return dict(value)


def _sql_log(value: object) -> SqlLogSettings:
    where = "WITNESS['sql_log']"
    table = _table(value, where, SQL_LOG_KEYS)
    directory, statements = table.get("directory"), table.get("statements", 1000)
    if not isinstance(directory, str | Path) or not str(directory):
        raise ImproperlyConfigured(f"{where}['directory'] must be a path that the app's processes can write")
    if not isinstance(statements, int) or isinstance(statements, bool) or not 1 <= statements <= MOST_STATEMENTS:
        raise ImproperlyConfigured(f"{where}['statements'] must be a whole number from 1 to {MOST_STATEMENTS}")
    try:
        readers = Readers(table.get("readers", Readers.NOBODY))
    except ValueError:
        raise ImproperlyConfigured(f"{where}['readers'] must be one of {', '.join(Readers)}") from None
    token = _token(table["token"], f"{where}['token']") if "token" in table else ""
    return SqlLogSettings(Path(directory), statements, readers, token)


def _table(value: object, where: str, known: tuple[str, ...]) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ImproperlyConfigured(f"{where} must be a dict, not of type {_type(value)}")
    for key in value:
        if key not in known:
            raise ImproperlyConfigured(f"{where} has the unknown key {key!r}; it takes {', '.join(known)}")
    return value


def _token(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ImproperlyConfigured(f"{where} must be text, not of type {_type(value)}")
    if not value:
        raise ImproperlyConfigured(f"{where} is empty; leave the key out, or set it to a long random text")
    if not all("!" <= character <= "~" for character in value):
        raise ImproperlyConfigured(f"{where} must be visible ASCII characters without spaces, to fit into a header")
    return value


def _type(value: object) -> str:
    return type(value).__name__
