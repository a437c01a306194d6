"""The address of the live page, as it is given."""

import argparse

import pytest

from harness.cli import flags, options, values


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8089", ("127.0.0.1", 8089)),
        ("8089", ("127.0.0.1", 8089)),
        (":8089", ("127.0.0.1", 8089)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:8089", ("::1", 8089)),
        ("build-7", ("build-7", 0)),
    ],
)
def test_an_address(text: str, address: tuple[str, int]) -> None:
    """Either part may be missing."""
    assert values.address(text) == address


@pytest.mark.parametrize("text", ["127.0.0.1:http", "127.0.0.1:70000", "a b:1", "http://127.0.0.1:1", "x:-1"])
def test_what_is_no_address(text: str) -> None:
    """The message shows how one is written."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"--live=127\.0\.0\.1:8089"):
        values.address(text)


def test_a_profile_may_follow_a_bare_flag() -> None:
    """Only `=` gives it a value."""
    for given in (["run", "--live", "ci"], ["run", "ci", "--live"]):
        parsed = options.parser().parse_args(flags.with_values(given))
        assert (parsed.profile, parsed.live) == ("ci", ("127.0.0.1", 0))
    parsed = options.parser().parse_args(flags.with_values(["run", "--live=8089", "ci"]))
    assert (parsed.profile, parsed.live) == ("ci", ("127.0.0.1", 8089))
    assert options.parser().parse_args(["run"]).live is None
