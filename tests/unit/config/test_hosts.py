"""Which hosts may be loaded."""

import pytest

from harness.config import hosts
from harness.config.profile import Profile, TargetStart
from harness.core.errors import UsageError

OWN = Profile("own", start=TargetStart(("true",)))
PROMETHEUS = "http://127.0.0.1:9090"


@pytest.mark.parametrize("target", ["http://127.0.0.1:8000", "http://localhost", "https://[::1]:8000"])
def test_this_machine_may_be_loaded(target: str) -> None:
    """By any of its names."""
    hosts.check_hosts(hosts.against(OWN, target, PROMETHEUS))


def test_another_host_has_to_be_allowed_by_name() -> None:
    """A typo must not load a stranger."""
    with pytest.raises(
        UsageError, match=r"--target: shop.example is not this machine; .*allow_hosts = \['shop.example'\]"
    ):
        hosts.check_hosts(hosts.against(OWN, "http://shop.example", PROMETHEUS))
    allowed = Profile("allowed", allow_hosts=("shop.example",))
    hosts.check_hosts(hosts.against(allowed, "http://shop.example", PROMETHEUS))


@pytest.mark.parametrize(
    ("target", "prometheus", "said"),
    [
        ("", PROMETHEUS, "--target is missing"),
        ("http://127.0.0.1:8000", "", "--prometheus is missing"),
        ("127.0.0.1:8000", PROMETHEUS, "--target: '127.0.0.1:8000' is not a URL"),
        ("http://127.0.0.1:8000", "ftp://127.0.0.1", "--prometheus: 'ftp://127.0.0.1' is not a URL"),
        ("http://127.0.0.1:99999", PROMETHEUS, "--target: .* is not a URL"),
        ("http://[127.0.0.1", PROMETHEUS, "--target: .* is not a URL"),
    ],
)
def test_what_is_no_url_is_refused_by_its_flag(target: str, prometheus: str, said: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(UsageError, match=said):
        hosts.check_hosts(hosts.against(OWN, target, prometheus))
