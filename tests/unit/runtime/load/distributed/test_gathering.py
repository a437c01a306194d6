"""What a run for workers is made of, and which are refused before anybody is waited for."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config.profile import Connection, LoadCommand, Profile, TargetStart
from harness.core.errors import UsageError
from harness.runtime.load.distributed import gathering

STARTED = Profile("p", expect_workers=3, bind="10.0.0.5:7000", start=TargetStart(("serve", "--bind", "{host}:{port}")))
RUNNING = Profile("p", expect_workers=3, bind="10.0.0.5", target="http://shop:8000", prometheus="http://p:9090")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.5", "10.0.0.5", 5557),
        ("10.0.0.5:7000", "10.0.0.5", 7000),
        ("run.example.org", "run.example.org", 5557),
        ("[fd00::5]", "fd00::5", 5557),
        ("[fd00::5]:7000", "fd00::5", 7000),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    """Its port is Locust's own where none is named."""
    assert gathering.address_of(text, "--bind") == (host, port)


@pytest.mark.parametrize("text", ["", ":5557", "host:", "host:0", "host:65535", "host:x", "fd00::5", "host:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """By the flag's name, with an example."""
    with pytest.raises(UsageError, match=r"--bind: .* must be HOST or HOST:PORT, .* e\.g\. 10\.0\.0\.5:5557"):
        gathering.address_of(text, "--bind")


def test_a_target_that_is_started_listens_where_the_workers_find_it() -> None:
    """And each worker is one process of the load."""
    made = gathering.for_workers(STARTED)
    assert made.start is not None
    assert (made.workers, made.start.host) == (3, "10.0.0.5")


def test_nothing_listens_beyond_loopback_unless_it_is_named() -> None:
    """Without `--bind`, workers are on this machine."""
    made = gathering.for_workers(replace(STARTED, bind=""))
    assert made.start is not None
    assert made.start.host == "127.0.0.1"
    assert gathering.for_workers(replace(STARTED, bind="", expect_workers=0)).start == STARTED.start


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (
            replace(STARTED, expect_workers=0),
            "bind (--bind): has no effect without workers on other hosts; add expect",
        ),
        (replace(STARTED, bind="0.0.0.0"), "name one of this machine's own"),
        (replace(STARTED, start=TargetStart(("serve", "127.0.0.1:{port}"))), "start.command: has no {host}"),
        (replace(RUNNING, target_connection=Connection(proxy="http://p:1")), "are not sent to workers"),
        (replace(RUNNING, target="http://user:pass@shop:8000"), "are not sent to workers"),
        (replace(RUNNING, load=LoadCommand(("k6", "run", "x.js"), "k6-csv")), "runs on this machine alone"),
    ],
)
def test_what_workers_cannot_load_is_refused(profile: Profile, why: str) -> None:
    """Before anybody is waited for."""
    with pytest.raises(UsageError) as refused:
        gathering.for_workers(profile)
    assert why in str(refused.value)


def test_an_address_that_is_not_of_this_machine_is_refused(tmp_path: Path) -> None:
    """By name, before a worker is waited for. The address is one for documentation (RFC 5737)."""
    (tmp_path / "locustfile.py").write_text("")
    profile = replace(RUNNING, bind="192.0.2.7")
    with (
        pytest.raises(UsageError, match=r"bind \(--bind\): 192\.0\.2\.7:5557 cannot be listened on: "),
        gathering.gathered(profile, tmp_path, "a-run", print),
    ):
        pass


def test_a_command_that_shows_no_line_expects_no_workers() -> None:
    """It would wait ten minutes for them, without a word."""
    with pytest.raises(UsageError, match=r"profile .p.: expect_workers .* harness faults loads from this machine"):
        gathering.check_alone(STARTED, "harness faults")
    gathering.check_alone(replace(STARTED, expect_workers=0), "harness faults")


@pytest.mark.parametrize("text", ["a b", "a\nb", "a..b", "x" * 300, "127.1", "me@host"])
def test_a_host_that_can_be_none_is_refused(text: str) -> None:
    """By the one parser of URLs, before anything is asked."""
    with pytest.raises(UsageError, match="--master: ") as caught:
        gathering.address_of(text, "--master")
    assert "\n" not in str(caught.value)
