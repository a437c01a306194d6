"""harness.toml: what it may say, and how it is refused."""

from pathlib import Path

import pytest

from harness.config import readers, toml_file
from harness.core.errors import UsageError
from harness.core.limits import Limit

MINIMAL = "[profiles.a]\nusers = 3\n"


def test_defaults_are_under_every_profile_table_by_table() -> None:
    """A profile changes single keys, nested ones too."""
    parsed = toml_file.parse(
        """
        [defaults]
        users = 5
        [defaults.start]
        command = ["serve", "{port}"]
        env = { A = "1", B = "2" }
        [profiles.one]
        [profiles.two]
        users = 7
        [profiles.two.start.env]
        B = "3"
        """,
        "f.toml",
    )
    one, two = parsed.profile("one"), parsed.profile("two")
    assert (one.users, two.users) == (5, 7)
    assert one.start is not None
    assert two.start is not None
    assert (one.start.env, two.start.env) == ({"A": "1", "B": "2"}, {"A": "1", "B": "3"})


@pytest.mark.parametrize(
    ("defaults", "own", "started"),
    [
        ("start = { command = ['serve'] }", "target = 'http://127.0.0.1:1'", False),
        ("target = 'http://127.0.0.1:1'", "start = { command = ['serve'] }", True),
        ("start = { command = ['serve'] }", "users = 3", True),
        ("target = 'http://127.0.0.1:1'", "users = 3", False),
        ("start = { command = ['serve'] }", "start = { port = 8000 }", True),
    ],
)
def test_a_profiles_own_target_or_start_replaces_the_other_one_of_the_defaults(
    defaults: str, own: str, started: bool
) -> None:
    """What the profile says itself is not a contradiction to what it would have inherited."""
    profile = toml_file.parse(f"[defaults]\n{defaults}\n[profiles.a]\n{own}\n", "f").profile("a")
    assert (profile.start is not None, bool(profile.target)) == (started, not started)


@pytest.mark.parametrize(
    ("defaults", "own", "rate"),
    [
        ("users = 5\npace = 'closed'", "arrival_rate = 20", 20.0),
        ("arrival_rate = 20", "users = 5", None),
        ("arrival_rate = 20", "pace = 'closed'", None),
        ("arrival_rate = 20", "workers = 2", 20.0),
    ],
)
def test_a_profiles_own_load_model_replaces_that_of_the_defaults(defaults: str, own: str, rate: float | None) -> None:
    """Users that wait for answers, or arrivals that do not."""
    profile = toml_file.parse(f"[defaults]\n{defaults}\n[profiles.a]\n{own}\n", "f").profile("a")
    assert profile.arrival_rate == rate


def test_the_default_profile_is_the_first_or_the_one_named() -> None:
    """Without a name."""
    assert toml_file.parse(f"{MINIMAL}[profiles.b]\n", "f").profile().name == "a"
    assert toml_file.parse(f'default_profile = "b"\n{MINIMAL}[profiles.b]\n', "f").profile().name == "b"


@pytest.mark.parametrize(
    ("value", "expected"), [("500ms", 0.5), ("15s", 15), ("2m", 120), ("1h", 3600), (3, 3), (0.5, 0.5), ("1.5s", 1.5)]
)
def test_durations(value: object, expected: float) -> None:
    """Numbers are seconds."""
    assert readers.seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("p95 < 250ms", Limit("p95 < 250ms", "p95", "<", 0.25)),
        ("p50<=0.1", Limit("p50<=0.1", "p50", "<=", 0.1)),
        ("error_ratio < 1%", Limit("error_ratio < 1%", "error_ratio", "<", 0.01)),
        ("rate > 50", Limit("rate > 50", "rate", ">", 50)),
        ({"view": "a:b", "limit": "p99 < 2s"}, Limit("a:b: p99 < 2s", "p99", "<", 2, "a:b")),
        ({"promql": "sum(up)", "limit": "== 1"}, Limit("sum(up) == 1", "sum(up)", "==", 1, "", True)),
    ],
)
def test_limits(value: object, expected: Limit) -> None:
    """Per view, over all, or any PromQL."""
    assert readers.limit(value, "thresholds[0]") == expected


@pytest.mark.parametrize(
    "value",
    [
        "p95 under 3",
        "p95 <",
        "p97 < 1s",
        "< 3",
        {"promql": "up", "limit": "p95 < 1"},
        {"limits": "p95 < 1s"},
        7,
        "rate > x",
    ],
)
def test_a_limit_that_is_none_is_refused_by_place(value: object) -> None:
    """With the place in the file."""
    with pytest.raises(UsageError, match=r"thresholds\[0\]"):
        readers.limit(value, "thresholds[0]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no \\[profiles.<name>\\] table"),
        ("profile = 1", "unknown key 'profile' .did you mean 'profiles'"),
        ("profiles = 3", "f.toml: profiles: must be a table"),
        ("[profiles]\na = 3", "profiles.a: must be a table"),
        (f'default_profile = "z"\n{MINIMAL}', "default_profile names 'z'"),
        ("[profiles.a]\nworkers = true", "profiles.a.workers: True must be a whole number"),
        ("[profiles.a]\nviews = 'x'", "profiles.a.views: must be a table"),
        ("[profiles.a]\nallow_hosts = 'x'", "profiles.a.allow_hosts: 'x' must be a list"),
        ("[profiles.a]\nforeign_traffic = 1", "must be true or false"),
        ("[profiles.a]\nduration = 0", "must be longer than 0 s"),
        ("[profiles.a]\nspawn_rate = -1", "must be a number above 0"),
        ("[profiles.a]\narrival_rate = 0", "arrival_rate: 0 must be a number of requests per second above 0"),
        ("[profiles.a]\narrival_rate = 50\nusers = 3", "profiles.a: has both arrival_rate and users"),
        ("[profiles.a]\narrival_rate = 50\npace = 'closed'", "profiles.a: has both arrival_rate and pace"),
        ("[profiles.a.budget]\nresolution = 1", "unknown key .did you mean 'resolution_"),
        ("[profiles.a.budget.blind_spot_s]\np90 = '1s'", "takes p50, p95 and p99"),
        ("[profiles.a]\ntarget='http://h'\n[profiles.a.start]\ncommand=['x']", "has both start and target"),
        ("[defaults]\ntarget='http://h'\n[defaults.start]\ncommand=['x']\n[profiles.a]", "has both start and target"),
        ("[profiles.a.start]\ncommand=['x']\nport = 99999", "must be a port"),
        ("[profiles.a.start]\ncommand=['x']\nprepare = ['y']", "must be a list"),
        (
            "[profiles.a.start]\ncommand=['x']\nservices = ['oracle']",
            "start.services: unknown service 'oracle'; it is one of postgresql, mariadb, redis, memcached",
        ),
        (f"{MINIMAL}[variants.v]\nservices = ['oracle']", "variants.v.services: unknown service 'oracle'"),
        (f"{MINIMAL}[variants.v]\nenvs = 3", "variants.v.envs: unknown key .did you mean 'env'"),
        (f"{MINIMAL}[variants.v]\nenv = {{ A = 3 }}", "variants.v.env.A: 3 must be text"),
        (f"{MINIMAL}variants = ['redis']", "profiles.a.variants: no variant 'redis'; it has none"),
        (f"{MINIMAL}variants = ['rediss']\n[variants.redis]", "did you mean 'redis'"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(text: str, message: str) -> None:
    """Nothing is ignored."""
    with pytest.raises(UsageError, match=message):
        toml_file.parse(text, "f.toml")


def test_the_projects_own_file_is_valid_and_has_its_profiles() -> None:
    """Smoke is the default, the others are there."""
    file = Path(__file__).resolve().parents[3] / "harness.toml"
    parsed = toml_file.parse(file.read_text(), "harness.toml")
    assert parsed.profile().name == "smoke"
    assert {"smoke", "ci", "matrix", "soak", "compose", "compose-mysql", "compose-memcached"} <= set(parsed.profiles)


@pytest.mark.parametrize(
    "value",
    [["a"] * 2, list("abcdefghi"), [""], "shop:item", [3]],
    ids=["twice", "nine", "empty", "a text", "a number"],
)
def test_gated_views_are_at_most_eight_labels(value: object) -> None:
    """Each once."""
    with pytest.raises(UsageError, match="gated_views"):
        readers.gated_views(value, "gated_views")
    assert readers.gated_views(list("abcdefgh"), "gated_views") == tuple("abcdefgh")


@pytest.mark.parametrize("value", ['"s3cret-token"', '"secret token"', '""', "5", '"{token}"'])
def test_a_token_in_place_of_its_variable_is_refused_and_not_repeated(value: str) -> None:
    """The error goes to logs and terminals."""
    with pytest.raises(
        UsageError, match=r"profiles\.a\.witness_token_env: must be the name of an environment var"
    ) as caught:
        toml_file.parse(f"[profiles.a]\nwitness_token_env = {value}\n", "f.toml")
    assert "cret" not in str(caught.value)


def test_a_profile_names_the_variable_of_the_token() -> None:
    """Only its name is kept."""
    parsed = toml_file.parse('[profiles.a]\nwitness_token_env = "STAGING_TOKEN"\n', "f.toml")
    assert parsed.profile("a").witness_token_env == "STAGING_TOKEN"
