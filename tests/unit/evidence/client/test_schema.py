"""From what the client saw to the rows of a shard."""

import pytest

from harness.evidence.client.schema import SCHEMA, Exchange, Labels, batch, known_delay

PLAIN = Exchange(1.5, 0.02, "GET", "/a", 200, "", None, 10, "http://h/a?ms=20", 0)
LABELS = Labels(views={"/a": "shop:a"}, known_delay={"/a": "ms"}, phase="measure", unrouted="<unnamed view>")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/wait?ms=20", 0.02),
        ("http://h/wait?a=1&ms=2.5", 0.0025),
        ("http://h/wait", None),
        ("http://h/wait?ms=", None),
        ("http://h/wait?ms=long", None),
        ("http://[::/wait?ms=20", None),
    ],
)
def test_a_known_delay_is_read_from_the_url(url: str, expected: float | None) -> None:
    """In milliseconds, or not told at all."""
    assert known_delay(url, "ms") == expected


def test_rows_carry_what_was_seen_and_what_was_told() -> None:
    """Each column by its own name, in the schema's order and types."""
    witnessed = PLAIN._replace(name="/b", server_timing='view;dur=1.500000;desc="shop:b", app;dur=2.000000', status=500)
    rows = batch([PLAIN, witnessed, PLAIN._replace(name="/c", url=None)], LABELS, worker=3)
    assert rows.schema == SCHEMA
    assert rows.column("view").to_pylist() == ["shop:a", "shop:b", "/c"]
    assert rows.column("witness_view_s").to_pylist() == [None, 0.0015, None]
    assert rows.column("witness_app_s").to_pylist() == [None, 0.002, None]
    assert rows.column("status").to_pylist() == [200, 500, 200]
    assert rows.column("known_delay_s").to_pylist() == [0.02, None, None]
    assert set(rows.column("worker").to_pylist()) == {3}
    assert set(rows.column("phase").to_pylist()) == {"measure"}


def test_rows_of_an_open_model_carry_the_intended_start() -> None:
    """Beside those that belong to no arrival."""
    rows = batch([PLAIN, PLAIN._replace(intended_s=1.25)], LABELS, worker=0)
    assert rows.column("intended_s").to_pylist() == [None, 1.25]


def test_the_request_a_redirect_leads_to_was_told_nothing() -> None:
    """Its URL is the one the locustfile asked for, which another view was told by."""
    rows = batch([PLAIN, PLAIN._replace(hop=1)], LABELS, worker=0)
    assert rows.column("known_delay_s").to_pylist() == [0.02, None]


def test_half_a_character_in_a_name_costs_no_row() -> None:
    """A locustfile gives the names; UTF-8 cannot hold it, and the other rows are written with it."""
    odd = PLAIN._replace(name="half \ud800", error="\udfff", url=None)
    rows = batch([PLAIN, odd], LABELS, 0).to_pylist()
    assert [row["name"] for row in rows] == ["/a", "half \ufffd"]
    assert [row["error"] for row in rows] == [None, "\ufffd"]
