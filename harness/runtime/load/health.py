"""How the load generator itself performed, by its pulses."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from harness.core.arrivals import Arrivals
from harness.core.run import GeneratorHealth
from harness.runtime.load.pulse import PULSE_S, Pulse
from harness.runtime.load.pulse_reader import Pulses

LAG_QUANTILE = 0.95
"""The quantile of the event loop's lags that is kept."""

Lines = Sequence[Pulse]
"""The pulses of one process, in order."""


def health(
    pulses: Pulses,
    planned_users: int,
    duration_s: float,
    code: int,
    plan: Arrivals | None,
    *,
    stopped_by: int = 0,
    oom_kills: int = 0,
    clock_error_s: float = 0.0,
) -> GeneratorHealth:
    """What the pulses of one phase say of Locust, which ended with `code`, perhaps at the signal `stopped_by`.

    `planned_users` and `duration_s` are the profile's; where a load shape decides them, they are as they were.
    """
    every = [lines for lines in pulses.lines.values() if lines]
    flat = [line for lines in every for line in lines if not line.closing]
    peak_users, lasted_s = _peak_users(every), _lasted_s(flat)
    shaped = any(line.shaped for line in flat)
    return GeneratorHealth(
        planned_users=peak_users if shaped else planned_users,
        peak_users=peak_users,
        planned_duration_s=lasted_s if shaped else duration_s,
        duration_s=lasted_s,
        cpu_ratio=_busiest(every),
        loop_lag_s=_loop_lag_s(flat),
        exit_code=code,
        clock_skew_s=pulses.skew_s,
        user_errors=sum(lines[-1].user_errors for lines in every),
        first_user_error=next((lines[-1].first_user_error for lines in every if lines[-1].first_user_error), ""),
        shaped=shaped,
        elsewhere=sum(lines[-1].elsewhere for lines in every),
        planned_arrivals=plan.planned if plan else None,
        begun_arrivals=sum(lines[-1].begun for lines in every) if plan else None,
        unrecorded=sum(map(_unrecorded, every)),
        loaded_s=lasted_s if shaped else min((lines[-1].loaded_s for lines in every), default=0.0),
        stalled_s=max((lag_s for line in flat for lag_s in line.loop_lags_s), default=None),
        stopped_by=stopped_by,
        oom_kills=oom_kills,
        processes=max(len(every), 1),
        clock_error_s=clock_error_s,
    )


def _unrecorded(lines: Lines) -> int:
    """Requests of one process that were answered but whose end Locust never reported."""
    last = lines[-1]
    return max(last.answered - last.recorded - last.elsewhere, 0)


def _lasted_s(flat: Lines) -> float:
    """From the first pulse's beginning to the last pulse."""
    times = [line.time_s for line in flat]
    return max(times) - min(times) + PULSE_S if times else 0.0


def _busiest(every: Sequence[Lines]) -> float | None:
    """The share of a core that the busiest process used, by its median; the last pulse covers its end."""
    return max((statistics.median(line.cpu_ratio for line in lines[:-1] or lines) for lines in every), default=None)


def _loop_lag_s(flat: Lines) -> float | None:
    lags = sorted(lag_s for line in flat for lag_s in line.loop_lags_s)
    return lags[math.ceil(LAG_QUANTILE * len(lags)) - 1] if lags else None


def _peak_users(every: Sequence[Lines]) -> int:
    """The most users at once over all processes, each counted by its pulses; those of one second are of one moment."""
    seconds: Counter[int] = Counter()
    for lines in every:
        own: dict[int, int] = {}
        for line in lines:
            second = round(line.time_s)
            own[second] = max(own.get(second, 0), line.users)
        seconds.update(own)
    return max(seconds.values(), default=0)
