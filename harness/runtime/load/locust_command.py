"""The command of Locust: what the profile decides, the locustfile, and what is passed on to it."""

import importlib.util
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.config.profile import Profile
from harness.core import distribution
from harness.core.arrivals import Arrivals
from harness.core.errors import UsageError
from harness.runtime import process
from harness.runtime.files import resolved
from harness.runtime.load import locust_plugin

RECORDER = Path(locust_plugin.__file__).with_name("recorder.py")
"""What Locust loads before the locustfile."""
CONNECT_S = 60
"""How long Locust's master waits for workers on other hosts."""
AROUND_PLAN_S = 2.0
"""An open model's load lasts at most so much longer than its plan: users start, and the last arrivals are late."""
AROUND_WORKERS_S = 4.0
"""The same where workers on other hosts begin when they hear of it."""
DECIDED = frozenset(
    {
        *("-f", "--locustfile", "-H", "--host", "-u", "--users", "-r", "--spawn-rate", "-t", "--run-time"),
        *("--headless", "--autostart", "--stop-timeout", "--exit-code-on-error", "--only-summary"),
        *("--tags", "--exclude-tags", "--processes", "--master", "--worker", "--expect-workers"),
        *("--master-bind-host", "--master-bind-port", "--master-host", "--master-port"),
    }
)
"""Options of Locust that the profile decides."""


def plan_of(profile: Profile, duration_s: float) -> Arrivals | None:
    """The arrivals of a phase; None in a closed model."""
    if profile.arrival_rate is None:
        return None
    return Arrivals(profile.arrival_rate, duration_s, profile.arrival_seed)


def check_installed() -> None:
    """See that Locust is there; it is looked for, not imported. Raises UsageError."""
    if importlib.util.find_spec("locust") is None:
        raise UsageError(
            f"Locust, which makes the load, is not installed beside the harness ({sys.executable}): "
            f"python -m pip install '{distribution.NAME}[run]'"
        )


def find_locustfile(profile: Profile, project: Path) -> Path:
    """The scenario's path, relative to the project; raises UsageError when there is no such file."""
    if "," in profile.scenario:
        raise UsageError(f"--locustfile: {profile.scenario!r} has a comma, at which Locust splits; rename it")
    try:
        locustfile = resolved(project / profile.scenario)
        if locustfile.is_file():
            return locustfile
    except (OSError, ValueError) as error:  # a name that no file can have
        raise UsageError(
            f"--locustfile: {profile.scenario!r}: {error}; name a locustfile, e.g. locustfile.py"
        ) from None
    what = "is not a file" if locustfile.exists() else "does not exist"
    raise UsageError(f"--locustfile: {locustfile} {what}; name a locustfile, e.g. locustfile.py")


def command(
    profile: Profile,
    locustfile: Path,
    target: str,
    duration_s: float,
    plan: Arrivals | None,
    master: tuple[str, int] | None = None,
) -> Iterator[str]:
    """The whole command of one phase; of the master of workers on other hosts with the address `master`."""
    yield from profile.load_prefix
    yield from (sys.executable, "-m", "locust", "-f", f"{RECORDER},{locustfile}")
    yield from of_scenario(profile, target)
    yield "--headless"
    number, spawn_rate = users(profile, plan)
    yield from ("--users", str(number), "--spawn-rate", f"{spawn_rate:g}")
    around_s = 0.0 if plan is None else AROUND_WORKERS_S if master else AROUND_PLAN_S
    yield from ("--run-time", f"{math.ceil(duration_s + around_s)}s")  # it takes whole seconds
    if master:
        yield from ("--master", "--master-bind-host", master[0], "--master-bind-port", str(master[1]))
        yield from ("--expect-workers", str(profile.workers), "--expect-workers-max-wait", str(CONNECT_S))
    elif profile.workers > 1:
        port = str(process.free_port())
        yield from ("--processes", str(profile.workers))
        yield from ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)


def of_scenario(profile: Profile, target: str) -> Iterator[str]:
    """What each process of Locust is given, wherever it runs."""
    yield from _chosen("--tags", profile.tags)
    yield from _chosen("--exclude-tags", profile.exclude_tags)
    yield from profile.locust_arguments  # before the harness's own, of which the last one counts
    yield from ("--only-summary", "--exit-code-on-error", "0", "--host", target)
    yield from ("--stop-timeout", f"{profile.stop_timeout_s:g}")


def check_arguments(profile: Profile) -> None:
    """See that arguments for the locustfile are none that the profile decides. Raises UsageError."""
    for argument in profile.locust_arguments:
        name = argument.partition("=")[0]
        if name in DECIDED:
            raise UsageError(
                f"locust_arguments: {name} is decided by the profile; use its own key or flag (`harness run --help`), "
                "and give only arguments that the locustfile adds"
            )


def _chosen(flag: str, tags: Sequence[str]) -> Sequence[str]:
    return (flag, *tags) if tags else ()


def users(profile: Profile, plan: Arrivals | None) -> tuple[int, float]:
    """How many users, and how many of them start per second; those of an open model start at once."""
    if plan is None:
        return profile.users, profile.spawn_rate
    number = plan.users(profile.workers)
    return number, float(number)
