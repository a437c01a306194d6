"""A pulse is read as it was written."""

import msgspec
import pytest

from harness.runtime.load.pulse import Pulse, decode, encode

PULSE = Pulse(
    time_s=1.7e9,
    users=10,
    requests=120,
    requests_per_s=118.5,
    errors=1,
    user_errors=0,
    first_user_error="",
    elsewhere=2,
    answered=125,
    unanswered=0,
    recorded=122,
    begun=0,
    p95_s=None,
    loop_lags_s=(0.0, 0.001),
    cpu_ratio=0.25,
    last_response_s=1.7e9,
    closing=False,
    loaded_s=5.0,
    shaped=False,
)


def test_a_pulse_is_one_line() -> None:
    """And the same when it is read."""
    line = encode(PULSE)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line.decode()) == PULSE


@pytest.mark.parametrize("line", ["", "{", "{}", '{"time_s": 1.0}'])
def test_half_a_pulse_is_none(line: str) -> None:
    """It is not taken for zeros."""
    with pytest.raises(msgspec.DecodeError):
        decode(line)
