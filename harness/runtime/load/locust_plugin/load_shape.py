"""A locustfile's own LoadTestShape, which decides the number of users over time; Locust has no time limit beside it."""

from typing import Any


def end_after(shape: Any, duration_s: float) -> None:
    """Let the shape end after `duration_s`, unless it ends before: the warm-up runs its first seconds only."""
    tick = shape.tick

    def tick_until_then() -> Any:
        return None if shape.get_run_time() >= duration_s else tick()

    shape.tick = tick_until_then
