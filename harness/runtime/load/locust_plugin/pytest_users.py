"""Users that Locust makes of test functions: they stop as others do, and take their turns from a plan of arrivals."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from locust.exception import StopUser
from locust.user import users
from locust.user.task import LOCUST_STATE_STOPPING

Turn = Callable[[Any, Callable[[], Any]], Any]
"""Runs a task of a user when it is its turn."""


@dataclass(frozen=True, slots=True)
class _Function:
    """In place of pytest's function: what `PytestUser.run` (locust/user/users.py) reads of it."""

    fixturedef: Any
    obj: Callable[[Any], Any]


def instrument(turn: Turn | None) -> None:
    """Let each user ask before each of its functions whether it is being stopped, and wait for its turn.

    Locust's own loop asks never: such users go on until they are killed at `--stop-timeout`, in the middle of requests
    that the target counts and nobody else. Older versions have no such users.
    """
    kind = getattr(users, "PytestUser", None)
    if kind is None:
        return
    run = kind.run

    def run_until_stopped(user: Any) -> None:
        user.functions = [_Function(each.fixturedef, _asking(user, each.obj, turn)) for each in user.functions]
        with suppress(StopUser):
            run(user)

    kind.run = run_until_stopped


def _asking(user: Any, function: Callable[[Any], Any], turn: Turn | None) -> Callable[[Any], Any]:
    def ask_and_run(fixture: Any) -> None:
        if user._state == LOCUST_STATE_STOPPING:  # noqa: SLF001 - as Locust's own loop for other users does
            raise StopUser()
        if turn is None:
            function(fixture)
        else:
            turn(user, lambda: function(fixture))

    return ask_and_run
