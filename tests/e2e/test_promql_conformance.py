"""The reference functions and the engine beside the real Prometheus, on generated cases that hold everything awkward.

Every function of the registry is compared, by the kinds of its arguments: adding one needs no word here.
"""

import json
import math
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import pytest
import requests

from harness import promql
from harness.core.query import Series
from harness.promql import FUNCTIONS, Dialect, Engine, Point, Samples, Value
from harness.promql.dates import PARTS
from harness.promql.functions import Kind, RangeFunction
from harness.runtime import process
from harness.runtime.prometheus import Prometheus
from harness.runtime.stack import prometheus_server

CASES = 300
AGREEMENT = 1e-9
EPOCH_S = 1_700_000_000
END_S = EPOCH_S + 600
LAYOUTS = (
    ("0.1", "0.5", "1", "5", "+Inf"),
    ("0.001", "0.01", "0.1", "1", "10", "+Inf"),
    ("-1", "0", "1", "+Inf"),
    ("0", "2", "+Inf"),
    ("-2", "-1", "+Inf"),
    ("1", "1.0", "2", "+Inf"),
    ("1e0", "2", "2.0", "4", "+Inf"),
    ("1", "2", "4"),
    ("+Inf",),
    ("3",),
    ("3", "+Inf"),
    ("-Inf", "2", "+Inf"),
    ("0.5", "5e-1", "0.50", "1", "+Inf"),
)
AWKWARD_VALUES = (
    "",
    " ",
    'a"b',
    "a\\b",
    "a\\nb",
    "a\nb",
    "a'b`c",
    "{x=~'.*'},y",
    "tab\there",
    "Straße 日本",
    "broken \ufffd rune",
)
QUANTILES = (-1.0, 0.0, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0, 2.0)
GAUGES = (
    *(0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.3, 7.0, -7.0, 1.0, math.e, 8.0, 1000.0, 1e-9, 123_456.789),
    *(1e16, -1e16, 1e300, -1e300, 1e-300, math.inf, -math.inf, math.nan),
)
NOTHING = ("cases_none", 'cases_none{case="1",other=~"2"}')
TIMES = "cases_v * 123456.789 > -1e15 < 1e15"
"""Those of the gauges that are times, far before and after 1970."""
NUMBERS = ("2", "-1", "0.1", "0", "Inf", "NaN")
TEXTS = {
    "label_replace": (("made", "$1-$2-${3}x$$", "value", "(.)(.*)"), ("value", "", "case", "[3-5]")),
    "label_join": (("made", "-", "value", "none", "case"), ("value", "")),
}
"""What is given to a function that takes texts."""


@dataclass(frozen=True)
class Counter:
    """One generated series, the range it is asked for, and the time at which that range ends."""

    points: tuple[Point, ...]
    range_s: float
    end_s: float


@dataclass(frozen=True)
class Histogram:
    """One generated classic histogram: `le` as written, cumulative count."""

    buckets: tuple[tuple[str, float], ...]

    @property
    def parsed(self) -> list[tuple[float, float]]:
        return [(float(le), count) for le, count in self.buckets]


@dataclass(frozen=True)
class Server:
    """A real Prometheus that holds all cases."""

    url: str
    dialect: Dialect

    def ask(self, query: str, at_s: float = END_S) -> dict[str, float]:
        """An instant query; values by the label `case`."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.url}/api/v1/query", data={"query": query, "time": f"{at_s:.3f}"}, timeout=60)
        assert answer.ok, answer.text
        result = answer.json()["data"]["result"]
        return {series["metric"]["case"]: float(series["value"][1]) for series in result}

    def value(self, query: str, at_s: float = END_S) -> Value:
        """As `ask`, by all labels; a number where the answer is one."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.url}/api/v1/query", data={"query": query, "time": f"{at_s:.3f}"}, timeout=60)
        if "unknown function" in answer.text:
            pytest.skip(f"this Prometheus has no such function: {query}")
        assert answer.ok, answer.text
        data = answer.json()["data"]
        if data["resultType"] == "scalar":
            return float(data["result"][1])
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in data["result"]}


def make_counter(number: int) -> Counter:
    """Irregular scrapes, gaps at the ends, resets, births, flat stretches, samples exactly on the edges."""
    rng = random.Random(f"counter {number}")
    step_s = rng.choice([0.5, 1, 5, 15, 30])
    jitter_s = rng.choice([0, 0, 0.003, step_s * 0.3])
    range_s = rng.choice([step_s * rng.uniform(1, 12), 60, 300])
    lead = rng.choice([0, 0, rng.uniform(0, 3)]) * step_s  # before the range's end, below and above 1.1 steps
    end_s = END_S + rng.choice([0, 0, rng.randrange(1000)]) / 1000
    first_s = end_s - rng.choice([range_s, range_s, range_s * 0.6, range_s + 5 * step_s])
    value = rng.choice([0.0, 0.0, 1.0, 7.5, 1e-9, 1e6, 1e12, 1e15 / 7])
    rises = rng.random() < 0.95
    at_s = first_s + rng.choice([0, 0, 0.001, rng.uniform(0, 2) * step_s])
    points: list[Point] = []
    while at_s <= end_s - lead and len(points) < 400:
        points.append((round(at_s, 3), value))
        if rises and rng.random() < 0.05:
            value = rng.choice([0.0, value / 3])
        elif rises and rng.random() < 0.8:
            value += rng.choice([0, 1, 2.5, rng.uniform(0, 100)])
        at_s += max(step_s + rng.uniform(-jitter_s, jitter_s), 0.001) * (
            rng.choice([2, 5]) if rng.random() < 0.05 else 1
        )
    if rng.random() < 0.1:
        points = points[-1:]
    return Counter(tuple(points) or ((end_s - 1.0, 1.0),), max(round(range_s, 3), 0.01), end_s)


def make_histogram(number: int) -> Histogram:
    """Odd layouts, no +Inf bucket, empty, falling counts, ranks exactly on an edge, rises by rounding, NaN."""
    rng = random.Random(f"histogram {number}")
    layout = LAYOUTS[number % len(LAYOUTS)]
    count, buckets = 0.0, []
    for le in layout:
        count += rng.choice([0, 0, 1, 10, 50, rng.uniform(0, 30)])
        buckets.append((le, count))
    if rng.random() < 0.15:
        buckets = [(le, 0.0) for le, _ in buckets]
    elif rng.random() < 0.2:
        falls = rng.randrange(len(buckets))
        buckets[falls] = (buckets[falls][0], buckets[falls][1] / 2)
    elif rng.random() < 0.3:  # half of all at each finite bound but for rounding, so that q = 0.5 is decided by it
        share, total = 0.5 * (1 - rng.choice([1e-16, 3e-13, 1.5e-12])), rng.choice([1.0, 0.3, 1e12])
        for place, (le, _) in enumerate(buckets):
            buckets[place] = (le, total if le == "+Inf" else total * share)
            share *= 1 + rng.choice([0, 2e-16, 4e-13, 1.2e-12, 1.9e-12, 3e-12])
    elif rng.random() < 0.1:
        broken = rng.randrange(len(buckets))
        buckets[broken] = (buckets[broken][0], rng.choice([math.nan, math.inf]))
    rng.shuffle(buckets)
    return Histogram(tuple(buckets))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All cases backfilled with promtool into one database, and a Prometheus on it."""
    binary = prometheus_server.find_prometheus(Path(__file__).resolve().parents[2])
    directory = tmp_path_factory.mktemp("conformance")
    text = directory / "cases.om"
    lines = ["# TYPE cases_c counter"]
    for number in range(CASES):
        lines += [f'cases_c_total{{case="{number}"}} {v!r} {t:.3f}' for t, v in make_counter(number).points]
    lines.append("# TYPE cases_h gauge")
    for number in range(CASES):
        buckets = make_histogram(number).buckets
        lines += [f'cases_h{{case="{number}",le="{le}"}} {as_text(v)} {END_S - 1}' for le, v in buckets]
    lines.append("# TYPE cases_l gauge")
    for number, value in enumerate(AWKWARD_VALUES):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")  # as OpenMetrics has it
        lines.append(f'cases_l{{case="{number}",value="{quoted}"}} {number} {END_S - 1}')
    lines.append("# TYPE cases_v gauge")
    lines += [f'cases_v{{case="{number}"}} {as_text(value)} {END_S - 1}' for number, value in enumerate(GAUGES)]
    text.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    promtool = binary.with_name("promtool") if binary.with_name("promtool").exists() else Path("promtool")
    data = directory / "data"
    backfill = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(backfill, check=True, capture_output=True, timeout=120)
    config = directory / "prometheus.yml"
    config.write_text("{}")
    port = process.free_port()
    command = [str(binary), f"--config.file={config}", f"--storage.tsdb.path={data}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"]
    service = process.spawn("prometheus", command, directory / "prometheus.log")
    try:
        url = f"http://127.0.0.1:{port}"
        yield Server(url, Dialect.of(await_version(service, url)))
    finally:
        process.stop(service)


def as_text(value: float) -> str:
    """A value as OpenMetrics writes it."""
    return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf") if math.isinf(value) else repr(value)


def await_version(service: process.Service, url: str) -> str:
    """The server's version, once it is ready."""
    deadline = time.monotonic() + 60
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            service.check_alive()
            try:
                if session.get(f"{url}/-/ready", timeout=5).ok:
                    build = session.get(f"{url}/api/v1/status/buildinfo", timeout=5).json()["data"]
                    return str(build["version"]) or Prometheus(url).evaluates_as()  # one built with Go knows none
            except requests.RequestException:
                pass
            time.sleep(0.1)
    raise AssertionError(f"{url} did not become ready:\n{process.tail(service.log)}")


def same(ours: float | None, theirs: float | None) -> bool:
    """Absent on both sides, NaN on both sides, or within `AGREEMENT` of each other, however small."""
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=AGREEMENT)


@pytest.mark.parametrize("function", ["rate", "increase"])
def test_the_reference_agrees_with_the_server_on_counters(server: Server, function: str) -> None:
    """Every generated series has the server's value, or none on both sides."""
    reference = {"rate": promql.rate, "increase": promql.increase}[function]
    wrong, with_value = [], 0
    for number in range(CASES):
        case = make_counter(number)
        query = f'{function}(cases_c_total{{case="{number}"}}[{promql.duration(case.range_s)}])'
        theirs = server.ask(query, case.end_s).get(str(number))
        ours = reference(case.points, case.end_s, case.range_s, server.dialect)
        with_value += theirs is not None
        if not same(ours, theirs):
            wrong.append((number, ours, theirs))
    assert wrong == []
    assert with_value > 200


def test_the_reference_agrees_with_the_server_on_quantiles(server: Server) -> None:
    """Every generated histogram has the server's quantile, NaN included."""
    wrong, finite = [], 0
    for q in QUANTILES:
        values = server.ask(f"histogram_quantile({q}, cases_h)")
        for number in range(CASES):
            ours = promql.histogram_quantile(q, make_histogram(number).parsed, server.dialect)
            theirs = values.get(str(number))
            finite += theirs is not None and math.isfinite(theirs)
            if not same(ours, theirs):
                wrong.append((number, q, ours, theirs, json.dumps(make_histogram(number).buckets)))
    assert wrong == []
    assert finite > 200


def stored() -> dict[str, list[Series]]:
    """All that the server holds, as the engine has it."""
    found: dict[str, list[Series]] = {"cases_c_total": [], "cases_h": [], "cases_l": [], "cases_v": []}

    def add(name: str, points: tuple[Point, ...], **labels: str) -> None:
        found[name].append(Series({"__name__": name, **labels}, points))

    for number in range(CASES):
        add("cases_c_total", make_counter(number).points, case=str(number))
        for le, value in make_histogram(number).buckets:
            add("cases_h", ((END_S - 1.0, value),), case=str(number), le=le)
    for number, text in enumerate(AWKWARD_VALUES):
        add("cases_l", ((END_S - 1.0, float(number)),), case=str(number), value=text)
    for number, value in enumerate(GAUGES):
        add("cases_v", ((END_S - 1.0, value),), case=str(number))
    return found


def calls(name: str) -> Iterator[tuple[str, float]]:
    """Calls of a function with all that its arguments may be, and when to ask for them."""
    kinds = FUNCTIONS[name].arguments
    if Kind.RANGE in kinds:
        for number in range(0, CASES, 2):
            case = make_counter(number)
            selector = f'cases_c_total{{case="{number}"}}[{promql.duration(case.range_s)}]'
            arguments = [selector if kind is Kind.RANGE else NUMBERS[number // 2 % 3] for kind in kinds]
            yield f"{name}({', '.join(arguments)})", case.end_s
        arguments = ['cases_none{case="1"}[1m]' if kind is Kind.RANGE else NUMBERS[0] for kind in kinds]
        yield f"{name}({', '.join(arguments)})", END_S
        return
    if Kind.TEXT in kinds:
        for texts in TEXTS[name]:
            yield f"{name}({', '.join(('cases_l', *map(promql.label_value, texts)))})", END_S
        return
    given_by_kind = {
        Kind.VECTOR: (TIMES if name in PARTS else "cases_v", "sum(cases_v == 7)", *NOTHING),
        Kind.TIMES: ("cases_v", "cases_c_total offset 10s", "cases_v @ 1700000599.5", "-cases_v", *NOTHING),
        Kind.BUCKETS: ("cases_h",),
        Kind.NUMBER: NUMBERS,
        Kind.QUANTILE: tuple(map(str, QUANTILES)),
    }
    for count in range(len(kinds) + 1):
        for given in product(*(given_by_kind[kind] for kind in kinds[:count])):
            text = f"{name}({', '.join(given)})"
            if is_call(text):
                yield text, END_S


def is_call(text: str) -> bool:
    """False where an argument is missing that is not optional."""
    try:
        return promql.parse(text) is not None
    except ValueError:
        return False


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_registry_agrees_with_the_server(server: Server, name: str) -> None:
    """The same series with the same labels and values, or a number on both sides."""
    series, wrong, compared = stored(), [], 0
    for text, at_s in calls(name):
        ours = Engine(Samples(series=series, at_s=float(at_s), dialect=server.dialect)).value(promql.parse(text))
        theirs = server.value(text, at_s)
        compared += 1 if isinstance(theirs, float) else len(theirs)
        if isinstance(theirs, float):
            theirs = {(): theirs}
            ours = {(): ours} if isinstance(ours, float) else {}
        assert isinstance(ours, dict)
        pairs = [(key, ours.get(key), theirs.get(key)) for key in {*ours, *theirs}]
        wrong += [(text, *pair) for pair in pairs if not same(*pair[1:])]
    assert wrong == []
    assert compared >= (100 if isinstance(FUNCTIONS[name], RangeFunction) else 1)


@pytest.mark.parametrize("number", range(len(AWKWARD_VALUES)))
def test_quoted_label_values_pick_their_series_alone(server: Server, number: int) -> None:
    """Quotes, backslashes, line breaks and whatever else a path or a view may hold."""
    query = promql.selector("cases_l", 'case!="none"', {"value": AWKWARD_VALUES[number]})
    assert server.ask(query) == {str(number): float(number)}


def test_the_generated_counters_hold_what_they_should() -> None:
    """Gaps on both sides of the threshold at both ends, resets, single samples, samples on the edges, and so on."""
    seen = set()
    for number in range(CASES):
        case = make_counter(number)
        start_s = case.end_s - case.range_s
        inside = [p for p in case.points if start_s - 1e-4 <= p[0] <= case.end_s]
        if len(inside) < 2:
            seen.add("none" if not inside else "one")
            continue
        step_s = (inside[-1][0] - inside[0][0]) / (len(inside) - 1)
        seen.add("end far" if case.end_s - inside[-1][0] >= 1.1 * step_s else "end near")
        seen.add("start far" if inside[0][0] - start_s >= 1.1 * step_s else "start near")
        if any(b[1] < a[1] for a, b in pairwise(inside)):
            seen.add("reset")
        if math.isclose(inside[0][0], start_s, abs_tol=1e-4):
            seen.add("on the start")
        if math.isclose(inside[-1][0], case.end_s, abs_tol=1e-4):
            seen.add("on the end")
        if inside[0][1] == inside[-1][1]:
            seen.add("flat")
        if inside[0][1] == 0 and inside[0] == case.points[0] and inside[0][0] > start_s + 1e-4:
            seen.add("born at zero within")
        if case.end_s % 1:
            seen.add("end between seconds")
    assert seen >= {"none", "one", "end far", "end near", "start far", "start near", "reset"}
    assert seen >= {"on the start", "on the end", "flat", "born at zero within", "end between seconds"}


def test_the_generated_histograms_tell_the_dialects_apart() -> None:
    """Some quantiles differ by what rounding is, and by no more than that change; ranks lie exactly on edges."""
    old, new = Dialect.of("2.48.0"), Dialect.of("2.49.0")
    histograms = [make_histogram(number) for number in range(CASES)]
    apart = [
        number
        for number, histogram in enumerate(histograms)
        for q in QUANTILES
        if not same(
            promql.histogram_quantile(q, histogram.parsed, old), promql.histogram_quantile(q, histogram.parsed, new)
        )
    ]
    on_edge = [
        histogram
        for histogram in histograms
        for q in QUANTILES
        if 0 < q < 1
        and any(count and count == q * max(c for _, c in histogram.buckets) for _, count in histogram.buckets)
    ]
    assert len(apart) >= 5
    assert len(on_edge) >= 20
    assert any(math.isnan(count) for histogram in histograms for _, count in histogram.buckets)
