"""Whether the planned load was made, and whether the load generator's own latencies may be trusted."""

from dataclasses import dataclass

from harness.core.codes import Code
from harness.core.run import GeneratorHealth, Run, signal_name, signal_of

MOST_MISSING = 0.1
"""Share of a planned duration by which a load may be shorter: users are asked to stop by a timer, which may be early by
the time that the start of the load takes. Of the shortest load, a second, that is a tenth of one."""
LAST_START_S = 1.0
"""By how much the users of one of several processes may start after those of the first, for which the timer is set."""
MOST_STALLED, LEAST_STALL_S = 0.05, 1.0
"""A generator that stands still adds up to that time to each request that is in flight, so where it does for more than
a twentieth of the load, the 95th percentile may be of these alone. A busy machine delays any process now and then, so a
second is always allowed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a run says of its load generator, against what was planned. Each reason is empty where all is well."""

    run: Run

    @property
    def saturated(self) -> str:
        """Why the generator's own latencies are not to be trusted."""
        health, budget = self.run.generator, self.run.budget
        if self._stood_still:
            return self._stood_still
        if health.cpu_ratio is None or health.loop_lag_s is None:
            return f"the CPU and the lag of {health.tool} are not known"
        if health.cpu_ratio > budget.max_generator_cpu_ratio:
            who, what = ("", "its CPU") if health.is_command else ("a ", "a core")
            who += f"{health.tool}{'' if health.is_command else ' process'}"
            return f"{who} used {health.cpu_ratio:.0%} of {what} (limit {budget.max_generator_cpu_ratio:.0%})"
        if health.loop_lag_s > budget.max_loop_lag_s:
            who = f"a process beside {health.tool}" if health.is_command else f"{health.tool}'s event loop"
            return f"{who} lagged by {health.loop_lag_s * 1000:.0f} ms (limit {budget.max_loop_lag_s * 1000:.0f} ms)"
        return ""

    @property
    def _stood_still(self) -> str:
        """For how long the generator did, where that is too long; no one second of its CPU or lag would show it."""
        health = self.run.generator
        limit_s = max(LEAST_STALL_S, MOST_STALLED * health.planned_duration_s)
        if health.stalled_s is None or health.stalled_s <= limit_s:
            return ""
        return f"{health.tool} stood still for {health.stalled_s:.1f} s (limit {limit_s:.1f} s)"

    @property
    def saturated_code(self) -> Code:
        """Of a verdict that `saturated` leaves open."""
        return Code.GENERATOR_STALLED if self._stood_still else Code.SATURATED

    @property
    def cut(self) -> str:
        """Why the load ended before its plan did; empty also in a run that does not know.

        What was planned was then not measured, whoever is to blame. In a closed model the plan is a duration; in an
        open one its arrivals, of which the last may come long before the end.
        """
        health = self.run.generator
        if health.loaded_s is None:
            return ""
        after = f"after {health.loaded_s:.1f} s of {health.planned_duration_s:g} s"
        if killed_by := signal_of(health.exit_code):
            why = f"{health.tool} was killed by {signal_name(killed_by)} {after}"
            return f"{why}, by the system for want of memory" if health.oom_kills else why
        if self.run.arrival_rate is not None and not self.never_begun:
            return ""
        if health.stopped_by:
            return f"{health.tool} was stopped by {signal_name(health.stopped_by)} {after}"
        slack_s = MOST_MISSING * health.planned_duration_s + (LAST_START_S if self._is_dispatched else 0)
        if health.loaded_s < health.planned_duration_s - slack_s:
            failed = health.exit_code not in health.accepted_exits
            who = f"{health.tool} ended with exit code {health.exit_code}" if failed else "the load ended"
            return f"{who} {after}"
        return ""

    @property
    def cut_code(self) -> Code:
        """Of a verdict that `cut` leaves open."""
        health = self.run.generator
        failed = signal_of(health.exit_code) or health.exit_code not in health.accepted_exits
        return Code.GENERATOR_CRASHED if failed else Code.LOAD_CUT

    @property
    def _is_dispatched(self) -> bool:
        """Locust's master let other processes load."""
        return self.run.generator.processes > 1 or any(shard.worker for shard in self.run.shards)

    @property
    def never_begun(self) -> int:
        """Planned arrivals of an open model that were dropped because all users were busy."""
        health = self.run.generator
        return max((health.planned_arrivals or 0) - (health.begun_arrivals or 0), 0)


def no_request_recorded(health: GeneratorHealth) -> str:
    """Why a load that was not cut left no sample, as far as Locust knows."""
    first = f", first {health.first_user_error}" if health.first_user_error else ""
    if health.unrecorded and not health.is_command:
        why = "the tasks raised before Locust recorded an end" if health.user_errors else "Locust recorded no end"
        return f"{health.unrecorded} requests were answered and none was recorded: {why}{first}"
    if health.user_errors:
        return f"no request was recorded: {health.user_errors} tasks of the scenario raised{first}"
    return "no request was recorded"
