"""Whether the numbers of a stored arm can be those of a run: its file may have been changed."""

from collections.abc import Iterator

from harness.gate.decision.endpoint import QUANTILES
from harness.gate.decision.measurement import Measurement, ViewSample

MOST = 2**53
"""Above it a float tells no count from the next one."""
LONGEST_S = 1e9


def contradiction(arm: Measurement) -> str:
    """The first number that no run can have, by its key; empty when there is none."""
    return next(_contradictions(arm), "")


def _contradictions(arm: Measurement) -> Iterator[str]:
    if not 0 <= arm.requests <= MOST:
        yield f"requests is {_told(arm.requests)}"
    if not 0 <= arm.errors <= arm.requests:
        yield f"errors is {_told(arm.errors)}, of {_told(arm.requests)} requests"
    for view, sample in arm.views.items():
        if not 0 <= sample.n <= arm.requests - arm.errors:
            yield f"views.{view}.n is {_told(sample.n)}, of {_told(arm.requests - arm.errors)} successful requests"
        yield from (f"views.{view}.quantiles_s.{wrong}" for wrong in _wrong_quantiles(sample))
    if arm.throughput is not None and not 0 <= arm.throughput <= MOST:
        yield f"throughput is {arm.throughput:g}"
    for model, rows in arm.rows.items():
        if not 0 <= rows <= MOST:
            yield f"rows.{model} is {_told(rows)}"


def _wrong_quantiles(sample: ViewSample) -> Iterator[str]:
    last_s = 0.0
    for name in map(str, QUANTILES):
        value_s = sample.quantiles_s.get(name)
        if value_s is None:
            continue
        if not 0 < value_s < LONGEST_S:
            yield f"{name} is {value_s:g} s, which no request takes"
        elif value_s < last_s:
            yield f"{name} is less than a lower quantile"
        last_s = value_s


def _told(number: int) -> str:
    return f"{number:,}" if abs(number) <= MOST else "beyond all counting"
