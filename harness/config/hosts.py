"""Which hosts may be loaded, and a profile on running services."""

from dataclasses import replace

from harness.config.profile import LOOPBACK, Profile
from harness.core import url
from harness.core.errors import UsageError
from harness.core.text import shorten
from harness.core.url import Url

SHOWN = 200
"""Characters of what is no URL that an error repeats."""


def check_hosts(profile: Profile) -> None:
    """Refuse to load a host that is neither loopback nor allowed by name. Raises UsageError."""
    if profile.start is not None:
        return
    for flag, text in (("--target", profile.target), ("--prometheus", profile.prometheus)):
        if not text:
            raise UsageError(f"{flag} is missing: a running target needs both --target and --prometheus")
        read(flag, text)
    check_host("--target", profile.target, profile)


def check_host(flag: str, text: str, profile: Profile) -> None:
    """Refuse to load what is not a URL, or a host that is neither loopback nor allowed by name. Raises UsageError."""
    host = read(flag, text).host
    allowed = {each.lower().strip("[]").removesuffix(".") for each in profile.allow_hosts}
    if host not in LOOPBACK and host not in allowed:
        raise UsageError(
            f"{flag}: {host} is not this machine; to load it on purpose, add allow_hosts = [{host!r}] to the profile, "
            f"or --set 'allow_hosts=[\"{host}\"]'"
        )


def read(flag: str, text: str) -> Url:
    """A URL taken apart; what it is a value of begins the message. Raises UsageError."""
    try:
        return url.parse(text)
    except ValueError as error:
        shown = shorten(url.without_userinfo(text), SHOWN)
        raise UsageError(f"{flag}: {shown!r} is not a URL: {error}; write for example http://127.0.0.1:8000") from None


def against(profile: Profile, target: str, prometheus: str) -> Profile:
    """The profile on running services.

    What it would start, its variants, dashboards and rules, and what it asks of the started target's buckets are left
    aside.
    """
    budget = replace(profile.budget, resolution_ratio=None)
    return replace(
        profile,
        start=None,
        variants=(),
        dashboards=(),
        rules=(),
        target=target,
        prometheus=prometheus,
        budget=budget,
    )
