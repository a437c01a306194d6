"""Changes to a stored run: what a broken target, scrape or load would have left in its files.

Longer than other files: a handful of lines for each thing that can be changed, and all of them are one vocabulary.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from harness.checks import probes
from harness.checks.monitoring import records
from harness.core.codes import Code
from harness.evidence.prometheus_evidence import raw_query
from harness.instrumentation.django_prometheus import metrics as names
from harness.runs.run_directory import RunDirectory
from tests.recorded.alerted import UP, Alerted
from tests.recorded.stored import Row, StoredRun

Change = Callable[[StoredRun], object]
Answer = dict[str, Any]
BUCKETS, COUNT, SUM = (f"{names.LATENCY_BY_VIEW}_{part}" for part in ("bucket", "count", "sum"))


def together(*changes: Change) -> Change:
    def apply(run: StoredRun) -> None:
        for change in changes:
            change(run)

    return apply


def run_with(**values: object) -> Change:
    return lambda run: run.change_run(lambda document: document.update(values))


def table_with(name: str, **values: object) -> Change:
    """Keys of a table of run.json."""
    return lambda run: run.change_run(lambda document: document[name].update(values))


def answers(change: Callable[[Answer], object], *, but_up: bool = False) -> Change:
    """Each answer of Prometheus changed in place; that on the scrapes left as it is with `but_up`."""

    def apply(run: StoredRun) -> None:
        def rewrite(answers: list[Answer]) -> None:
            for answer in answers:
                if not but_up or not answer["query"].startswith("up{"):
                    change(answer)

        run.change_evidence(rewrite)

    return apply


def emptied(answer: Answer) -> None:
    answer["result"] = []


def failing(code: Code) -> Callable[[Answer], None]:
    def change(answer: Answer) -> None:
        answer.pop("result", None)
        answer.update(error="any words", code=code)

    return change


def unreadable(answer: Answer) -> None:
    answer["result"] = [1.0, "a text"]


def answers_to(start: str, change: Callable[[Answer], object]) -> Change:
    """The answers to queries that begin so."""
    return answers(lambda answer: change(answer) if answer["query"].startswith(start) else None)


def without_answers(*starts: str) -> Change:
    def keep(answers: list[Answer]) -> None:
        answers[:] = [answer for answer in answers if not answer["query"].startswith(starts)]

    return lambda run: run.change_evidence(keep)


def only_answers(*starts: str) -> Change:
    def keep(answers: list[Answer]) -> None:
        answers[:] = [answer for answer in answers if answer["query"].startswith(starts)]

    return lambda run: run.change_evidence(keep)


def added(metric: str, amount: float, **labels: str) -> Change:
    return lambda run: run.add_to_counter(metric, amount, **labels)


def scaled(metric: str, factor: float, **labels: str) -> Change:
    return lambda run: run.scale_growth(metric, factor, **labels)


def only_series(metric: str, keep: Callable[[Mapping[str, str]], bool]) -> Change:
    """Only the series whose labels `keep` accepts."""
    return lambda run: run.change_series(metric, lambda found: [each for each in found if keep(each["metric"])])


def no_series(*metrics: str) -> Change:
    return together(*(only_series(metric, lambda _: False) for metric in metrics))


def rows(change: Callable[[Row], object]) -> Change:
    """Each sample changed in place."""

    def rewrite(rows: list[Row]) -> list[Row]:
        for row in rows:
            change(row)
        return rows

    return lambda run: run.change_rows(rewrite)


def first_row(where: Callable[[Row], bool], **values: object) -> Change:
    def rewrite(rows: list[Row]) -> list[Row]:
        next(row for row in rows if where(row)).update(values)
        return rows

    return lambda run: run.change_rows(rewrite)


def shown(start: str, change: Callable[[float], float]) -> Change:
    """The values of instant answers."""

    def apply(answer: Answer) -> None:
        for series in answer["result"]:
            series["value"][1] = repr(change(float(series["value"][1])))

    return answers_to(start, apply)


def raw_points(metric: str, change: Callable[[list[list[Any]]], object]) -> Change:
    """The points of the first raw series."""

    def apply(run: StoredRun) -> None:
        def rewrite(found: list[Answer]) -> list[Answer]:
            change(found[0]["values"])
            return found

        run.change_series(metric, rewrite)

    return apply


def timed_out(others_s: float = 0.0, waited_ratio: float | None = None) -> Change:
    """One scrape timed out after a second; all others took `others_s`, or as long as they did."""

    def apply(points: list[list[Any]]) -> None:
        for place, point in enumerate(points):
            point[1] = "1.001" if place == LOST else str(others_s or point[1])

    return together(
        raw_points("up", lambda points: points[LOST].__setitem__(1, "0")),
        raw_points("scrape_duration_seconds", apply),
        table_with("window", waited_ratio=waited_ratio),
    )


LOST = 6
"""The place of the scrape that failed."""


def raised(points: list[list[Any]]) -> None:
    """Each value one more."""
    for point in points:
        point[1] = repr(float(point[1]) + 1)


def started(*at: float) -> Change:
    """The start times that the process told, one a scrape."""

    def apply(run: StoredRun) -> None:
        times: list[float] = []
        raw_points("up", lambda points: times.extend(point[0] for point in points))(run)
        metric = {"__name__": "process_start_time_seconds", "job": "django", "instance": "a"}
        points = [[time, repr(at[place % len(at)])] for place, time in enumerate(times)]
        if list(at) == sorted(at):
            points = [[time, repr(at[0] if place < len(times) // 2 else at[-1])] for place, time in enumerate(times)]
        run.change_series("process_start_time_seconds", lambda _: [{"metric": metric, "values": points}])

    return apply


def second_instance(factor: float) -> Change:
    """A second address whose series grow `factor` times as much."""

    def double(answer: Answer) -> None:
        answer["result"] += [
            {
                "metric": {**series["metric"], "instance": "localhost:1"},
                "values": [[at, repr(float(value) * factor)] for at, value in series["values"]],
            }
            for series in answer["result"]
        ]

    return together(answers_to(f"{SUM}{{", double), answers_to("up{", double))


def limit(text: str, metric: str, value: float, *, view: str = "", promql: bool = False) -> dict[str, object]:
    return {"text": text, "metric": metric, "comparison": "<", "value": value, "view": view, "promql": promql}


def limit_on_promql(result: object = None, **answer: object) -> Change:
    """A limit on PromQL, and what Prometheus answers."""

    def apply(run: StoredRun) -> None:
        run_with(thresholds=[limit("sum(x) < 1", "sum(x)", 1.0, promql=True)])(run)
        ends: list[float] = []
        run.change_run(lambda document: ends.append(document["window"]["end_s"]))
        found = answer or {"result": result}
        run.change_evidence(lambda answers: answers.append({"query": "sum(x)", "time_s": ends[0], **found}))

    return apply


def value(value: str) -> list[Answer]:
    return [{"metric": {}, "value": [0, value]}]


def panel(expression: str, *results: list[Answer], **panel: object) -> Change:
    return lambda run: run.add_panel(expression, *results, **panel)


def recorded(expression: str, record: str, rule: str, *changes: Change, **version: object) -> Change:
    """A run that only `records` judges, with one rule and a panel that reads its record."""

    def apply(run: StoredRun) -> None:
        own = {"file": "own.yml", "group": "own", "name": record, "alert": False, "expression": rule}
        shown = {"dashboard": "Added", "title": "Panel", "ref": "A", "expression": expression}
        run.change_run(lambda document: document.update(checks=["records"], rules=[own], panels=[shown], **version))
        queries = records.CHECK.queries(RunDirectory(run.path).read_run())

        def change(answers: list[dict[str, Any]]) -> None:
            known = {answer["query"] for answer in answers}
            new = [query for query in queries if query.text not in known]
            answers.extend({"query": query.text, "time_s": query.time_s, "result": []} for query in new)

        run.change_evidence(change)
        together(*changes)(run)

    return apply


def first_panel(change: Callable[[Answer], object]) -> Change:
    """The answer to the first panel's query."""

    def apply(run: StoredRun) -> None:
        texts: list[str] = []
        run.change_run(lambda document: texts.append(document["panels"][0]["expression"]))
        answers(lambda answer: change(answer) if answer["query"] == texts[0] else None)(run)

    return apply


def ledger(when: str, name: str, *path: str, more: int = 1) -> Change:
    def apply(run: StoredRun) -> None:
        def change(ledgers: dict[str, Any]) -> None:
            *way, last = path
            place = ledgers[when][name]["result"]
            for key in way:
                place = place[key]
            place[last] += more

        run.change_ledgers(change)

    return apply


def ledgers(change: Callable[[dict[str, Any]], None]) -> Change:
    return lambda run: run.change_ledgers(change)


def plain_alias(ledgers: dict[str, Any]) -> None:
    """An alias of which the metrics know nothing; and more statements than the load ran."""
    totals = {when: ledgers[when]["sql_log"]["result"]["totals"] for when in ("start", "end")}
    totals["end"]["plain"] = {"execute": 3, "many": 0, "sets": 0, "recheck": 0}
    totals["end"]["default"]["execute"] += 5


def alert(
    expression: str, states: Callable[[Alerted], Mapping[str, list[int]]], record: str = "", **judged: Any
) -> Change:
    """An alert and the states that Prometheus stored of it, each at the given evaluations."""

    def apply(run: StoredRun) -> None:
        alerted = Alerted(run, expression, record=record)
        alerted.store(states(alerted), **judged)

    return apply


def unevaluated(run: StoredRun) -> None:
    alerted = Alerted(run, ALWAYS)
    alerted.evaluations = []
    alerted.store({})


def nothing(_alerted: Alerted) -> Mapping[str, list[int]]:
    return {}


def fired(alerted: Alerted) -> Mapping[str, list[int]]:
    return {"pending": [0, 1, 2], "firing": alerted.places(3)}


ALWAYS = f"max by (job, app) ({UP}) >= 0.5"
WITNESS = ("witness_view_s", "witness_app_s")
UNWITNESSED = rows(lambda row: row.update(dict.fromkeys(WITNESS), db=None, cache=None, model=None, exception=None))
"""The samples of a target without a witness, mapped to their views by name."""
CALIBRATED = together(
    lambda run: run.change_run(lambda document: document.update(views=_views(run))),
    UNWITNESSED,
)


def _views(run: StoredRun) -> dict[str, str]:
    found: dict[str, str] = {}
    rows(lambda row: found.update({row["name"]: row["view"]}))(run)
    return found


def calibrated(run: StoredRun) -> None:
    """No witness, and the fast view as the no-op one."""
    names_of: list[str] = []
    rows(lambda row: names_of.append(row["name"]) if row["view"] == "work:fast" else None)(run)
    CALIBRATED(run)
    run_with(calibration=names_of[0])(run)


INSERTS = f'{names.MODEL_INSERTS}{{job="django"}}'


def without_points(query: str, which: slice) -> Change:
    """Points of every raw series deleted."""

    def apply(answer: Answer) -> None:
        for series in answer["result"] if answer["query"].endswith("ms]") else ():
            del series["values"][which]

    return answers_to(query, apply)


OTHER = "localhost:1"
"""The name of a second instance."""
SAID = {
    "process": 7,
    "instance": "127.0.0.1:38541",
    "labels": "app=somesite",
    "request_bytes": 0,
    "response_bytes": 5,
    "charset": "utf-8",
    "flags": "",
}
"""What the second version of the witness says of each response, in the terms of its columns."""


def identified(run: StoredRun) -> None:
    """The witness's numbers, and who answered; the metrics of sizes fit to them."""
    seen: list[Row] = []

    def say(row: Row) -> None:
        row.update(SAID, outer_nonce=2 * len(seen), inner_nonce=2 * len(seen) + 1)
        seen.append(row)

    rows(say)(run)
    sizes: dict[str, dict[str, list[tuple[str, int]]]] = {
        names.REQUEST_BODIES: {"bucket": [("1.0", len(seen)), ("8.0", len(seen)), ("+Inf", len(seen))]},
        names.RESPONSE_BODIES: {"bucket": [("1.0", 0), ("8.0", len(seen)), ("+Inf", len(seen))]},
    }
    sizes[names.REQUEST_BODIES]["sum"] = [("", 0)]
    sizes[names.RESPONSE_BODIES]["sum"] = [("", 5 * len(seen))]
    stored = RunDirectory(run.path).read_run()
    window = stored.window

    def points(value: int) -> list[list[Any]]:
        return [[window.start_s, "0"], [window.end_s, repr(float(value))]]

    def answer(metric: str, values: list[tuple[str, int]]) -> Answer:
        query = raw_query(stored, metric)
        series = [
            {
                "metric": {"__name__": metric, "instance": SAID["instance"], **({"le": le} if le else {})},
                "values": points(n),
            }
            for le, n in values
        ]
        return {"query": query.text, "time_s": query.time_s, "result": series}

    added = [answer(f"{name}_{part}", values) for name, parts in sizes.items() for part, values in parts.items()]
    added += [answer(names.AJAX, []), answer(names.RESPONSES_BY_TEMPLATE, [])]
    run.change_evidence(lambda answers: answers.extend(added))


def said_by_another(number: int) -> Change:
    """The first responses of one view say that another instance gave them, and so does one in the series."""

    def apply(run: StoredRun) -> None:
        left = [number]

        def say(row: Row) -> None:
            if row["view"] == "work:fast" and left[0]:
                left[0] -= 1
                row["instance"] = OTHER

        def move(found: list[Answer]) -> list[Answer]:
            series = next(each for each in found if each["metric"]["view"] == "work:fast")
            first, last = series["values"][0][0], series["values"][-1]
            last[1] = repr(float(last[1]) - 1)
            moved = {"metric": {**series["metric"], "instance": OTHER}, "values": [[first, "0"], [last[0], "1"]]}
            return [*found, moved]

        rows(say)(run)
        run.change_series(names.RESPONSES_BY_VIEW, move)
        run.change_series(
            "up", lambda found: [*found, {**found[0], "metric": {**found[0]["metric"], "instance": OTHER}}]
        )

    return apply


def gap(run: StoredRun) -> None:
    """Of the last four seconds only the newest sample is there, so that rate() gives nothing."""
    without_points(INSERTS, slice(-5, -1))(run)
    panel(f"sum(rate({INSERTS}[4s]))", [])(run)


def scrapes_as_traffic(run: StoredRun) -> None:
    """A panel of a counter without views, and what Prometheus answers: the last value of the report's own curve."""
    last: list[str] = []
    answers_to("sum (rate(", lambda answer: last.append(answer["result"][0]["values"][-1][1]))(run)
    panel(
        f'sum(rate({names.RESPONSES}{{job="django"}}[4s]))',
        value(last[0]),
        [{"metric": {"__name__": names.RESPONSES}, "value": [0, "1"]}],
    )(run)


PROBED = {"view": "work:slow", "method": "GET"}
SPANS_S = (0.0301, 0.0302, 0.0303)
"""Three probes of `PROBED`, as its witness measured them; the metric measured 0.1 ms less of each."""


def probed(
    *,
    status: str = "200",
    counted: int = 3,
    timed: int = 3,
    fallen: float = 0.0003,
    fast: int = 0,
    witness: bool = True,
) -> Change:
    """A run whose probes were counted so often with `status`, timed so often and short by `fallen` in all.

    `fast` of them are in the bucket of the fastest.
    """

    def apply(run: StoredRun) -> None:
        _probe_shard(run, witness=witness)
        stored = RunDirectory(run.path).read_run()
        asked = probes.CHECK.queries(stored)
        end_s = stored.window.end_s

        def grown(metric: dict[str, str]) -> float:
            if any(metric.get(name) != value for name, value in PROBED.items()):
                return 0.0
            if metric["__name__"] == SUM:
                return sum(SPANS_S) - fallen
            if metric["__name__"] == BUCKETS:
                return timed if float(metric["le"]) >= SPANS_S[-1] else min(fast, timed)
            return counted if metric.get("status") == status else 0.0

        def change(answers: list[Answer]) -> None:
            for query in asked:
                start = query.text.partition("[")[0]
                known = next(each for each in answers if each["query"].partition("[")[0] == start)
                result = []
                for series in known["result"]:
                    value = float(series["values"][-1][1])
                    points = [[end_s, repr(value)], [end_s + 1, repr(value + grown(series["metric"]))]]
                    result.append({**series, "values": points})
                answers.append({"query": query.text, "time_s": query.time_s, "result": result})

        run.change_evidence(change)

    return together(run_with(checks=["probes"]), apply)


def _probe_shard(run: StoredRun, *, witness: bool) -> None:
    with pa.ipc.open_stream(run.measured()[0].read_bytes()) as reader:
        table = reader.read_all()
    row = next(row for row in table.to_pylist() if row["view"] == PROBED["view"] and row["status"] == 200)
    rows = [
        {
            **row,
            "phase": "probe",
            "latency_s": span_s + 0.002,
            "witness_view_s": span_s if witness else None,
            "witness_app_s": span_s + 0.0001 if witness else None,
        }
        for span_s in SPANS_S
    ]
    with pa.ipc.new_stream(run.path / "samples-9.arrow", table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=table.schema))

    def change(document: dict[str, Any]) -> None:
        document["shards"].append({"file": "samples-9.arrow", "phase": "probe", "rows": len(rows)})
        document["probe"] = {"end_s": document["window"]["end_s"] + 1}

    run.change_run(change)


def probe_answers(change: Callable[[Answer], object]) -> Change:
    """The last answers, which are those of the probes, changed; but for that on the scrapes."""

    def rewrite(answers: list[Answer]) -> None:
        for answer in answers[-5:]:
            change(answer)

    return lambda run: run.change_evidence(rewrite)


def without_probe_scrapes(run: StoredRun) -> None:
    """No answer on the scrapes of the second window."""

    def keep(answers: list[Answer]) -> None:
        del answers[-6]

    run.change_evidence(keep)


def without_probe_answers(run: StoredRun) -> None:
    """No answer of the second window, but on its scrapes."""

    def keep(answers: list[Answer]) -> None:
        del answers[-5:]

    run.change_evidence(keep)


def lost_probe(run: StoredRun) -> None:
    """The last probe got no response."""
    file = run.path / "samples-9.arrow"
    with pa.ipc.open_stream(file.read_bytes()) as reader:
        table = reader.read_all()
    rows = table.to_pylist()
    rows[-1].update(status=0, witness_view_s=None, witness_app_s=None)
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=table.schema))
