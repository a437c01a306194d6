"""Did the warm-up get anything answered? If not, the measured load would not either."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harness.core import secret
from harness.core.errors import LoadError
from harness.core.run import Shard
from harness.core.text import shorten
from harness.runs.preflight import asking
from harness.runtime.load import shards

LEFT_OUT = frozenset({401, 403, 407})
"""Statuses of who is not let in."""
NOT_THERE = frozenset({502, 503, 504})
"""Statuses that a proxy gives when there is nothing behind it."""
LONGEST_ERROR = 300


def check(directory: Path, warm: Sequence[Shard], target: str, *, running: bool) -> None:
    """Read the samples of the warm-up; with `running` also for answers that are all those of a closed door.

    Raises LoadError when requests were sent and none was answered, with the client's own error.
    """
    statuses: Counter[int] = Counter()
    errors: Counter[str] = Counter()
    for table in shards.tables(directory, warm, ("status", "error")):
        statuses.update(table.column("status").to_pylist())
        errors.update(error for error in table.column("error").to_pylist() if error)
    sent = statuses.total()
    if sent and statuses[0] == sent:
        error, count = errors.most_common(1)[0] if errors else ("no reason given", sent)
        reached = asking.reach(target, "")
        remedy = (reached and reached.problem) or "is it up, and is --target right?"
        raise LoadError(
            f"none of the {sent} requests of the warm-up to {target} was answered; the client's error, {count} times: "
            f"{shorten(secret.redact(error), LONGEST_ERROR)}; {remedy}"
        )
    if running and sent and statuses.keys() <= LEFT_OUT | NOT_THERE:
        status, count = statuses.most_common(1)[0]
        raise LoadError(
            f"{count} of {sent} requests of the warm-up to {target} were answered {status}; {_door(status)}"
        )


def _door(status: int) -> str:
    if status in LEFT_OUT:
        return (
            "none got in: give --target-token-env VARIABLE, or --target-username NAME and --target-password-env "
            "VARIABLE, or log in in the locustfile's on_start"
        )
    return "what stands before the app runs and the app does not: start it, or wait until it is ready"
