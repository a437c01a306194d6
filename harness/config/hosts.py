"""Which hosts may be loaded, and a profile on running services."""

from dataclasses import replace
from urllib.parse import urlsplit

from harness.config.profile import LOOPBACK, Profile
from harness.config.readers import is_http_url
from harness.core.errors import UsageError


def check_hosts(profile: Profile) -> None:
    """Refuse to load a host that is neither loopback nor allowed by name. Raises UsageError."""
    if profile.start is not None:
        return
    for flag, url in (("--target", profile.target), ("--prometheus", profile.prometheus)):
        if not url:
            raise UsageError(f"{flag} is missing: a running target needs both --target and --prometheus")
        _check_url(flag, url)
    check_host("--target", profile.target, profile)


def check_host(flag: str, url: str, profile: Profile) -> None:
    """Refuse to load what is not a URL, or a host that is neither loopback nor allowed by name. Raises UsageError."""
    _check_url(flag, url)
    host = urlsplit(url).hostname or ""
    if host not in LOOPBACK and host not in profile.allow_hosts:
        raise UsageError(
            f"{flag}: {host} is not this machine; to load it on purpose, add allow_hosts = [{host!r}] to the profile"
        )


def _check_url(flag: str, url: str) -> None:
    if not is_http_url(url):
        raise UsageError(f"{flag}: {url!r} is not a URL; write for example http://127.0.0.1:8000")


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
