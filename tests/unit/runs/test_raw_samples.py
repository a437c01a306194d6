"""Raw samples are stored as columns, and read again as they were."""

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.core.errors import StoreError
from harness.core.query import NoSeries, Query, Reading
from harness.evidence import prometheus_evidence
from harness.runs import raw_samples
from harness.runs.run_directory import RunDirectory

RAW: list[dict[str, Any]] = [
    {"metric": {"__name__": "x", "view": 'a "quoted" view'}, "values": [[1.5, "1"], [2.5, "0.1"]]},
    {"metric": {"__name__": "x", "view": "late"}, "values": [[2.5, "NaN"]]},
    {"metric": {"__name__": "x", "view": "b"}, "values": [[1.5, "+Inf"], [2.5, "1e-300"]]},
]
ANSWERS: list[dict[str, Any]] = [
    {"query": "sum(x)", "time_s": 2.5, "result": [{"metric": {}, "value": [2.5, "7"]}]},
    {"query": "x[5s]", "time_s": 2.5, "result": RAW},
    {"query": "y[5s]", "time_s": 2.5, "result": []},
    {"query": "z[5s]", "time_s": 2.5, "error": "gave up", "code": "no-answer"},
]


@pytest.fixture
def stored(tmp_path: Path) -> RunDirectory:
    """A run directory with nothing but evidence."""
    directory = RunDirectory(tmp_path)
    directory.write_evidence(ANSWERS, {})
    return directory


def test_raw_samples_come_back_as_prometheus_gave_them(stored: RunDirectory) -> None:
    """In its order, bit by bit; and whatever is no raw sample stays readable in the index."""
    answers = stored.read_evidence(frozenset()).answers
    found = answers[Query("x[5s]", 2.5)]
    assert isinstance(found, Reading)
    assert [each.labels for each in found.series] == [each["metric"] for each in RAW]
    assert [tuple(each.points) for each in found.series[::2]] == [
        ((1.5, 1.0), (2.5, 0.1)),
        ((1.5, math.inf), (2.5, 1e-300)),
    ]
    assert math.isnan(found.series[1].last)
    assert isinstance(answers[Query("y[5s]", 2.5)], NoSeries)
    assert answers[Query("sum(x)", 2.5)] == prometheus_evidence.parse_result(ANSWERS[0]["result"])
    index = json.loads((stored.path / "evidence.json").read_text())["answers"]
    assert [each.get("series") for each in index] == [None, 3, None, None]
    assert index[0] == ANSWERS[0]


def test_times_are_stored_once(stored: RunDirectory) -> None:
    """For all series of an answer that share them."""
    rows = pa.ipc.open_stream(stored.path / raw_samples.FILE).read_all().to_pylist()
    assert [(row["answer"], row["places"], row["seconds"]) for row in rows] == [
        (1, [0, 2], [1.5, 2.5]),
        (1, [1], [2.5]),
    ]


@pytest.mark.parametrize("text", ["missing", "cannot be read", "other columns", "holds 0 of them"])
def test_broken_columns_are_an_error_that_names_the_file(stored: RunDirectory, text: str) -> None:
    """Never an answer without series."""
    file = stored.path / raw_samples.FILE
    match text:
        case "missing":
            file.unlink()
        case "cannot be read":
            file.write_bytes(file.read_bytes()[:700])
        case "other columns":
            table = pa.table({"answer": [1]})
            with pa.ipc.new_stream(file, table.schema) as writer:
                writer.write_table(table)
        case _:
            file.write_bytes(raw_samples.parted(())[1])
    with pytest.raises(StoreError, match=rf"evidence\.(arrow|json).*{text}"):
        stored.read_evidence(frozenset())


def test_evidence_of_before_is_read(tmp_path: Path) -> None:
    """It held its raw samples itself."""
    document = {"schema_version": 1, "ledgers": {}, "answers": ANSWERS}
    (tmp_path / "evidence.json").write_text(json.dumps(document))
    found = RunDirectory(tmp_path).read_evidence(frozenset()).answers[Query("x[5s]", 2.5)]
    assert isinstance(found, Reading)
    assert tuple(found.series[0].points) == ((1.5, 1.0), (2.5, 0.1))


def test_a_sample_without_a_value_is_damage_and_no_zero(stored: RunDirectory) -> None:
    """The file has a null where a number was."""
    file = stored.path / raw_samples.FILE
    table = pa.ipc.open_stream(file).read_all()
    rows = table.to_pylist()
    rows[0]["values"][1] = None
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, table.schema))
    with pytest.raises(StoreError, match=r"evidence\.arrow cannot be read: a sample has no time or no value"):
        stored.read_evidence(frozenset())
