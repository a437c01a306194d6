"""Runs the tasks of any locustfile when they are due, not when the last answer has come.

A user takes the next arrival of the plan, waits until it is due, and runs one task. When all users are busy, arrivals
wait for one and are late; the time that they waited is part of their latency from the intended start.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event
from gevent.local import local
from locust import TaskSet
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import LocalRunner
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING, DefaultTaskSet

from harness.core import arrivals

LEAD_S = 1.0
"""The plan begins when all users are ready, and no later than so long after the start of the load: users start, and log
in where the locustfile says so."""
IDLE_S = 3600.0

_Task = Callable[..., Any]


@dataclass(slots=True)
class _Arrival:
    """What the task that a user is running came from."""

    due_s: float
    late_s: float
    asked: bool = False
    """It has made a request."""


class Schedule:
    """The arrivals of one Locust process."""

    def __init__(self, plan: arrivals.Arrivals, parts: int, environment: Environment, part: int | None = None) -> None:
        """`parts` is the number of processes that share the plan, of which this one is `part`, or as Locust says.

        Nothing is due before Locust's test has started.
        """
        self._part = part
        self._taken_up = False
        self._plan, self._parts, self._environment = plan, parts, environment
        self._times_s: Iterator[float] = iter(())
        self._zero_s = 0.0
        self._zero_set = Event()
        self._here = local()
        self._ready = 0
        """Users that wait for their first arrival, or have had it."""
        self._taken = 0
        """Arrivals that users have taken from the plan and not served: not due yet, or their tasks run."""
        self._exhausted = False
        self.begun = 0
        """Arrivals whose task was begun."""

    @property
    def over(self) -> bool:
        """Every arrival of the plan was served."""
        return self._exhausted and not self._taken

    def start(self, **_: Any) -> None:
        """Take this process's part of the plan, once: a worker that comes back to Locust's master is started again."""
        if self._taken_up:
            return
        self._taken_up = True
        part = max(getattr(self._environment.runner, "worker_index", 0), 0) if self._part is None else self._part
        self._times_s = self._plan.share_s(part % self._parts, self._parts)
        gevent.spawn_later(LEAD_S, self._begin)

    def _begin(self) -> None:
        """Let the plan begin now, unless it has."""
        if not self._zero_set.is_set():
            self._zero_s = time.time()
            self._zero_set.set()

    def install(self) -> None:
        """Let every task wait for its arrival, and for nothing else."""
        for kind in (TaskSet, DefaultTaskSet):
            kind.execute_task = self._timed(kind.execute_task)  # type: ignore[method-assign]
        TaskSet.wait = _go_on  # type: ignore[method-assign]
        self._environment.events.test_start.add_listener(self.start)

    def intended_s(self, started_s: float) -> float | None:
        """When a request that was started now by the current task should have been; None outside of any task.

        The first request of a task should have started when its arrival was due, later ones as much earlier as the task
        was late.
        """
        current: _Arrival | None = getattr(self._here, "arrival", None)
        if current is None:
            return None
        intended_s = started_s - current.late_s if current.asked else current.due_s
        current.asked = True
        return min(intended_s, started_s)

    def _timed(self, execute: _Task) -> _Task:
        def execute_task(task_set: TaskSet, task: Any) -> None:
            if hasattr(task, "tasks") and issubclass(task, TaskSet):  # its own tasks have arrivals, it has none
                execute(task_set, task)
                return
            self.run(task_set.user, lambda: execute(task_set, task))

        return execute_task

    def run(self, user: Any, task: Callable[[], Any]) -> None:
        """Let a user run a task when the next arrival is due; raises StopUser when it is stopped in the meantime."""
        self._here.arrival = self._await(user)
        try:
            task()
        finally:
            self._taken -= 1
            self._here.arrival = None

    def _await(self, user: Any) -> _Arrival:
        """Sleep until the next arrival is due; raises StopUser when Locust stops the user in the meantime."""
        _check_running(user)
        user._state = LOCUST_STATE_WAITING  # noqa: SLF001 - as `TaskSet.wait` does: who waits can be stopped at once
        self._await_zero()
        offset_s = next(self._times_s, None)
        while offset_s is None:
            self._exhausted = True
            gevent.sleep(IDLE_S)
        self._taken += 1
        due_s = self._zero_s + offset_s
        while (left_s := due_s - time.time()) > 0:  # the loop's clock is cached, so it may wake too soon
            gevent.sleep(left_s)
        _check_running(user)
        user._state = LOCUST_STATE_RUNNING  # noqa: SLF001 - as above
        self.begun += 1
        return _Arrival(due_s, max(time.time() - due_s, 0.0))

    def _await_zero(self) -> None:
        """Sleep until the plan begins; the last user to be ready begins it."""
        if self._zero_set.is_set():
            return
        self._ready += 1
        runner = self._environment.runner
        if isinstance(runner, LocalRunner) and self._ready >= runner.target_user_count:
            self._begin()
        self._zero_set.wait()


def _go_on(task_set: TaskSet) -> None:
    """In place of the wait between tasks."""
    _check_running(task_set.user)


def _check_running(user: Any) -> None:
    if user._state == LOCUST_STATE_STOPPING:  # noqa: SLF001 - as Locust's own loop does
        raise StopUser()
