"""Which load generator a profile wants."""

from harness.config.profile import Profile
from harness.runtime.load import locust_generator
from harness.runtime.load.command_generator import COMMAND
from harness.runtime.load.distributed.crew import Crew
from harness.runtime.load.generator import LoadGenerator


def of(profile: Profile, crew: Crew | None = None) -> LoadGenerator:
    """The command that the profile names, or else Locust, here or with a crew of workers on other hosts."""
    if profile.load is not None:
        return COMMAND
    return locust_generator.LOCUST if crew is None else locust_generator.of_workers(crew)
