"""Rows that no recorder can have written."""

from typing import Any

import pyarrow as pa
import pytest

from harness.evidence.client import integrity
from harness.evidence.client.schema import SCHEMA, Exchange, Labels, batch

HEADER = 'view;dur=1.500000;desc="a:b", app;dur=2.000000'
EXCHANGE = Exchange(1_700_000_000.0, 0.02, "GET", "/a", 200, HEADER, None, 10, "http://h/a", 0)
LABELS = Labels({}, {}, "measure", "<unnamed view>")
FALSE = [
    ({"started_s": -1.0}, "its start is not a time"),
    ({"started_s": float("inf")}, "its start is not a time"),
    ({"latency_s": -1.0}, "its latency is not a duration"),
    ({"latency_s": float("nan")}, "its latency is not a duration"),
    ({"latency_s": 1e308}, "its latency is not a duration"),
    ({"intended_s": 1_700_000_001.0}, "it started before it was intended to"),
    ({"intended_s": float("nan")}, "it started before it was intended to"),
    ({"queue_s": float("inf")}, "its queue_s is not a duration"),
    ({"status": 0}, "it has no response, but a witness"),
    ({"status": 99}, "its status is not an HTTP status"),
    ({"status": -1}, "its status is not an HTTP status"),
    ({"witness_view_s": 0.003}, "the inner witness took longer than the outer one"),
    ({"witness_app_s": 0.0}, "the inner witness took longer than the outer one"),
    ({"witness_raised_s": 0.002}, "the exception came after the view's end"),
]


def changed(**values: Any) -> pa.Table:
    """Three rows, of which the second has these values."""
    rows = batch([EXCHANGE] * 3, LABELS, 0).to_pylist()
    rows[1] |= values
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.mark.parametrize(("values", "text"), FALSE, ids=[f"{values}" for values, _ in FALSE])
def test_a_row_that_contradicts_itself_is_named(values: dict[str, Any], text: str) -> None:
    """With its number in the shard."""
    assert integrity.contradiction(changed(**values), 10) == f"row 11: {text}"


def test_what_a_recorder_writes_is_sound() -> None:
    """With and without response, witness and exception."""
    lost = EXCHANGE._replace(status=0, server_timing="", error="timed out")
    raised = EXCHANGE._replace(
        server_timing='view;dur=1.500000;desc="a:b", raised;dur=1.400000;desc="E", app;dur=2.000000', status=500
    )
    rows = pa.Table.from_batches([batch([EXCHANGE, lost, raised, EXCHANGE._replace(server_timing="")], LABELS, 0)])
    assert (integrity.damage(rows), integrity.contradiction(rows, 0), integrity.doubt(rows, 0)) == ("", "", "")


def test_a_client_that_waited_less_than_the_app_worked_is_doubted() -> None:
    """A locustfile may set response_time itself, so it is no proof of a change."""
    assert integrity.contradiction(changed(latency_s=0.001), 0) == ""
    assert integrity.doubt(changed(latency_s=0.001), 0).startswith("row 1: the client waited less than")


def test_bytes_that_are_no_text_are_damage() -> None:
    """Reading them into a frame would crash."""
    rows = batch([EXCHANGE], LABELS, 0)
    name = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    arrays = [name if field.name == "name" else rows.column(field.name) for field in SCHEMA]
    assert "damaged" in integrity.damage(pa.Table.from_arrays(arrays, schema=SCHEMA))
