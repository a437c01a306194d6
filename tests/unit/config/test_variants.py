"""Variants of a profile: what is merged, and what is refused before anything starts."""

import re
from pathlib import Path

import pytest

from harness.config import toml_file
from harness.config.toml_file import Config
from harness.config.variants import SERVICES
from harness.core.errors import UsageError
from harness.runtime.stack import servers
from harness.runtime.stack.servers.server import Instance

TEXT = """
[profiles.bare]
users = 3

[profiles.app]
variants = ["postgresql"]
[profiles.app.start]
command = ["serve", "{port}"]
services = ["memcached"]
env = { ENGINE = "sqlite", OTHER = "kept" }

[variants.postgresql]
services = ["postgresql"]
env = { ENGINE = "postgresql", PORT = "{postgresql_port}" }
[variants.mysql]
services = ["mariadb"]
env = { ENGINE = "mysql" }
[variants.redis]
services = ["redis", "memcached"]
[variants.astray]
env = { PORT_OF_CACHE = "x{redis_port}" }
"""


@pytest.fixture
def parsed() -> Config:
    return toml_file.parse(TEXT, "f.toml")


def test_the_profiles_variants_and_the_chosen_ones_are_merged_into_its_start(parsed: Config) -> None:
    """Each once; services are joined, the environment is overridden key by key."""
    profile = parsed.profile("app", ("redis", "postgresql"))
    assert profile.variants == ("postgresql", "redis")
    assert profile.start is not None
    assert profile.start.services == ("memcached", "postgresql", "redis")
    assert profile.start.env == {"ENGINE": "postgresql", "OTHER": "kept", "PORT": "{postgresql_port}"}


@pytest.mark.parametrize(
    ("profile", "variants", "message"),
    [
        ("app", ["postgres"], "f.toml: no variant 'postgres' (did you mean 'postgresql'?); it has postgresql, mysql"),
        ("bare", ["redis"], "profile 'bare' starts nothing, so variant 'redis' changes nothing"),
        (
            "app",
            ["mysql"],
            "variants 'postgresql' and 'mysql' set env.ENGINE to different values ('postgresql' and 'mysql')",
        ),
        (
            "app",
            ["astray"],
            "profiles.app.start.env.PORT_OF_CACHE: {redis_port} needs the service 'redis', which is not started",
        ),
    ],
)
def test_a_variant_that_does_not_fit_is_refused(
    parsed: Config, profile: str, variants: list[str], message: str
) -> None:
    """With the names and the next step."""
    with pytest.raises(UsageError, match=re.escape(message)):
        parsed.profile(profile, variants)


def test_a_placeholder_of_a_server_that_is_not_started_is_refused_in_every_text() -> None:
    """In commands as in the environment; a doubled brace is none."""
    for key in ("command = ['x', '{redis_port}']", "command = ['x']\nprepare = [['{redis_port}']]"):
        with pytest.raises(UsageError, match=r"needs the service 'redis'"):
            toml_file.parse(f"[profiles.a.start]\n{key}", "f").profile()
    assert toml_file.parse("[profiles.a.start]\ncommand = ['{{redis_port}}']", "f").profile().name == "a"


def test_each_server_tells_what_the_placeholders_promise() -> None:
    """The servers that can be started are those of harness.toml, and each knows its placeholders."""
    told = {}
    for server in servers.SERVERS:
        instance = Instance({}, Path(), Path(), "secret", None, 1)
        told[server.name] = tuple(server.placeholders(instance))
    assert told == dict(SERVICES)


def test_the_projects_own_variants_each_fit_the_default_profile() -> None:
    """Engines, caches and servers of the reference target."""
    parsed = toml_file.parse((Path(__file__).resolve().parents[3] / "harness.toml").read_text(), "harness.toml")
    for variant in parsed.variants:
        assert parsed.profile(None, (variant,)).variants == (variant,)
    assert len(parsed.variants) == 11
