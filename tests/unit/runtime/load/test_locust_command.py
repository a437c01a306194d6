"""What the profile decides of Locust's command line, and what is passed on to the locustfile."""

from pathlib import Path

import pytest

from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.runtime.load import locust_command

FILE = Path("mine.py")


def command(profile: Profile, duration_s: float = 4.0) -> list[str]:
    return list(locust_command.command(profile, FILE, "http://127.0.0.1:9", duration_s, None))


def test_the_locustfiles_own_arguments_come_before_those_of_the_profile() -> None:
    """Of an option that is given twice, Locust takes the last."""
    made = command(Profile("mine", locust_arguments=("--tenant", "t1"), tags=("read", "slow"), exclude_tags=("old",)))
    assert made[made.index("--tenant") + 1] == "t1"
    assert made.index("--tenant") < made.index("--headless")
    assert made[made.index("--tags") : made.index("--exclude-tags")] == ["--tags", "read", "slow"]
    assert made[made.index("--exclude-tags") + 1] == "old"


def test_without_tags_no_task_is_left_out() -> None:
    """Locust takes an empty list of tags for none that matches."""
    assert not {"--tags", "--exclude-tags"} & set(command(Profile("mine")))


@pytest.mark.parametrize("argument", ["--users", "--run-time=3s", "-u", "--master"])
def test_what_the_profile_decides_is_refused(argument: str) -> None:
    """With its name, and where to say it instead."""
    name = argument.partition("=")[0]
    with pytest.raises(UsageError, match=rf"locust_arguments: {name} is decided by the profile; use its own key"):
        locust_command.check_arguments(Profile("mine", locust_arguments=("--tenant", "t1", argument)))


def test_every_option_that_the_harness_sets_is_refused_from_others() -> None:
    """Also those that only several processes have."""
    given = {each for each in command(Profile("mine", workers=2, tags=("a",))) if each.startswith("--")}
    assert given <= locust_command.DECIDED
