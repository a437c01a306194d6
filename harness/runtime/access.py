"""What a running target and its Prometheus ask for before they answer: read here, and kept in memory only.

Secrets come from the environment, a file, a command, or the userinfo of a URL. From here on they are sent to the origin
that they were given for and to no other; the URLs that go on have no userinfo.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.config import hosts
from harness.config.connection import TENANT
from harness.config.profile import Connection, Credentials, Profile
from harness.core import secret, url
from harness.core.errors import UsageError
from harness.core.url import Url
from harness.runtime import connections, files
from harness.runtime.connections import Way
from harness.runtime.printed import printed_by

COMMAND_LIMIT_S = 30.0
LONGEST = 8192
"""Characters of a secret: a token of an identity provider has up to 4,000."""
BUNDLE = "REQUESTS_CA_BUNDLE"
"""The variable by which Python's clients are told the trusted authorities; OpenSSL itself reads SSL_CERT_FILE."""


def granted(profile: Profile, project: Path, environment: Mapping[str, str]) -> Profile:
    """The profile with URLs that show no credential; what its target and its Prometheus ask for is sent from now on.

    Raises UsageError, without any secret, when one cannot be had or is none, or when a file of certificates is none.
    """
    if profile.start is not None:
        return profile
    target = reach("target", profile.target, profile.target_connection, project, environment)
    prometheus = reach("prometheus", profile.prometheus, profile.prometheus_connection, project, environment)
    return replace(profile, target=target.rstrip("/"), prometheus=prometheus.rstrip("/"))


def reach(
    side: str, text: str, connection: Connection, project: Path, environment: Mapping[str, str], flag: str = ""
) -> str:
    """The URL of a side, `target` or `prometheus`, without userinfo; its origin is reached this way from now on.

    Paths and commands are relative to `project`. Raises UsageError.
    """
    if not text:
        return text
    parsed = hosts.read(flag or f"--{side}", text)
    way = _Reading(side, connection, project, environment).way(parsed)
    connections.use(parsed.origin, way)
    return parsed.text


class _Reading:
    """Reads what the table of one side names."""

    def __init__(self, side: str, connection: Connection, project: Path, environment: Mapping[str, str]) -> None:
        self._side, self._connection, self._project, self._environment = side, connection, project, environment

    def way(self, parsed: Url) -> Way:
        """The way to the side. Raises UsageError."""
        given = self._connection
        headers = self._headers()
        if parsed.user or parsed.password:
            secret.remember(parsed.password)
            headers.setdefault("Authorization", self._sent(connections.basic(parsed.user, parsed.password)))
        certificate = (self._file("client_certificate"), self._file("client_key")) if given.client_certificate else None
        ca = self._file("ca") or (self._environment.get(BUNDLE, "") if given.verify else "")
        sources = [given.password, given.token, given.credentials, *given.headers.values()]
        renewable = any(isinstance(each, Credentials) and not each.env for each in sources)
        made = Way(
            headers, given.params, ca, given.verify, certificate, self._proxy(), self._headers if renewable else None
        )
        if parsed.scheme == "https":
            self._check_files(made)
        return made

    def _check_files(self, way: Way) -> None:
        for key, path in (("ca", way.ca), ("client_certificate", way.certificate[0] if way.certificate else "")):
            if path and not os.access(path, os.R_OK):
                raise UsageError(f"{self._side}.{key}: {path} cannot be read; name a file in PEM")
        try:
            connections.context(way)
        except OSError:  # SSLError is one
            named = ", ".join(filter(None, (way.ca, *(way.certificate or ()))))
            raise UsageError(
                f"{self._side}: {named}: not usable for TLS; ca and client_certificate are certificates in PEM, and "
                "the client's certificate and key belong together, the key without a password"
            ) from None

    def _headers(self) -> dict[str, str]:
        """All headers, their secrets read now. Raises UsageError."""
        given = self._connection
        headers = {
            name: self._sent(self._secret(f"headers.{name}", value)) if isinstance(value, Credentials) else value
            for name, value in given.headers.items()
        }
        if given.tenant:
            headers[TENANT] = given.tenant
        if given.token is not None:
            headers["Authorization"] = self._sent(f"Bearer {self._secret('token', given.token)}")
        if given.password is not None:
            password = self._secret("password", given.password)
            headers["Authorization"] = self._sent(connections.basic(given.username, password))
        if given.credentials is not None:
            headers["Authorization"] = self._sent(_authorization(self._secret("credentials", given.credentials)))
        return headers

    def _sent(self, value: str) -> str:
        """A value that nobody may see."""
        secret.remember(value)
        secret.remember(value.partition(" ")[2])
        return value

    def _secret(self, key: str, source: Credentials) -> str:
        """What a source holds, which fits into a header. Raises UsageError."""
        where = f"{self._side}.{key}"
        value = self._value(where, source).strip()
        if not value or len(value) > LONGEST or not all(" " <= each <= "~" for each in value):
            what = "is empty" if not value else "holds more than one line of printable ASCII"
            raise UsageError(f"{where}: {_place(source)} {what}, so it is no secret that can be sent; look at it")
        secret.remember(value)
        return value

    def _value(self, where: str, source: Credentials) -> str:
        """What the source holds. Raises UsageError."""
        if source.env:
            if source.env not in self._environment:
                raise UsageError(
                    f"{where}: the environment variable {source.env} is not set; set it, or leave the key out"
                )
            return self._environment[source.env]
        if source.file:
            file = self._project / Path(source.file).expanduser()
            try:
                return files.read_text(file, LONGEST)
            except OSError as error:
                raise UsageError(f"{where}: {file} cannot be read: {error.strerror}") from None
        return self._printed(where, source.command)

    def _printed(self, where: str, command: tuple[str, ...]) -> str:
        try:
            code, found = printed_by(command, COMMAND_LIMIT_S, LONGEST, cwd=self._project)
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = error.strerror if isinstance(error, OSError) else f"took longer than {COMMAND_LIMIT_S:g} s"
            raise UsageError(f"{where}: `{command[0]}` {reason}") from None
        if code:
            raise UsageError(f"{where}: `{command[0]}` ended with exit {code}; run it by hand")
        return found.decode("utf-8", "replace")

    def _file(self, key: str) -> str:
        """The path of a file; empty when the key is not set."""
        written: str = getattr(self._connection, key)
        return str(files.resolved(self._project / Path(written).expanduser())) if written else ""

    def _proxy(self) -> Url | None:
        source = self._connection.proxy
        written = self._secret("proxy", source) if isinstance(source, Credentials) else source
        if not written:
            return None
        try:
            parsed = url.parse(written)
        except ValueError as error:
            raise UsageError(f"{self._side}.proxy: what it holds is not a URL: {error}") from None
        if parsed.scheme != "http":
            raise UsageError(f"{self._side}.proxy: a proxy is reached by http://; its tunnel is encrypted all the same")
        secret.remember(parsed.password)
        return parsed


def _authorization(value: str) -> str:
    """The header's value: `Scheme value` as it is, `user:password` as Basic, anything else as a bearer token."""
    scheme, _, rest = value.partition(" ")
    if rest and scheme.isalpha():
        return value
    user, colon, password = value.partition(":")
    if colon:
        secret.remember(password)
        return connections.basic(user, password)
    return f"Bearer {value}"


def _place(source: Credentials) -> str:
    if source.env:
        return f"the environment variable {source.env}"
    return source.file or f"what `{source.command[0]}` prints"


def bare(flag: str, text: str) -> str:
    """A URL without its userinfo, which is sent from now on. Raises UsageError for what is no URL."""
    parsed = hosts.read(flag, text)
    if parsed.user or parsed.password:
        secret.remember(parsed.password)
        connections.authorize(parsed.origin, connections.basic(parsed.user, parsed.password))
    return parsed.text
