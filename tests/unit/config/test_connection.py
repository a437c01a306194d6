"""The tables `[target]` and `[prometheus]`: what they take, how they merge, what they refuse without repeating it."""

import pytest

from harness.config import toml_file
from harness.config.profile import Credentials
from harness.core.errors import UsageError

FILE = """
[prometheus]
url = "https://metrics.example.org/prometheus"
token_command = ["fetch", "token"]
tenant = "shop"
ca = "tls/ca.pem"
params = { dedup = "false" }
headers = { X-Team = "shop", X-Access-Token = { env = "ACCESS" } }

[target]
ca = "tls/ca.pem"

[profiles.staging]
target = "https://staging.example.org"

[profiles.other]
target = "https://other.example.org"
prometheus = "https://other-metrics.example.org"

[profiles.local.start]
command = ["serve"]
"""


def test_the_tables_beside_the_profiles_hold_for_each_of_them() -> None:
    """A profile that names the URL alone keeps how it is reached."""
    staging = toml_file.parse(FILE, "f.toml").profile("staging")
    assert staging.prometheus == "https://metrics.example.org/prometheus"
    assert staging.target == "https://staging.example.org"
    assert staging.target_connection.ca == "tls/ca.pem"
    reached = staging.prometheus_connection
    assert reached.token == Credentials(command=("fetch", "token"))
    assert (reached.tenant, reached.params) == ("shop", {"dedup": "false"})
    assert reached.headers == {"X-Team": "shop", "X-Access-Token": Credentials(env="ACCESS")}


def test_a_secret_goes_along_to_no_other_origin() -> None:
    """A profile or a flag that names another one begins anew, and another path on the same one does not."""
    parsed = toml_file.parse(FILE, "f.toml")
    assert parsed.profile("other").prometheus_connection.token is None
    elsewhere = parsed.profile("staging", given={"prometheus": {"url": "http://127.0.0.1:9090", "tenant": "mine"}})
    assert (elsewhere.prometheus_connection.token, elsewhere.prometheus_connection.tenant) == (None, "mine")
    beside = parsed.profile("staging", given={"prometheus": "https://metrics.example.org/other"})
    assert beside.prometheus_connection.token == Credentials(command=("fetch", "token"))


def test_a_profile_that_starts_its_target_needs_no_url() -> None:
    """The table of the target names none, so it does not stand against the start."""
    assert toml_file.parse(FILE, "f.toml").profile("local").start is not None


def test_any_key_can_be_given_beside_the_file() -> None:
    """Over the file's own value, and merged into its tables."""
    parsed = toml_file.parse("[profiles.a]\nusers = 3\n[profiles.a.budget]\nresolution_ratio = 0.5", "f.toml")
    found = parsed.profile(given={"metrics_view": "metrics", "budget": {"max_clock_skew_s": "9s"}, "arrival_rate": 5})
    assert (found.metrics_view, found.budget.max_clock_skew_s, found.budget.resolution_ratio) == ("metrics", 9.0, 0.5)
    assert (found.arrival_rate, found.users) == (5.0, 10)
    with pytest.raises(UsageError, match=r"^--set background: "):
        parsed.profile(given={"background": "healthz"})


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("token_env = 'A'\ntoken_file = 'b'", "both token_env and token_file"),
        ("token_env = 's3cret word'", "token_env: must be the name of an environment variable"),
        ("token_command = 's3cret'", "token_command: must be a command"),
        ("password_env = 'A'", "username and a password belong together"),
        ("username = 'ann'", "username and a password belong together"),
        ("token_env = 'A'\nusername = 'ann'\npassword_env = 'B'", "both token and username"),
        ("headers = { Authorization = 'Bearer s3cret' }", "headers.Authorization: a secret does not belong here"),
        ("headers = { X-Api-Key = 's3cret' }", "headers.X-Api-Key: a secret does not belong here"),
        ("headers = { Host = 'a' }", "not the name of a header that can be set"),
        ("headers = { 'X A' = 'a' }", "not the name of a header"),
        ('headers = { X-A = "a\\nX-B: c" }', "headers.X-A: must be text that a header can hold"),
        ("headers = { Authorization = { env = 'A' } }\ntoken_env = 'B'", "both token and headers.Authorization"),
        ("client_key = 'k.pem'", "client_key: needs client_certificate"),
        ("ca = 'a'\nverify = false", "leave verify out"),
        ("proxy = 'http://ann:s3cret@proxy:1'", "proxy: a password does not belong here"),
        ("proxy = 'socks://x'", "proxy: is not a URL"),
        ("tokens_env = 'A'", "unknown key .did you mean 'token_env'"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(written: str, says: str) -> None:
    """It may be the secret itself, by mistake."""
    for table in ("prometheus", "profiles.a.prometheus"):
        with pytest.raises(UsageError, match=rf"^f\.toml: {table}.*{says}") as caught:
            toml_file.parse(f"[{table}]\n{written}\n[profiles.a.target]\n", "f.toml")
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["tenant = 'a'", "params = { a = 'b' }"])
def test_what_only_a_prometheus_takes_is_unknown_of_a_target(key: str) -> None:
    """Its requests are the locustfile's own."""
    with pytest.raises(UsageError, match="unknown key"):
        toml_file.parse(f"[target]\n{key}\n[profiles.a]\n", "f.toml")
