"""What `harness verify` costs by series, scrapes, panels and rules: processor time and peak memory.

The runs are made from the stored run of the tests. Its samples and its counters are repeated: each view under other
names, each target at other addresses, and the whole window again and again, one after the other. The dashboards and
rules are the project's own; a copy of one looks a millisecond further back, so that nothing is known of it already.
What Prometheus would have answered, and recorded, is what the harness's own engine gives on these samples. Samples that
are repeated are not new ones, so checks that rest on chance may fail (exit 1).
Each of the four is varied alone. The growth is the slope of a line through the logarithms: 1 is linear.
"""

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench import measure
from harness.core.panel import Panel
from harness.core.points import Points
from harness.core.query import Query, Series
from harness.core.rule import Rule
from harness.core.run import Run
from harness.evidence.client.schema import CLOSING_KEY
from harness.monitoring.dashboards import grafana
from harness.monitoring.dashboards.variable_query import LabelValues, Question
from harness.monitoring.rules import rule_file
from harness.promql import Dialect, Engine, Samples, UnsupportedError, syntax
from harness.promql.selected import Memo
from harness.report import verification
from harness.runs.run_directory import RunDirectory

STORED = measure.PROJECT / "tests" / "recorded" / "runs" / "clean"
BOARDS = measure.PROJECT / "monitoring" / "grafana" / "dashboards"
RULES = measure.PROJECT / "monitoring" / "prometheus" / "rules"
RULE_SCALE = 1 / 15
TIMES = (1, 2, 4, 8)
ROUNDS = 3
LATE_S = 0.4
"""From a scrape to the evaluation of the rules after it."""
BOUNDS_KEPT = 5
"""Of each so many bounds of a histogram one is kept: with about ten series for each view, 10 targets, 200 views and 240
scrapes are 5 million points."""
_RANGE = re.compile(r"\[(\d+)ms\]")


@dataclass(frozen=True, slots=True)
class Shape:
    """How often the stored run is repeated."""

    replicas: int = 1
    views: int = 1
    windows: int = 1
    panels: int = 1
    rules: int = 1


VARIED: Mapping[str, str] = {"series": "views", "scrapes": "windows", "panels": "panels", "rules": "rules"}
"""What is varied, and the part of the shape that does it."""
LARGE = Shape(replicas=10, views=8, windows=18)
"""10 targets, 200 views and 240 scrapes."""


def measure_all() -> str:
    """The tables for docs/benchmarks.md."""
    growth = [
        "| varied | times | points | processor time, median | peak memory, median |",
        "| --- | --- | --- | --- | --- |",
    ]
    fitted = [
        "",
        "| varied | processor time grows with the power | peak memory with the power |",
        "| --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
        for name, part in VARIED.items():
            costs = []
            for times in TIMES:
                points, found = _cost(Path(scratch) / f"{name}-{times}", replace(Shape(), **{part: times}))
                costs.append(found)
                growth.append(f"| {name} | {times} | {points:,} | {found[0]:.2f} s | {found[1]:.0f} MB |")
            powers = [_power([cost[place] for cost in costs]) for place in (0, 1)]
            fitted.append(f"| {name} | {powers[0]:.2f} | {powers[1]:.2f} |")
        points, found = _cost(Path(scratch) / "large", LARGE)
        growth.append(f"| 10 targets, 200 views, 240 scrapes | | {points:,} | {found[0]:.1f} s | {found[1]:.0f} MB |")
    return "\n".join((*growth, *fitted)) + "\n"


def _cost(directory: Path, shape: Shape) -> tuple[int, tuple[float, float]]:
    """How many points the run has, and what judging it takes: processor time in seconds, peak memory in MB."""
    points = make(directory, shape)
    costs = []
    for number in range(ROUNDS):
        costs.append(measure.run(measure.harness("verify", str(directory), "--quiet")))
        measure.progress(f"series {directory.name} ({points:,} points) round {number}: {costs[-1]}")
    cpu_s, peak_mb = ([getattr(cost, name) for cost in costs] for name in ("cpu_s", "peak_mb"))
    return points, (measure.median_and_range(cpu_s)[0], measure.median_and_range(peak_mb)[0])


def _power(costs: Sequence[float]) -> float:
    """The slope of the line through the logarithms of `TIMES` and these costs."""
    xs, ys = [math.log(times) for times in TIMES], [math.log(cost) for cost in costs]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def make(directory: Path, shape: Shape) -> int:
    """Write a run directory of this shape; returns how many points the raw samples in its evidence have."""
    directory.mkdir()
    stored = _Stored(shape)
    shard = _write_samples(directory, stored)
    run = replace(
        stored.run,
        window=stored.window,
        instances=tuple(stored.instance(number) for number in range(shape.replicas)),
        shards=(shard,),
        panels=(),
        embedded=shape.replicas == 1,
        rule_scale=RULE_SCALE,
        rules=stored.rules,
    )
    run = replace(run, panels=(*stored.panels(run), *rule_file.panels(stored.rules)), other_times=True)
    answered = _Answered(stored)
    answers = [answered.answer(query) for query in verification.queries(run)]
    result = RunDirectory(directory)
    result.write_run(run)
    result.write_evidence(answers, {}, answered.health())
    return sum(len(each.get("values", ())) for answer in answers for each in answer.get("result", ()))


class _Stored:
    """The stored run, repeated: its series by name, each with all of its samples."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.run: Run = RunDirectory(STORED).read_run()
        self.window = replace(self.run.window, end_s=self.run.window.start_s + shape.windows * self.run.window.length_s)
        self.series: dict[str, list[Series]] = {}
        self._bounds: dict[str, list[str]] = {}
        for answer in json.loads((STORED / "evidence.json").read_text())["answers"]:
            if answer["query"].endswith("ms]"):
                for found in answer["result"]:
                    self._add(found["metric"], [(float(at), float(value)) for at, value in found["values"]])

    def instance(self, number: int) -> str:
        """The address of a target."""
        return f"{self.run.instances[0]}{number or ''}"

    def names(self, view: str) -> tuple[str, ...]:
        """What a view is called in its copies; that of the scrapes is one alone."""
        if not view or view == self.run.metrics_view:
            return (view,)
        return tuple(f"{view}-{number}" if number else view for number in range(self.shape.views))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The project's rules, each copy with records of its own."""
        found = [
            rule for file in sorted(RULES.glob("*.yml")) for rule in rule_file.parse(file.read_text(), file.name).rules
        ]
        scaled = rule_file.scaled(found, RULE_SCALE)
        return tuple(copy for number in range(self.shape.rules) for copy in _copied(scaled, number))

    def panels(self, run: Run) -> Iterator[Panel]:
        """The queries of the project's dashboards, each copy further back than the last."""
        boards = [grafana.parse(file.read_text(), file.name) for file in sorted(BOARDS.glob("*.json"))]
        asker = grafana.Asker(grafana.labels_of(run.selector), {}, self._ask)
        for panel in grafana.panels_of(boards, asker, run.window):
            for number in range(self.shape.panels):
                yield replace(
                    panel, expression=_further_back(panel.expression, number), ref=f"{panel.ref}{number or ''}"
                )

    def _ask(self, question: Question) -> Sequence[str]:
        if not isinstance(question, LabelValues):
            return ()
        found = (each.labels.get(question.label) for series in self.series.values() for each in series)
        return sorted({value for value in found if value})

    def _add(self, labels: Mapping[str, str], points: Sequence[tuple[float, float]]) -> None:
        metric = labels["__name__"]
        if "le" in labels and labels["le"] != "+Inf" and not self._keeps(metric, labels["le"]):
            return
        views = self.names(labels.get("view", ""))
        shared = 1 if "view" in labels or not self._counts(metric) else self.shape.views
        repeated = Points.of(self._repeated(metric, points, shared))
        for number in range(self.shape.replicas):
            for view in views:
                own = {**labels, "instance": self.instance(number)} | ({"view": view} if view else {})
                self.series.setdefault(metric, []).append(Series(own, repeated))

    def _keeps(self, metric: str, bound: str) -> bool:
        known = self._bounds.setdefault(metric, [])
        if bound not in known:
            known.append(bound)
        return known.index(bound) % BOUNDS_KEPT == 0

    def _counts(self, metric: str) -> bool:
        return metric.endswith(("_total", "_count", "_sum", "_bucket")) and not metric.startswith("django_migrations")

    def _repeated(
        self, metric: str, points: Sequence[tuple[float, float]], factor: int
    ) -> tuple[tuple[float, float], ...]:
        """The samples of all windows, one after the other; a counter goes on from where it was."""
        window, counts = self.run.window, self._counts(metric)
        before = [point for point in points if point[0] <= window.start_s]
        inside = [point for point in points if point[0] > window.start_s]
        base = before[-1][1] if before and counts else 0.0
        whole = (inside[-1][1] - base) if inside and counts else 0.0
        found = [(at, value * factor) for at, value in before]
        for number in range(self.shape.windows):
            shift_s, least = number * window.length_s, base + number * whole
            if number and inside and counts:  # what was not there yet in the first window stands still until it moves
                times = [at for at in self._scrapes if at < inside[0][0]]
                found += [(round(at + shift_s, 3), least * factor) for at in times]
            found += [
                (round(at + shift_s, 3), (value - base + least) * factor if counts else value) for at, value in inside
            ]
        return tuple(found)

    @cached_property
    def _scrapes(self) -> list[float]:
        """The times of the first window's."""
        window = self.run.window
        return [at for at, _ in self.series["up"][0].points if window.start_s < at <= window.end_s]


def _copied(rules: Sequence[Rule], number: int) -> Iterator[Rule]:
    """Rules once more, in groups of their own."""
    names = sorted({rule.name for rule in rules}, key=len, reverse=True)
    for rule in rules:
        expression = _further_back(rule.expression, number)
        for name in names if number else ():
            expression = re.sub(rf"\b{re.escape(name)}\b", f"{name}{number}", expression)
        yield replace(
            rule, group=f"{rule.group}{number or ''}", name=f"{rule.name}{number or ''}", expression=expression
        )


def _further_back(expression: str, by_ms: int) -> str:
    return _RANGE.sub(lambda match: f"[{int(match[1]) + by_ms}ms]", expression)


@dataclass
class _Answered:
    """What a Prometheus with these samples and rules would answer."""

    stored: _Stored
    alerts: list[Series] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dialect = Dialect.of(self.stored.run.prometheus_version)
        up = self.stored.series["up"]
        self.scrapes = {each.labels["instance"]: tuple(at for at, _ in each.points) for each in up}
        self.evaluations = tuple(round(at + LATE_S, 3) for at in next(iter(self.scrapes.values()))[:-1])
        for rule in self.stored.rules:
            self._follow(rule)
        self.memo = Memo()

    def health(self) -> list[dict[str, str]]:
        """Every rule, as Prometheus reports it."""
        return [
            {"file": rule.file, "group": rule.group, "name": rule.name, "health": "ok", "error": ""}
            for rule in self.stored.rules
        ]

    def answer(self, query: Query) -> dict[str, Any]:
        """As `Prometheus.fetch` gives it."""
        own: dict[str, Any] = {"query": query.text, "time_s": query.time_s}
        if query.start_s is not None:
            return own | {"start_s": query.start_s, "step_s": query.step_s, "result": []}
        if query.text.startswith("count by (__name__)"):
            return own | {"result": [_vector({"__name__": name}, query.time_s, 1.0) for name in self.stored.series]}
        try:
            tree = syntax.parse(query.text)
            return own | {
                "result": self._raw(tree, query.time_s) if query.text.endswith("]") else self._of(tree, query)
            }
        except UnsupportedError as error:
            return own | {"error": str(error), "code": "no-answer"}

    def _raw(self, node: Any, end_s: float) -> list[dict[str, Any]]:
        selection, start_s = syntax.selection(node.vector_selector), end_s - syntax.range_s(node)
        return [
            {"metric": dict(each.labels), "values": values}
            for each in self.stored.series.get(selection.metric, ())
            if selection.matches(each.labels)
            if (values := [[at, repr(value)] for at, value in each.points if start_s <= at <= end_s])
        ]

    def _of(self, node: Any, query: Query) -> list[dict[str, Any]]:
        return [_vector(dict(labels), query.time_s, value) for labels, value in self._value(node, query.time_s).items()]

    def _value(self, node: Any, at_s: float) -> dict[Any, float]:
        recordings = {rule.name: self.evaluations for rule in self.stored.rules}
        samples = Samples(
            series=self.stored.series,
            at_s=at_s,
            dialect=self.dialect,
            updates=self.scrapes,
            recordings=recordings,
            memo=self.memo,
        )
        value = Engine(samples).value(node)
        return value if isinstance(value, dict) else {(): value}

    def _follow(self, rule: Rule) -> None:
        """Store what a rule gives at each of its evaluations."""
        self.memo = Memo()  # there are more series since the last one
        tree = syntax.parse(rule.expression)
        found: dict[Any, list[tuple[float, float]]] = {}
        since: dict[Any, float] = {}
        for at_s in self.evaluations:
            given = self._value(tree, at_s)
            since = {labels: since.get(labels, at_s) for labels in given}
            for labels, value in given.items():
                if not rule.alert:
                    own = {**dict(labels), **rule.labels, "__name__": rule.name}
                    found.setdefault(tuple(sorted(own.items())), []).append((at_s, value))
                    continue
                state = "firing" if at_s - since[labels] >= rule.for_s else "pending"
                own = {**dict(labels), **rule.labels, "__name__": "ALERTS", "alertname": rule.name, "alertstate": state}
                found.setdefault(tuple(sorted(own.items())), []).append((at_s, 1.0))
        name = "ALERTS" if rule.alert else rule.name
        self.stored.series.setdefault(name, []).extend(Series(dict(own), tuple(each)) for own, each in found.items())
        told = {"__name__": rule_file.EVALUATION, "file": rule.file, "rule_group": rule.group}
        known = self.stored.series.setdefault(rule_file.EVALUATION, [])
        if all(dict(each.labels) != told for each in known):
            known.append(Series(told, tuple((at_s, 1.0) for at_s in self.evaluations)))


def _vector(labels: dict[str, str], time_s: float, value: float) -> dict[str, Any]:
    return {"metric": labels, "value": [time_s, repr(value)]}


def _write_samples(directory: Path, stored: _Stored) -> Any:
    """The stored samples, each once for every copy of its view, target and window; the shard that holds them."""
    shard = next(shard for shard in stored.run.shards if shard.phase == "measure")
    with pa.ipc.open_stream(STORED / shard.file) as reader:
        table = reader.read_all()
    rows = 0
    with pa.OSFile(str(directory / shard.file), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        for window in range(stored.shape.windows):
            for copy in range(stored.shape.views):
                made = _renamed(table, stored, window, copy)
                for _ in range(stored.shape.replicas):
                    writer.write_table(made)
                    rows += made.num_rows
        last = table.to_batches()[0].slice(0, 0)
        writer.write_batch(last, custom_metadata={CLOSING_KEY: str(rows)})
    return replace(shard, rows=rows)


def _renamed(table: pa.Table, stored: _Stored, window: int, copy: int) -> pa.Table:
    names = [stored.names(view) for view in table["view"].to_pylist()]
    shift_s = window * stored.run.window.length_s
    columns = {
        "view": [own[min(copy, len(own) - 1)] for own in names],
        "started_s": [at + shift_s for at in table["started_s"].to_pylist()],
    }
    for name, values in columns.items():
        place, column = table.schema.get_field_index(name), table.schema.field(name)
        table = table.set_column(place, column, pa.array(values, column.type))
    return table
