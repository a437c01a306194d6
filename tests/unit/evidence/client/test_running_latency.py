"""The latencies at each reading beside a count of every row at each of them."""

import math

import numpy as np
import pyarrow as pa
import pytest

from harness.evidence.client import running_latency
from harness.evidence.client.aggregate import SampleAggregator
from harness.evidence.client.schema import SCHEMA
from harness.evidence.client.summary import ALL, ClientSummary, longest_gap_s
from harness.evidence.moments import Moment

BOUNDS_S = (0.001, 0.01, 0.1)
READINGS = tuple(Moment(100.0 + at, {}, 99.99 + at, 100.01 + at) for at in range(1, 31))
Row = dict[str, object]


def rows(seed: int, *, witness: bool = True) -> list[Row]:
    """Of two views, one of which raises at times; one in nine is the second hop of a redirect."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(400):
        inner_s = float(random.lognormal(-5, 1.5))
        made.append(
            {
                **dict.fromkeys(SCHEMA.names),
                "started_s": 100 + float(random.uniform(0, 30)),
                "latency_s": inner_s + 0.003,
                "method": "GET",
                "name": "/",
                "view": "ab"[number % 2],
                "status": 302 if number % 9 == 0 else 200,
                "bytes": 1,
                "hop": int(number % 9 == 0),
                "worker": 0,
                "phase": "measure",
                "witness_view_s": inner_s if witness else None,
                "witness_app_s": inner_s + 0.001 if witness else None,
                "witness_raised_s": inner_s / 2 if witness and number % 10 == 0 else None,
            }
        )
    return made


def summary(found: list[Row]) -> ClientSummary:
    """Counted in tables of 60 rows."""
    tables = [pa.Table.from_pylist(found[at : at + 60], schema=SCHEMA) for at in range(0, len(found), 60)]
    aggregator = SampleAggregator((*BOUNDS_S, math.inf), READINGS)
    for table in tables:
        aggregator.add(table)
    return aggregator.summary(tables)


def expected(found: list[Row], view: str, at: Moment, limit_s: float, which: str, column: str) -> int:
    """By going through every row."""
    number = 0
    for row in found:
        if view not in ("", row["view"]):
            continue
        started_s, latency_s = float(str(row["started_s"])), float(str(row["latency_s"]))
        ended_s = math.inf if row["hop"] else started_s + latency_s
        counted = ended_s <= at.answered_s if which == "answered" else started_s <= at.sent_s
        times = [row[column], row["witness_raised_s"]] if column == "witness_view_s" else [row[column]]
        number += sum(counted and time is not None and float(str(time)) <= limit_s for time in times)
    return number


@pytest.mark.parametrize("witness", [True, False])
def test_rows_are_counted_at_each_reading_and_bound(witness: bool) -> None:
    """By the witness that pairs with the histogram, or else by the client."""
    found = rows(1, witness=witness)
    made = summary(found)
    running, far_s = made.running_latencies, longest_gap_s(made.latency, 0.0)
    assert running.places == tuple(range(30))
    assert running.bounds_s == BOUNDS_S
    for key, column in ((("a", "GET"), "witness_view_s"), (ALL, "witness_app_s")):
        own = running.by_view[key]
        for place in (0, 7, 29):
            for bound, limit_s in enumerate((*BOUNDS_S, math.inf)):
                of = (found, key[0], READINGS[place])
                used = column if witness else "latency_s"
                assert own.answered[place, bound] == expected(*of, limit_s, "answered", used)
                assert own.answered_beyond[place, bound] == expected(*of, limit_s + far_s, "answered", used)
                assert own.sent_beyond[place, bound] == expected(*of, limit_s + far_s, "sent", used)


def test_readings_are_thinned_from_the_last_one_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that memory does not grow with them; what is left is what it was."""
    found = rows(2)
    every = summary(found).running_latencies
    monkeypatch.setattr(running_latency, "MOST_READINGS", 7)
    some = summary(found).running_latencies
    assert some.places == (4, 9, 14, 19, 24, 29)
    for key, own in some.by_view.items():
        assert own.sent_beyond.tolist() == every.by_view[key].sent_beyond[list(some.places)].tolist()


def test_many_views_leave_fewer_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views, readings and bounds together are bounded."""
    monkeypatch.setattr(running_latency, "MOST_CELLS", 4 * 3 * 5)
    assert len(summary(rows(3)).running_latencies.places) == 5


def test_without_readings_there_is_nothing() -> None:
    """As of a run whose scrapes are not known."""
    table = pa.Table.from_pylist(rows(4), schema=SCHEMA)
    aggregator = SampleAggregator(BOUNDS_S)
    aggregator.add(table)
    assert aggregator.summary([table]).running_latencies.places == ()
