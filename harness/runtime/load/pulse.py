"""The sign of life that the recorder writes once a second in each Locust process, and that the harness reads meanwhile.

One JSON object a line in `logs/pulse-<n>.jsonl`; recorder and reader share this type, and nothing else.
"""

import msgspec

PULSE_S = 1.0
"""Seconds from one pulse to the next, which the first one covers too."""
UNWRITTEN = 74
"""Locust's exit code when the samples cannot be written: EX_IOERR of sysexits.h."""


class Pulse(msgspec.Struct, frozen=True):
    """One Locust process: since its previous pulse, where not said otherwise."""

    time_s: float
    """The process's clock, Unix seconds."""
    users: int
    """Running now."""
    requests: int
    requests_per_s: float
    errors: int
    """Since the start."""
    user_errors: int
    """Tasks that raised, since the start."""
    first_user_error: str
    """What the first of them raised; empty for none."""
    elsewhere: int
    """Requests to other hosts than the target, which are not recorded; since the start."""
    answered: int
    """Responses that the HTTP clients had, redirects included, since the start."""
    unanswered: int
    """Requests whose end the process did not see, since the start: the target may be busy with them still."""
    recorded: int
    """Of those that were answered, those that Locust's `request` event reported, since the start."""
    begun: int
    """Arrivals of an open model that found a user, since the start."""
    p95_s: float | None
    """None without a request."""
    loop_lags_s: tuple[float, ...]
    """By how much the event loop was late, tick by tick."""
    cpu_ratio: float
    """Share of one core that the process used."""
    last_response_s: float
    """The process's clock at its last response; 0 before the first."""
    closing: bool
    """The last pulse, as the process ends."""
    loaded_s: float
    """From the start of the users until they were asked to stop, or until now."""
    shaped: bool
    """The locustfile decides on the number of users over time, with a LoadTestShape."""
    client: str = ""
    """As Locust's master knows the process; empty where there is none."""


def encode(pulse: Pulse) -> bytes:
    """A whole line."""
    return msgspec.json.encode(pulse) + b"\n"


def decode(line: str) -> Pulse:
    """What a line says. Raises msgspec.DecodeError for any other line."""
    return msgspec.json.decode(line, type=Pulse)
