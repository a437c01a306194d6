"""What a running target and its Prometheus ask for before they answer: read once, and kept in memory only.

Credentials come from the environment, a file, a command, or the userinfo of a URL. From here on they are sent to the
origin that they were given for and to no other; the URLs that go on have no userinfo.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.config import hosts
from harness.config.profile import Credentials, Profile
from harness.core import secret
from harness.core.errors import UsageError
from harness.runtime import files, http

COMMAND_LIMIT_S = 30.0
LONGEST = 8192
"""Characters of a credential: a token of an identity provider has up to 4,000."""


def granted(profile: Profile, project: Path, environment: Mapping[str, str]) -> Profile:
    """The profile with URLs that show no credential; what its target and its Prometheus ask for is sent from now on.

    Raises UsageError, without the credential, when it cannot be had or is none.
    """
    if profile.start is not None:
        return profile
    target = _granted("target", profile.target, profile.target_credentials, project, environment)
    prometheus = _granted("prometheus", profile.prometheus, profile.prometheus_credentials, project, environment)
    return replace(profile, target=target, prometheus=prometheus)


def bare(flag: str, text: str) -> str:
    """A URL without its userinfo, which is sent from now on. Raises UsageError for what is no URL."""
    parsed = hosts.read(flag, text)
    if parsed.user or parsed.password:
        secret.remember(parsed.password)
        http.authorize(parsed.origin, http.basic(parsed.user, parsed.password))
    return parsed.text.rstrip("/")


def _granted(name: str, text: str, source: Credentials | None, project: Path, environment: Mapping[str, str]) -> str:
    if not text:
        return text
    found = bare(f"--{name}", text)
    if source is not None:
        where = f"{name}_credentials"
        http.authorize(
            hosts.read(f"--{name}", found).origin, _header(_value(where, source, project, environment), where)
        )
    return found


def _value(where: str, source: Credentials, project: Path, environment: Mapping[str, str]) -> str:
    """What the source holds, without the line break at its end. Raises UsageError."""
    if source.env:
        if source.env not in environment:
            raise UsageError(f"{where}: the environment variable {source.env} is not set; set it, or leave the key out")
        return environment[source.env]
    if source.file:
        try:
            return files.read_text(project / source.file, LONGEST)
        except OSError as error:
            raise UsageError(f"{where}: {project / source.file} cannot be read: {error.strerror}") from None
    try:
        done = subprocess.run(
            source.command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"took longer than {COMMAND_LIMIT_S:g} s"
        raise UsageError(f"{where}: `{source.command[0]}` {reason}") from None
    if done.returncode:
        raise UsageError(f"{where}: `{source.command[0]}` ended with exit {done.returncode}; run it by hand")
    return done.stdout.decode("utf-8", "replace")


def _header(value: str, where: str) -> str:
    """The header's value: `Scheme value` as it is, `user:password` as Basic, anything else as a bearer token."""
    value = value.strip()
    if not value or len(value) > LONGEST or not all(" " <= each <= "~" for each in value):
        raise UsageError(f"{where}: what it holds is no credential; it is user:password, a token, or `Scheme value`")
    scheme, _, rest = value.partition(" ")
    if rest and scheme.isalpha():
        return value
    user, colon, password = value.partition(":")
    if colon:
        secret.remember(password)
        return http.basic(user, password)
    return f"Bearer {value}"
