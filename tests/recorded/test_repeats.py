"""A stored run whose responses came again: from a cache before the app, and from one between the middlewares."""

import pyarrow as pa

import harness
from harness.core.codes import Code, FindingCode
from harness.core.verdict import Status
from harness.evidence.client.schema import SCHEMA
from harness.runtime.load import shards
from tests.recorded.changes import SPANS_S, identified, probed, run_with, together
from tests.recorded.stored import Row, StoredRun


def repeat(run: StoredRun, times: int, **values: object) -> None:
    """The last response of a view once more, a while later and much faster than the app was."""

    def change(rows: list[Row]) -> list[Row]:
        last = next(row for row in reversed(rows) if row["view"] == "work:slow" and row["status"] == 200)
        return [
            *rows,
            *({**last, "started_s": last["started_s"] + 1, "latency_s": 1e-4, **values} for _ in range(times)),
        ]

    run.change_rows(change)
    changed = sum(len(pa.ipc.open_stream(file.read_bytes()).read_all()) for file in run.measured())

    def close(document: dict[str, list[dict[str, object]]]) -> None:
        document["shards"][-1]["rows"] = changed

    run.change_run(close)


COUNTS = run_with(checks=["generator-health", "request-conservation", "request-counts", "latency-buckets", "identity"])


def test_cached_answers_are_reported_and_nothing_else_changes(clean_run: StoredRun) -> None:
    """The app never saw them."""
    together(identified, COUNTS)(clean_run)
    before = clean_run.judge()
    repeat(clean_run, 3)
    report = clean_run.judge()
    assert {verdict.status for verdict in report.verdicts} == {Status.PASS}
    changed = [now for now, then in zip(report.verdicts, before.verdicts, strict=True) if now != then]
    assert {verdict.subject for verdict in changed} == {clean_run.measured()[0].name}
    (found,) = [each for each in report.findings if each.code is FindingCode.CACHED_ANSWERS]
    assert (found.subject, found.text.split()[0]) == ("work:slow GET 200", "3")
    assert len(harness.open_run(clean_run.path).samples()) == report.samples


def test_answers_of_a_cache_in_between_are_missing_in_the_metric(clean_run: StoredRun) -> None:
    """By just their number; the samples stay usable."""
    together(identified, COUNTS)(clean_run)
    repeat(clean_run, 1, outer_nonce=2**63, latency_s=1.0, witness_app_s=1e-4)
    report = clean_run.judge()
    failed = {verdict.subject for verdict in report.verdicts if verdict.code in (Code.SHORT, Code.SAMPLES_UNUSABLE)}
    assert {"requests", "work:slow GET 200", "all GET requests"} <= failed
    assert {each.code for each in report.findings} >= {FindingCode.CACHED_BETWEEN}
    assert Code.SAMPLES_UNUSABLE not in {verdict.code for verdict in report.verdicts}


def test_the_first_answer_may_be_one_of_the_warm_up(clean_run: StoredRun) -> None:
    """Whose shards run.json does not name."""
    identified(clean_run)
    named = harness.open_run(clean_run.path).run.shards
    assert shards.find_repeats(clean_run.path, named) == {}
    measured = clean_run.measured()[0]
    with pa.ipc.open_stream(measured.read_bytes()) as reader:
        table = reader.read_all()
    earlier = table.slice(0, 1).set_column(0, table.schema.field(0), pa.array([1.0]))
    (warmup,) = shards.unnamed(clean_run.path, named)
    with pa.ipc.new_stream(warmup, table.schema) as writer:
        writer.write_table(earlier)
    found = shards.find_repeats(clean_run.path, named)
    first = next(shards.tables(clean_run.path, named, found=found))
    assert first.column("origin").to_pylist()[:2] == [2, 0]


def test_a_probe_that_a_cache_answered_is_left_out(clean_run: StoredRun) -> None:
    """The app saw the first of three, and counted and timed that one."""
    probed(counted=1, timed=1, fallen=sum(SPANS_S[1:]) + 1e-4)(clean_run)
    shard = clean_run.path / "samples-9.arrow"
    with pa.ipc.open_stream(shard.read_bytes()) as reader:
        table = reader.read_all()
    again = [
        {
            **row,
            "started_s": row["started_s"] + place,
            "latency_s": 1e-4 if place else row["latency_s"],
            "outer_nonce": 7,
        }
        for place, row in enumerate(table.to_pylist())
    ]
    with pa.ipc.new_stream(shard, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(again, schema=SCHEMA))
    verdicts = [verdict for verdict in clean_run.judge().verdicts if verdict.check == "probes"]
    assert [(verdict.status, verdict.expected) for verdict in verdicts] == [(Status.PASS, 1), (Status.PASS, SPANS_S[0])]
