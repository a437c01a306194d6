"""Whether the numbers of a stored measurement can be those of a run: its file may have been changed."""

from collections.abc import Iterator

from harness.gate.decision.endpoint import QUANTILES
from harness.gate.decision.measurement import Measurement, ViewSample

MOST = 2**53
"""Above it a float cannot distinguish a count from the next one."""
LONGEST_S = 1e9


def contradiction(stored: Measurement) -> str:
    """The first number that no run can have, by its key; empty when there is none."""
    return next(_contradictions(stored), "")


def _contradictions(stored: Measurement) -> Iterator[str]:
    if not 0 <= stored.requests <= MOST:
        yield f"requests is {_text_of(stored.requests)}"
    if not 0 <= stored.errors <= stored.requests:
        yield f"errors is {_text_of(stored.errors)}, of {_text_of(stored.requests)} requests"
    for view, sample in stored.views.items():
        if not 0 <= sample.n <= stored.requests - stored.errors:
            successful = stored.requests - stored.errors
            yield f"views.{view}.n is {_text_of(sample.n)}, of {_text_of(successful)} successful requests"
        yield from (f"views.{view}.quantiles_s.{wrong}" for wrong in _wrong_quantiles(sample))
    if stored.throughput is not None and not 0 <= stored.throughput <= MOST:
        yield f"throughput is {stored.throughput:g}"
    for model, rows in stored.rows.items():
        if not 0 <= rows <= MOST:
            yield f"rows.{model} is {_text_of(rows)}"


def _wrong_quantiles(sample: ViewSample) -> Iterator[str]:
    last_s = 0.0
    for name in map(str, QUANTILES):
        value_s = sample.quantiles_s.get(name)
        if value_s is None:
            continue
        if not 0 < value_s < LONGEST_S:
            yield f"{name} is {value_s:g} s, which is not a possible latency"
        elif value_s < last_s:
            yield f"{name} is less than a lower quantile"
        last_s = value_s


def _text_of(number: int) -> str:
    return f"{number:,}" if abs(number) <= MOST else "out of range"
