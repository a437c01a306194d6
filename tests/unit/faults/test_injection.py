"""A fault is put into the profile's start, load and scrapes, and its files lie where the target finds them."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config.profile import Profile, TargetStart
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.faults import Fault, Injection, Sidecar
from harness.faults.injection import SETTINGS, injected

START = TargetStart(("serve", "--port", "{port}"), env={"PYTHONPATH": "src"}, settings="shop.settings")
PROFILE = Profile("test", start=START)


def fault(injection: Injection, needs: tuple[str, ...] = ()) -> Fault:
    return Fault(1, "one", "", "", "", ("rate",), (), needs=needs, injection=injection)


def config(profile: Profile = PROFILE) -> Config:
    return Config("harness.toml", {profile.name: profile}, profile.name)


def test_settings_extend_those_that_the_start_names() -> None:
    """The target is started with the fault's module, which takes everything from its own first."""
    with injected(config(), PROFILE, fault(Injection(settings="DEBUG = True\n"))) as broken:
        assert broken.start is not None
        assert broken.start.env["DJANGO_SETTINGS_MODULE"] == SETTINGS
        file = Path(broken.start.placeholders["fault"]) / f"{SETTINGS}.py"
        assert file.read_text() == "from shop.settings import *\nDEBUG = True\n"
        assert broken.start.env["PYTHONPATH"] == "{fault}:src"
    assert not file.exists()


def test_settings_of_the_environment_come_first() -> None:
    """They are what the target takes."""
    start = replace(START, env={"DJANGO_SETTINGS_MODULE": "shop.testing"})
    profile = replace(PROFILE, start=start)
    with injected(config(profile), profile, fault(Injection(settings="DEBUG = True\n"))) as broken:
        assert broken.start is not None
        file = Path(broken.start.placeholders["fault"]) / f"{SETTINGS}.py"
        assert file.read_text().startswith("from shop.testing import *\n")


def test_settings_that_nobody_names_cannot_be_extended() -> None:
    """The key that is missing is named; a fault without settings does not need it."""
    profile = replace(PROFILE, start=replace(START, settings=""))
    with (
        pytest.raises(UsageError, match=r'one adds to the target\'s settings, .*start\.settings = "mysite\.settings"'),
        injected(config(profile), profile, fault(Injection(settings="DEBUG = True\n"))),
    ):
        pass
    with injected(config(profile), profile, fault(Injection(env={"A": "b"}))) as broken:
        assert broken.start is not None
        assert "DJANGO_SETTINGS_MODULE" not in broken.start.env


def test_what_it_does_not_change_stays() -> None:
    """Labels and paths of the start, and the load."""
    sidecar = Sidecar("proxy", ("serve",))
    injection = Injection(sidecars=(sidecar,), entry="proxy", command=("wrap", "{command}"), profile={"users": 3})
    profile = replace(PROFILE, start=replace(START, labels={"app": "shop"}))
    with injected(config(profile), profile, fault(injection)) as broken:
        assert broken.start is not None
        assert broken.start.command == ("wrap", *START.command)
        assert (broken.start.sidecars, broken.start.entry) == ((sidecar,), "proxy")
        assert broken.start.labels == {"app": "shop"}
        assert (broken.users, broken.fault, broken.scenario) == (3, "one", profile.scenario)


def test_a_program_that_is_missing_is_named() -> None:
    """With what installs it."""
    with (
        pytest.raises(UsageError, match=r"one needs no-such-program, which is not on PATH"),
        injected(config(), PROFILE, fault(Injection(env={"A": "b"}), needs=("no-such-program",))),
    ):
        pass


def test_a_profile_that_starts_nothing_cannot_be_broken() -> None:
    """There is nothing to inject into."""
    profile = replace(PROFILE, start=None)
    with pytest.raises(UsageError, match=r"starts nothing"), injected(config(), profile, fault(Injection())):
        pass
