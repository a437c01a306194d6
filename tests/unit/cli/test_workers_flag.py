"""Who loads: processes of this machine, or workers elsewhere that a profile or a flag expects."""

from pathlib import Path

import pytest

from harness.cli import options, profiles
from harness.cli.commands import gate
from harness.config.profile import Profile
from harness.core.errors import UsageError

CONFIG = """
[profiles.far]
target = "http://127.0.0.1:9"
prometheus = "http://127.0.0.1:9"
expect_workers = 3
bind = "10.0.0.5"
"""


def chosen(tmp_path: Path, *flags: str) -> Profile:
    """The profile `far` with flags."""
    file = tmp_path / "harness.toml"
    file.write_text(CONFIG)
    return profiles.chosen(options.parser().parse_args(["run", "far", "--config", str(file), *flags]))[0]


@pytest.mark.parametrize(
    ("flags", "workers", "expected", "bind"),
    [
        ((), 1, 3, "10.0.0.5"),
        (("--expect-workers", "2"), 1, 2, "10.0.0.5"),
        (("--workers", "4"), 4, 0, ""),
        (("--expect-workers", "0"), 1, 0, ""),
        (("--set", "expect_workers=5"), 1, 5, "10.0.0.5"),
        (("--set", "expect_workers=0", "--set", "bind="), 1, 0, ""),
    ],
    ids=["the profile", "fewer", "here instead", "none", "set", "set to none"],
)
def test_a_flag_goes_before_the_profile(
    tmp_path: Path, flags: tuple[str, ...], workers: int, expected: int, bind: str
) -> None:
    """Processes of this machine load instead of workers elsewhere, where they are asked for."""
    profile = chosen(tmp_path, *flags)
    assert (profile.workers, profile.expect_workers, profile.bind) == (workers, expected, bind)


def test_a_profile_that_says_both_is_refused(tmp_path: Path) -> None:
    """Neither is left out without a word."""
    with pytest.raises(
        UsageError, match=r"has both workers, .* leave one out, or set workers to 1 or expect_workers to 0"
    ):
        chosen(tmp_path, "--set", "workers=2")
    assert chosen(tmp_path, "--set", "workers=2", "--set", "expect_workers=0", "--set", "bind=").workers == 2


@pytest.mark.parametrize(
    ("flags", "expected", "bind"),
    [((), 3, "10.0.0.5"), (("--expect-workers", "0"), 0, ""), (("--bind", "10.0.0.6"), 3, "10.0.0.6")],
)
def test_a_gate_loads_as_its_profile_says(tmp_path: Path, flags: tuple[str, ...], expected: int, bind: str) -> None:
    """And as its flags say instead."""
    file = tmp_path / "harness.toml"
    file.write_text(CONFIG)
    given = ["gate", "--base", "HEAD", "--candidate", "HEAD", "--profile", "far", "--config", str(file), *flags]
    profile, _ = gate.gate_profile(options.parser().parse_args(given))
    assert (profile.expect_workers, profile.bind) == (expected, bind)


def test_both_flags_are_one_too_many(tmp_path: Path) -> None:
    """It is not guessed which of them is meant."""
    with pytest.raises(UsageError, match="--workers: processes of this machine"):
        chosen(tmp_path, "--workers", "2", "--expect-workers", "2")
