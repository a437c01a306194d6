"""How a running service is reached, beside its URL: the tables `[target]` and `[prometheus]`, and their flags.

A secret never stands in the table: a key names the environment variable, the file or the command that holds it. All
readers raise UsageError, and no error repeats a value that may be a secret by mistake.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.config import readers
from harness.config.profile import Connection, Credentials
from harness.core import url
from harness.core.errors import UsageError

_PLACES: dict[str, Callable[[object, str], Credentials]] = {
    "env": lambda value, where: Credentials(env=readers.variable(value, where)),
    "file": lambda value, where: Credentials(file=_some(value, where)),
    "command": lambda value, where: Credentials(command=_command(value, where)),
}
"""Where a secret may be, by the end of the key: `token_env`, `token_file`, `token_command`."""
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET = re.compile(
    r"authoriz|auth(?:$|[-_])|cookie|token|secret|passw|credential|(?:^|[-_])key(?:$|[-_])|api-?key|signature",
    re.IGNORECASE,
)
"""Of the name of a header that holds a secret."""
_RESERVED = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "upgrade", "te"})
"""Headers that the client needs for itself."""
TENANT = "X-Scope-OrgID"
"""The header by which Mimir, Cortex, Loki and their kin are told the tenant."""
PROMETHEUS_ALONE = frozenset({"tenant", "params"})
KEYS = (
    *("headers", "username", "credentials", "tenant", "params", "proxy"),
    *("ca", "verify", "client_certificate", "client_key"),
    *(f"{secret}_{place}" for secret in ("password", "token") for place in _PLACES),
)
"""Every key of the table `[prometheus]` but `url`."""
TARGET_KEYS = tuple(key for key in KEYS if key not in PROMETHEUS_ALONE)


@dataclass(frozen=True, slots=True)
class Place:
    """A running service, as a table or a URL alone names it."""

    url: str = ""
    connection: Connection = field(default_factory=Connection)


def table(value: object, where: str) -> dict[str, Any]:
    """A service as a table; a text is its URL."""
    return {"url": value} if isinstance(value, str) else dict(readers.table(value, where))


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`; of a base for another origin nothing is left, so that no secret goes elsewhere."""
    elsewhere = base.get("url") and over.get("url") and not _same_origin(base["url"], over["url"])
    return readers.merge({} if elsewhere else base, over)


def read(value: object, where: str, known: tuple[str, ...] = KEYS) -> Place:
    """A service, of its URL or its table."""
    parts = table(value, where)
    for key in parts:
        if key != "url" and key not in known:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, ('url', *known))}")
    at = {key: f"{where}.{key}" for key in parts}
    connection = Connection(
        headers=_headers(parts.get("headers", {}), f"{where}.headers"),
        username=readers.text(parts.get("username", ""), f"{where}.username"),
        password=_secret(parts, "password", where),
        token=_secret(parts, "token", where),
        credentials=readers.credentials(parts["credentials"], at["credentials"]) if "credentials" in parts else None,
        tenant=_value(parts.get("tenant", ""), f"{where}.tenant"),
        ca=readers.text(parts.get("ca", ""), f"{where}.ca"),
        verify=readers.flag(parts.get("verify", True), f"{where}.verify"),
        client_certificate=readers.text(parts.get("client_certificate", ""), f"{where}.client_certificate"),
        client_key=readers.text(parts.get("client_key", ""), f"{where}.client_key"),
        proxy=_proxy(parts.get("proxy", ""), f"{where}.proxy"),
        params=readers.mapping(parts.get("params", {}), f"{where}.params"),
    )
    _check(connection, where)
    return Place(readers.text(parts.get("url", ""), f"{where}.url"), connection)


def _check(found: Connection, where: str) -> None:
    """Refuse what contradicts itself."""
    if bool(found.username) != (found.password is not None):
        raise UsageError(
            f"{where}: username and a password belong together; set both, the password as password_env, password_file "
            "or password_command"
        )
    given = [
        name
        for name, value in (
            ("token", found.token),
            ("username", found.username),
            ("credentials", found.credentials),
            ("headers.Authorization", next((each for each in found.headers if each.lower() == "authorization"), None)),
        )
        if value
    ]
    if len(given) > 1:
        raise UsageError(f"{where}: has both {given[0]} and {given[1]}, and one Authorization is sent; leave one out")
    if found.client_key and not found.client_certificate:
        raise UsageError(f"{where}.client_key: needs client_certificate; name the file of the certificate too")
    if found.ca and not found.verify:
        raise UsageError(f"{where}: has ca and verify = false; leave verify out, and the certificate is checked by ca")


def _secret(parts: Mapping[str, Any], name: str, where: str) -> Credentials | None:
    """One secret, of the one of its three keys that is there."""
    given = [place for place in _PLACES if f"{name}_{place}" in parts]
    if len(given) > 1:
        raise UsageError(f"{where}: has both {name}_{given[0]} and {name}_{given[1]}; leave one out")
    if not given:
        return None
    key = f"{name}_{given[0]}"
    return _PLACES[given[0]](parts[key], f"{where}.{key}")


def _headers(value: object, where: str) -> Mapping[str, str | Credentials]:
    found: dict[str, str | Credentials] = {}
    for name, given in readers.table(value, where).items():
        if not _HEADER.fullmatch(name) or name.lower() in _RESERVED:
            raise UsageError(f"{where}: {name!r} is not the name of a header that can be set; write for example X-Team")
        if isinstance(given, dict):
            found[name] = readers.credentials(given, f"{where}.{name}")
        elif _SECRET.search(name):
            raise UsageError(
                f"{where}.{name}: a secret does not belong here; name where it is: {{ env = 'NAME' }}, "
                "{ file = 'PATH' } or { command = ['PROGRAM'] }, on the command line --prometheus-header-env or "
                "--target-header-env NAME=VARIABLE"
            )
        else:
            found[name] = _value(given, f"{where}.{name}")
    return found


def _value(value: object, where: str) -> str:
    """The value of a header."""
    if isinstance(value, str) and all(" " <= each <= "~" for each in value):
        return value
    raise UsageError(f"{where}: must be text that a header can hold: printable ASCII in one line")


def _proxy(value: object, where: str) -> str | Credentials:
    if isinstance(value, dict):
        return readers.credentials(value, where)
    written = readers.text(value, where)
    if not written:
        return ""
    try:
        parsed = url.parse(written)
    except ValueError as error:
        raise UsageError(f"{where}: is not a URL: {error}; write for example http://proxy.example.org:3128") from None
    if parsed.user or parsed.password:
        raise UsageError(
            f"{where}: a password does not belong here; write {{ env = 'NAME' }}, and the variable holds the whole URL"
        )
    return written


def _some(value: object, where: str) -> str:
    if isinstance(value, str) and value:
        return value
    raise UsageError(f"{where}: must be the path of the file that holds the secret")


def _command(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value) and value[0]:
        return tuple(value)
    raise UsageError(f"{where}: must be a command that prints the secret, as a list: ['PROGRAM', 'WORD']")


def _same_origin(one: object, other: object) -> bool:
    try:
        return url.parse(str(one)).origin == url.parse(str(other)).origin
    except ValueError:
        return one == other
