"""Credentials are read where the profile says, sent to their origin, and shown nowhere."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.config import toml_file
from harness.config.profile import Connection, Credentials, Profile
from harness.core import secret
from harness.core.errors import UsageError
from harness.runtime import access, connections

TARGET, PROMETHEUS = "http://127.0.0.1:8000", "http://127.0.0.1:9090"
SECRET = "ann:s3cret-word"
BASIC = "Basic YW5uOnMzY3JldC13b3Jk"


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    secret.forget()
    connections.forget()


def sent_to(address: str) -> str:
    return connections.of(address).headers.get("Authorization", "")


def test_userinfo_is_cut_from_the_urls_and_sent() -> None:
    """The profile that goes on shows none of it."""
    given = Profile("x", target="http://ann:s3cret-word@127.0.0.1:8000/", prometheus="http://a:pw@127.0.0.1:9090")
    granted = access.granted(given, Path(), {})
    assert (granted.target, granted.prometheus) == (TARGET, PROMETHEUS)
    assert sent_to(TARGET) == BASIC
    assert sent_to("http://127.0.0.1:8001") == ""
    assert "s3cret" not in secret.redact("the server said: s3cret-word is wrong")


@pytest.mark.parametrize("place", ["env", "file", "command"])
def test_a_credential_comes_from_where_the_profile_says(tmp_path: Path, place: str) -> None:
    """The environment, a file, or what a command prints; without its last line break."""
    (tmp_path / "kept").write_text(f"{SECRET}\n")
    source = {
        "env": Credentials(env="SHOP"),
        "file": Credentials(file="kept"),
        "command": Credentials(command=(sys.executable, "-c", "print(open('kept').read())")),
    }[place]
    access.granted(
        Profile("x", target=TARGET, target_connection=Connection(credentials=source)), tmp_path, {"SHOP": SECRET}
    )
    assert sent_to(f"{TARGET}/any") == BASIC


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    """It prints the secret at once, and what it started would hold its output for long."""
    (tmp_path / "print.sh").write_text("sleep 300 &\nsetsid sleep 300 &\necho $! > left\necho ann:s3cret-word\n")
    source = Credentials(command=("sh", "print.sh"))
    access.granted(Profile("x", target=TARGET, target_connection=Connection(credentials=source)), tmp_path, {})
    assert sent_to(TARGET) == BASIC
    assert not Path(f"/proc/{(tmp_path / 'left').read_text().strip()}").exists()


def test_a_command_that_prints_without_end_is_stopped(tmp_path: Path) -> None:
    """What is too long for a header is no secret."""
    profile = Profile("x", target=TARGET, target_connection=Connection(credentials=Credentials(command=("yes",))))
    with pytest.raises(UsageError, match=r"^target\.credentials: .* holds more than one line"):
        access.granted(profile, tmp_path, {})


def test_a_command_that_takes_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its limit."""
    monkeypatch.setattr(access, "COMMAND_LIMIT_S", 0.2)
    profile = Profile("x", target=TARGET, target_connection=Connection(credentials=Credentials(command=("sleep", "9"))))
    with pytest.raises(UsageError, match=r"^target\.credentials: `sleep` took longer than 0\.2 s"):
        access.granted(profile, tmp_path, {})


@pytest.mark.parametrize(
    ("value", "sent"), [("token-of-mine", "Bearer token-of-mine"), ("Digest a=b", "Digest a=b"), (SECRET, BASIC)]
)
def test_a_credential_has_three_forms(value: str, sent: str) -> None:
    """A token, a whole header, and a name with its password."""
    profile = Profile("x", target=TARGET, target_connection=Connection(credentials=Credentials(env="SHOP")))
    access.granted(profile, Path(), {"SHOP": value})
    assert sent_to(TARGET) == sent


@pytest.mark.parametrize(
    "source",
    [
        Credentials(env="SHOP"),
        Credentials(env="NONE"),
        Credentials(file="none"),
        Credentials(file="."),
        Credentials(command=("no-such-program",)),
        Credentials(command=(sys.executable, "-c", "raise SystemExit('s3cret-word')")),
    ],
)
def test_a_credential_that_cannot_be_had_is_an_error_without_it(tmp_path: Path, source: Credentials) -> None:
    """The key is named, never the value."""
    profile = Profile("x", target=TARGET, target_connection=Connection(credentials=source))
    with pytest.raises(UsageError, match=r"^target\.credentials: ") as caught:
        access.granted(profile, tmp_path, {"SHOP": "s3cret\u2028word"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("written", ['"s3cret"', "{}", '{ env = "s3 cret" }', '{ env = "A", file = "b" }', "{ x = 1 }"])
def test_a_key_that_names_no_place_is_refused_without_its_value(written: str) -> None:
    """It may be the secret itself, by mistake."""
    with pytest.raises(UsageError, match=r"target(\.|_)credentials") as caught:
        toml_file.parse(f"[profiles.x]\ntarget_credentials = {written}\n", "harness.toml")
    assert "s3" not in str(caught.value)
