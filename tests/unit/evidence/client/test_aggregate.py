"""The streamed tally beside a count of everything at once."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evidence.client import server_timing
from harness.evidence.client.aggregate import COLUMNS, SampleAggregator
from harness.evidence.client.repeats import Origin
from harness.evidence.client.schema import SCHEMA
from harness.evidence.client.summary import (
    ALL,
    GAP_GRID_S,
    QUANTILES,
    Answered,
    Attribute,
    ClientSummary,
    Running,
    Sizes,
)
from harness.evidence.moments import Moment

Row = dict[str, object]
LATENCY = st.one_of(st.floats(1e-6, 20), st.sampled_from([0.001, 0.01, 0.01 + GAP_GRID_S[3], 1.0]))
BOUNDS = (0.001, 0.01, 1.0, math.inf)


def row(view: str, method: str, status: int, latency_s: float, *, witness: bool, phase: str = "measure") -> Row:
    """One sample; the witness, when there is one, took half and three quarters of the latency."""
    filled: Row = dict.fromkeys(SCHEMA.names)
    filled.update(
        started_s=1000.0 + latency_s,
        latency_s=latency_s,
        method=method,
        name=f"/{view}",
        view=view,
        status=status,
        bytes=1,
        hop=0,
        worker=0,
        phase=phase,
        witness_view_s=latency_s / 2 if witness else None,
        witness_app_s=latency_s * 0.75 if witness else None,
    )
    return filled


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["GET", "POST"]),
        st.sampled_from([0, 200, 404, 500]),
        LATENCY,
        witness=st.booleans(),
        phase=st.sampled_from(["measure", "measure", "warmup"]),
    ),
    max_size=60,
)


def tally(rows: list[Row], chunk: int) -> ClientSummary:
    """Read the rows in tables of `chunk`."""
    tables = [
        pa.Table.from_pylist(rows[at : at + chunk], schema=SCHEMA).select(list(COLUMNS))
        for at in range(0, len(rows), chunk)
    ]
    counter = SampleAggregator(BOUNDS)
    for table in tables:
        counter.add(table)
    return counter.summary(tables)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 25))
def test_a_streamed_tally_is_the_count_of_everything(rows: list[Row], chunk: int) -> None:
    """Counts, sums, counts at thresholds and nearest-rank quantiles, however the rows are cut into tables."""
    truth = tally(rows, chunk)
    measured = [r for r in rows if r["phase"] == "measure"]
    answered = [r for r in measured if r["status"] != 0]
    assert truth.rows == len(measured)
    assert truth.responses == len(answered)
    assert truth.lost == len(measured) - len(answered)
    assert truth.witnessed == sum(r["witness_view_s"] is not None for r in answered)
    for (view, method, status), count in truth.answered.items():
        assert count == sum((r["view"], r["method"], r["status"]) == (view, method, status) for r in answered)
    for key, latency in truth.latency.items():
        mine = [r for r in answered if key in (ALL, (r["view"], r["method"]))]
        for values, column in ((latency.client, "latency_s"), (latency.inner, "witness_view_s")):
            ordered = sorted(float(str(r[column])) for r in mine if r[column] is not None)
            assert values.n == len(ordered)
            assert values.sum_s == pytest.approx(sum(ordered))
            for threshold, count in values.at_or_below.items():
                assert count == sum(value <= threshold for value in ordered)
            for q in QUANTILES if ordered else ():
                assert values.quantiles_s[q] == ordered[max(math.ceil(q * len(ordered) - 1e-9), 1) - 1]
        gaps = [
            float(str(r["witness_app_s"])) - float(str(r["witness_view_s"]))
            for r in mine
            if r["witness_view_s"] is not None
        ]
        assert latency.gaps.n == len(gaps)
        assert latency.gaps.largest_s == pytest.approx(max(gaps, default=0.0))
        assert latency.gaps.above == {offset: sum(gap > offset for gap in gaps) for offset in GAP_GRID_S}


def test_latency_from_the_intended_start_holds_the_wait_to_be_sent() -> None:
    """Of the requests that have one; those of a closed model have none."""
    late = [
        row("a", "GET", 200, 0.1, witness=False) | {"intended_s": 1000.0, "started_s": 1000.5},
        *[row("a", "GET", 200, latency_s, witness=False) for latency_s in (0.2, 0.3)],
    ]
    truth = tally(late, 2)
    latency = truth.latency[("a", "GET")]
    assert (latency.client.n, latency.intended.n) == (3, 1)
    assert latency.intended.quantiles_s[0.95] == pytest.approx(0.6)
    assert tally(late[1:], 5).latency[ALL].intended.n == 0


def test_no_rows_are_an_empty_truth() -> None:
    """Nothing recorded is nothing counted, and no error."""
    truth = tally([], 5)
    assert (truth.rows, truth.responses, truth.lost, truth.first_s) == (0, 0, 0, None)
    assert truth.latency[ALL].client.n == 0


def test_the_first_and_the_last_moment_are_those_of_all_tables() -> None:
    """In whatever order the shards are read; the last is the end of a request, not its start."""
    rows = [row("a", "GET", 200, latency_s, witness=False) for latency_s in (0.5, 9.0, 0.25)]
    found = tally(rows, 1)
    assert (found.first_s, found.last_s) == (1000.25, 1018.0)


def test_a_request_without_a_latency_hides_no_other() -> None:
    """Another check says that its row is no request; when the load ended is known of the others."""
    odd, last = row("a", "GET", 200, 0.5, witness=False), row("a", "GET", 200, 9.0, witness=False)
    odd.update(latency_s=math.nan)
    assert tally([last, odd], 5).last_s == tally([odd, last], 1).last_s == 1018.0


def test_a_request_that_starts_early_has_waited_for_nothing() -> None:
    """Its latency from the intended start is that from the actual one, never less."""
    early, late = (row("a", "GET", 200, 0.5, witness=False) for _ in range(2))
    early.update(started_s=1000.0, intended_s=1000.4)
    late.update(started_s=1000.0, intended_s=999.7)
    intended = tally([early, late], 2).latency[ALL].intended
    assert intended.n == 2
    assert intended.sum_s == pytest.approx(0.5 + 0.8)


def test_requests_are_counted_at_each_reading_of_the_counters() -> None:
    """A response from when the client had it, a request from when it was sent; one without a response by its name."""
    readings = [Moment(at, {}, answered_s=at, sent_s=at + 0.5) for at in (1001.0, 1002.0, 1003.0)]
    rows = [
        row("a", "GET", 200, 0.5, witness=True) | {"started_s": 1000.5},
        row("a", "GET", 200, 0.5, witness=True) | {"started_s": 1001.5 + 1e-6},
        row("a", "GET", 500, 1.5, witness=True) | {"started_s": 1001.5},
        row("a", "GET", 302, 0.1, witness=True) | {"started_s": 1000.5, "hop": 1},
        row("a", "GET", 0, 9.0, witness=False) | {"started_s": 1002.0},
        row("a", "GET", 200, 0.1, witness=True, phase="warmup") | {"started_s": 1000.5},
    ]
    counter = SampleAggregator(BOUNDS, readings)
    tables = [pa.Table.from_pylist([each], schema=SCHEMA).select(list(COLUMNS)) for each in rows]
    for table in tables:
        counter.add(table)
    assert counter.summary(tables).running == {
        ("a", "GET", 200): Running(answered=(1, 1, 2), sent=(1, 2, 2)),
        ("a", "GET", 500): Running(answered=(0, 0, 1), sent=(1, 1, 1)),
        ("a", "GET", 302): Running(answered=(0, 0, 0), sent=(1, 1, 1)),
        ("/a", "GET", 0): Running(answered=(0, 0, 0), sent=(0, 1, 1)),
    }


def identified(view: str, header: str, *, origin: Origin = Origin.APP, **values: object) -> Row:
    """A sample whose witness said who answered and what the response had."""
    said = server_timing.witness(header, "none")._asdict()
    del said["view"]
    return row(view, "GET", 200, 0.02, witness=False) | said | {"origin": origin} | values


HEADER = (
    'mw-view;dur=1.500000;desc="x", mw-inner;desc="00000000000000a1 3 {size} {charset} {flags}", '
    'mw-app;dur=2.000000;desc="00000000000000a2 7 web:{port} app=z"'
)


def summed(*rows: Row) -> ClientSummary:
    """Rows of known origin."""
    schema = SCHEMA.append(pa.field("origin", pa.int8()))
    table = pa.Table.from_pylist(list(rows), schema=schema)
    counter = SampleAggregator(BOUNDS, size_bounds=(1.0, 16.0, math.inf))
    counter.add(table)
    return counter.summary([table])


def test_a_replayed_answer_is_in_no_expectation() -> None:
    """It is counted apart, by view, method and status, and it is a sample all the same."""
    found = summed(
        row("a", "GET", 200, 0.5, witness=True) | {"origin": 0},
        row("a", "GET", 200, 0.1, witness=False) | {"origin": 2},
    )
    assert (found.rows, found.responses, found.witnessed) == (2, 1, 1)
    assert found.replayed == {("a", "GET", 200): 1}
    assert found.latency[ALL].client.n == 1
    assert found.latency[ALL].client.quantiles_s[0.99] == 0.5
    assert sum(found.started.values()) == 1


def test_an_answer_from_between_is_expected_of_the_metric() -> None:
    """Under its view, whose name it carries."""
    found = summed(row("a", "GET", 200, 0.5, witness=False) | {"origin": 1})
    assert (found.answered, found.between) == ({("a", "GET", 200): 1}, {("a", "GET", 200): 1})
    assert found.witnessed_views == {"a"}


def test_who_answered_and_with_what_is_counted() -> None:
    """By instance and labels; by charset, template, transport and flags; by size."""
    found = summed(
        identified("a", HEADER.format(size=5, charset="utf-8", flags="-", port=1)),
        identified("a", HEADER.format(size=20, charset="utf-8", flags="at", port=1)),
        identified("b", HEADER.format(size="-", charset="koi8-r", flags="s c.html", port=2)),
        identified("b", HEADER.format(size=1, charset="utf-8", flags="-", port=2), witness_view_s=None, flags=None),
        row("c", "GET", 200, 0.1, witness=True) | {"origin": 0},
    )
    assert found.identified == {
        Answered("web:1", "app=z", "a", "GET", 200): 2,
        Answered("web:2", "app=z", "b", "GET", 200): 1,
    }
    assert found.attributed == 3
    assert found.attributes == {
        Attribute("charset", "utf-8"): 2,
        Attribute("charset", "koi8-r"): 1,
        Attribute("template", "c.html"): 1,
        Attribute("transport", "http"): 2,
        Attribute("transport", "https"): 1,
        Attribute("ajax", ""): 1,
        Attribute("streaming", ""): 1,
    }
    assert found.request_sizes == Sizes(3, 9, {1.0: 0, 16.0: 3})
    assert found.response_sizes == Sizes(2, 25, {1.0: 0, 16.0: 1})
