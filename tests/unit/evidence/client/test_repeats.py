"""Which answers came again, by the witness's numbers."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.client import integrity
from harness.evidence.client.repeats import Origin, Repeats, origins
from harness.evidence.client.schema import SCHEMA, Exchange, Labels, batch

LABELS = Labels({}, {}, "measure", "<unnamed view>")
Answer = tuple[float, int | None, int | None]
"""Start, inner number and outer number."""


def header(inner: int | None, outer: int | None, *, between: bool = False) -> str:
    """What the witness sends; the inner one took 1.5 ms, the outer one 2 ms."""
    parts = []
    if inner is not None:
        parts.append(f'mw-view;dur=1.500000;desc="shop", mw-inner;desc="{inner:016x} 0 5 utf-8 -"')
    if outer is not None:
        parts.append(f'mw-app;dur=2.000000;desc="{outer:016x} 7 web:1", mw-db;dur=1.000000;desc="default execute=1"')
    return ", ".join((*parts, *(("mw-between",) if between else ())))


def table(answers: Sequence[Answer], *, latency_s: float = 0.02) -> pa.Table:
    """Rows as the recorder writes them."""
    exchanges = [
        Exchange(started_s, latency_s, "GET", "/a", 200, header(inner, outer), None, 5, "http://h/a", 0)
        for started_s, inner, outer in answers
    ]
    return pa.Table.from_batches([batch(exchanges, LABELS, 0)]) if exchanges else SCHEMA.empty_table()


def marked(tables: Iterable[pa.Table]) -> list[pa.Table]:
    """Both passes over the tables, and what becomes of them."""
    repeats, known = Repeats(), list(tables)
    for each in known:
        repeats.count(each)
    repeats.close()
    places = [sum(before.num_rows for before in known[:at]) for at in range(len(known))]
    for each, place in zip(known, places, strict=True):
        repeats.place(each, place)
    return [repeats.marked(each, place) for each, place in zip(known, places, strict=True)]


def found(*tables: Sequence[Answer]) -> list[Origin]:
    return [Origin(value) for each in marked(map(table, tables)) for value in origins(each).tolist()]


APP, BETWEEN, REPLAYED = Origin.APP, Origin.BETWEEN, Origin.REPLAYED


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([[(1.0, 1, 2), (2.0, 3, 4)]], [APP, APP]),
        ([[(1.0, 1, 2), (2.0, 1, 2), (3.0, 1, 2)]], [APP, REPLAYED, REPLAYED]),
        ([[(3.0, 1, 2), (1.0, 1, 2)]], [REPLAYED, APP]),
        ([[(1.0, 1, 2)], [(1.0, 1, 2)]], [APP, REPLAYED]),
        ([[(2.0, 1, 2)], [(1.0, 1, 2)], [(3.0, 5, 6)]], [REPLAYED, APP, APP]),
        ([[(1.0, 1, 2), (2.0, 1, 3), (3.0, 1, 4)]], [APP, BETWEEN, BETWEEN]),
        ([[(1.0, 1, 2), (2.0, 1, 3), (3.0, 1, 3)]], [APP, BETWEEN, REPLAYED]),
        ([[(1.0, None, None), (2.0, None, None)]], [APP, APP]),
        ([[(1.0, None, 2), (2.0, None, 2)]], [APP, REPLAYED]),
        ([[(1.0, 0, 2**64 - 1), (2.0, 0, 2**64 - 1)]], [APP, REPLAYED]),
        ([[], [(1.0, 7, 8)]], [APP]),
    ],
)
def test_a_number_that_was_there_before_came_again(tables: list[list[Answer]], expected: list[Origin]) -> None:
    """The earliest start is the answer itself, in whatever file it stands; of equal ones the first row."""
    assert found(*tables) == expected


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(0, 9)), max_size=40), st.integers(1, 9))
def test_the_arrays_say_what_a_dictionary_would(rows: list[tuple[int, int, int]], chunk: int) -> None:
    """However the rows are cut into tables."""
    answers: list[Answer] = [(float(start), inner, outer) for start, inner, outer in rows]
    ordered = sorted(range(len(answers)), key=lambda place: (answers[place][0], place))
    first: dict[tuple[int, int | None], int] = {}
    for place in ordered:
        for kind in (1, 2):
            first.setdefault((kind, answers[place][kind]), place)  # type: ignore[arg-type]
    expected = [
        REPLAYED if first[(2, outer)] != place else BETWEEN if first[(1, inner)] != place else APP
        for place, (_, inner, outer) in enumerate(answers)
    ]
    assert found(*(answers[at : at + chunk] for at in range(0, len(answers), chunk))) == expected


def test_without_a_repeat_no_second_pass_is_needed() -> None:
    """And an answer that its witness calls another's needs one."""
    repeats = Repeats()
    repeats.count(table([(1.0, 1, 2), (2.0, 3, 4)]))
    assert not repeats.close()
    said = Exchange(1.0, 0.02, "GET", "/a", 200, header(1, 2, between=True), None, 5, None, 0)
    repeats = Repeats()
    repeats.count(pa.Table.from_batches([batch([said], LABELS, 0)]))
    assert repeats.close()


def test_the_first_that_anybody_recorded_may_be_a_cached_one() -> None:
    """The outer witness says so."""
    said = Exchange(1.0, 0.02, "GET", "/a", 200, header(1, 2, between=True), None, 5, None, 0)
    (only,) = marked([pa.Table.from_batches([batch([said], LABELS, 0)])])
    assert origins(only).tolist() == [BETWEEN]
    assert only.column("witness_view_s").to_pylist() == [None]
    assert only.column("witness_app_s").to_pylist() == [0.002]


def test_a_repeated_account_is_of_another_request() -> None:
    """What the witness says goes, all of it or what the inner one says; what the client saw stays."""
    (rows,) = marked([table([(1.0, 1, 2), (2.0, 1, 2), (3.0, 1, 9)])])
    itself, replayed, between = rows.to_pylist()
    assert (itself["witness_view_s"], itself["db"], itself["charset"]) == (0.0015, "default execute=1", "utf-8")
    of_witness = ("witness_view_s", "witness_app_s", "db", "instance", "outer_nonce", "flags")
    assert [replayed[name] for name in of_witness] == [None] * 6
    assert [between[name] for name in of_witness] == [None, 0.002, "default execute=1", "web:1", 9, None]
    assert {row["view"] for row in (itself, replayed, between)} == {"shop"}


def test_a_repeated_answer_is_no_contradiction() -> None:
    """The client of a cached answer waited less than the app had worked for the first one."""
    (rows,) = marked([table([(1.0, 1, 2), (2.0, 1, 2)], latency_s=0.001)])
    assert integrity.doubt(rows.slice(1), 1) == ""
    assert integrity.doubt(rows, 0).startswith("row 0")


def test_rows_without_the_columns_are_all_the_apps() -> None:
    """Those that an older harness recorded."""
    old = table([(1.0, 1, 2), (2.0, 1, 2)]).drop_columns(["inner_nonce", "outer_nonce", "between"])
    assert [origins(each).tolist() for each in marked([old])] == [[APP, APP]]
    assert origins(old).tolist() == [APP, APP]
