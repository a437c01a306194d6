"""What the pulses of a phase say of the load generator."""

import io
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from harness.core.arrivals import Arrivals
from harness.runtime.load.health import health
from harness.runtime.load.pulse import PULSE_S, Pulse
from harness.runtime.load.pulse_reader import Pulses

PULSE = Pulse(
    time_s=0.0,
    users=5,
    requests=0,
    requests_per_s=0.0,
    errors=0,
    user_errors=0,
    first_user_error="",
    elsewhere=0,
    answered=0,
    unanswered=0,
    recorded=0,
    begun=0,
    p95_s=None,
    loop_lags_s=(0.001,),
    cpu_ratio=0.2,
    last_response_s=0.0,
    closing=False,
    loaded_s=5.0,
    shaped=False,
)


def pulses(*processes: list[dict[str, Any]]) -> Pulses:
    """Those of one or several Locust processes, each pulse given by what differs."""
    made = Pulses(Path(), frozenset())
    now_s = time.time()
    for number, lines in enumerate(processes):
        made.lines[f"pulse-{number}.jsonl"] = [
            structs.replace(PULSE, time_s=now_s + second, **line) for second, line in enumerate(lines)
        ]
    return made


def test_users_are_added_over_processes_at_their_peak() -> None:
    """By the second; two processes that peak at other times do not add up."""
    found = health(pulses([{"users": 5}, {"users": 3}], [{"users": 1}, {"users": 4}]), 8, 2.0, 0, None)
    assert (found.peak_users, found.planned_users) == (7, 8)


def test_time_is_from_the_first_pulses_beginning_to_the_last() -> None:
    """The closing pulse is no time of load."""
    found = health(pulses([{}, {}, {}, {"closing": True}]), 5, 3.0, 0, None)
    assert found.duration_s == pytest.approx(2 + PULSE_S)
    assert found.planned_duration_s == 3.0


def test_a_load_shape_plans_what_it_did() -> None:
    """The profile's users and duration mean nothing beside it."""
    found = health(pulses([{"shaped": True, "users": 2}, {"shaped": True, "users": 9}]), 5, 60.0, 0, None)
    assert (found.planned_users, found.planned_duration_s) == (9, found.duration_s)


def test_the_busiest_process_counts_without_its_last_pulse() -> None:
    """The last one covers its end; a process with only one has no other."""
    busy = [{"cpu_ratio": 0.5}, {"cpu_ratio": 0.7}, {"cpu_ratio": 0.6}, {"cpu_ratio": 9.0}]
    assert health(pulses([{"cpu_ratio": 0.1}], busy), 5, 3.0, 0, None).cpu_ratio == 0.6


def test_the_lag_is_the_95th_percentile_over_all_processes() -> None:
    """Of twenty, the nineteenth."""
    lags = [{"loop_lags_s": [number / 1000 for number in range(1, 11)]}]
    more = [{"loop_lags_s": [number / 1000 for number in range(11, 21)]}]
    assert health(pulses(lags, more), 5, 1.0, 0, None).loop_lag_s == 0.019


def test_totals_are_those_of_the_last_pulses() -> None:
    """Requests answered and never told of are missing; more told than answered are none."""
    last = {"user_errors": 2, "elsewhere": 1, "begun": 40, "answered": 10, "recorded": 6}
    other = {"user_errors": 1, "begun": 2, "answered": 3, "recorded": 4}
    found = health(pulses([{}, last], [other]), 5, 2.0, 1, Arrivals(10.0, 5.0, 1))
    assert (found.user_errors, found.elsewhere, found.unrecorded, found.exit_code) == (3, 1, 3, 1)
    assert found.begun_arrivals == 42
    assert health(pulses([last]), 5, 2.0, 0, None).begun_arrivals is None


def test_a_generator_that_gave_no_pulse_is_known_by_nothing() -> None:
    """No share of a core, no lag, no time: the check of its health says so."""
    found = health(pulses(), 5, 2.0, -9, None)
    assert (found.peak_users, found.duration_s, found.cpu_ratio, found.loop_lag_s) == (0, 0.0, None, None)


def test_the_load_ended_with_its_last_answer_unless_one_is_missing() -> None:
    """A process that did not close may have had later ones; what nobody waits for may end at any time."""
    before_s = time.time()
    ended = {"closing": True, "last_response_s": before_s - 5.0}
    assert pulses([ended], [ended | {"last_response_s": before_s - 4.0}]).ended_s == pytest.approx(before_s - 4.0)
    assert not pulses([ended]).abandoned
    assert pulses([ended], [ended | {"unanswered": 1}]).abandoned
    cut = pulses([ended])
    cut.files = {"pulse-0.jsonl": io.StringIO(), "pulse-1.jsonl": io.StringIO()}
    assert cut.abandoned
    assert cut.ended_s >= before_s


def test_processes_are_counted() -> None:
    """Of several, the users of one may start later."""
    assert health(pulses([{}], [{}]), 5, 3.0, 0, None).processes == 2
    assert health(pulses(), 5, 3.0, 0, None).processes == 1
