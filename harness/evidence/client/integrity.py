"""Whether the rows of a shard can be what a recorder wrote: ranges, and what holds within every request."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.evidence import arrays
from harness.evidence.client.schema import SCHEMA

LATEST_S = 1e11
LONGEST_S = 1e9
SLACK_S = 1e-6
"""Rounding of durations that were written as milliseconds."""
WITNESSES = ("witness_view_s", "witness_app_s", "witness_raised_s")
DURATIONS = (*WITNESSES, "queue_s", "db_s", "known_delay_s")
RESPONSES = range(100, 1000)
Mask = npt.NDArray[np.bool_]


def damage(table: pa.Table) -> str:
    """What cannot be read in a table whose column types are those of the schema; empty when all can."""
    try:
        table.validate(full=True)
    except pa.ArrowException as error:
        return f"it is damaged: {str(error).splitlines()[0]}"
    for field in table.schema:
        if field.name in SCHEMA.names and not SCHEMA.field(field.name).nullable and table.column(field.name).null_count:
            return f"column {field.name} has no value in some rows"
    return ""


def contradiction(table: pa.Table, first_row: int) -> str:
    """What no request can have been, with the row's number; empty when every row is possible."""
    return _first(_contradictions(table), first_row)


def doubt(table: pa.Table, first_row: int) -> str:
    """A client that waited less than the app worked: changed, or set by the locustfile; empty without one."""
    with np.errstate(invalid="ignore"):
        return _first([(_floats(table, "witness_app_s") > _floats(table, "latency_s") + SLACK_S, _FASTER)], first_row)


_FASTER = "the client waited less than the app worked (changed, or the locustfile sets response_time)"


def _contradictions(table: pa.Table) -> Iterator[tuple[Mask, str]]:
    started_s, latency_s = _floats(table, "started_s"), _floats(table, "latency_s")
    yield ~((started_s > 0) & (started_s < LATEST_S)), "its start is not a time"
    yield ~((latency_s >= 0) & (latency_s < LONGEST_S)), "its latency is not a duration"
    for name in DURATIONS:
        values = _floats(table, name)
        known = _known(table, name)
        yield known & ~((values >= 0) & (values < LONGEST_S)), f"its {name} is not a duration"
    intended_s = _floats(table, "intended_s")
    known = _known(table, "intended_s")
    yield known & ~((intended_s > 0) & (intended_s <= started_s + SLACK_S)), "it started before it was intended to"
    status = arrays.values(table.column("status"))
    yield (status != 0) & ((status < RESPONSES.start) | (status >= RESPONSES.stop)), "its status is not an HTTP status"
    for name in WITNESSES:
        yield (status == 0) & _known(table, name), "it has no response, but a witness"
    inner_s, outer_s, raised_s = (_floats(table, name) for name in WITNESSES)
    with np.errstate(invalid="ignore"):
        yield inner_s > outer_s + SLACK_S, "the inner witness took longer than the outer one"
        yield raised_s > inner_s + SLACK_S, "the exception came after the view's end"


def _first(masks: Iterator[tuple[Mask, str]] | list[tuple[Mask, str]], first_row: int) -> str:
    for mask, text in masks:
        if mask.any():
            return f"row {first_row + int(mask.argmax())}: {text}"
    return ""


def _floats(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A column's values; NaN where there is none."""
    if name not in table.schema.names:
        return np.full(table.num_rows, np.nan)
    return arrays.floats(table.column(name))


def _known(table: pa.Table, name: str) -> Mask:
    if name not in table.schema.names:
        return np.zeros(table.num_rows, dtype=bool)
    return arrays.valid(table.column(name))
