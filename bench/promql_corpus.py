"""The engine beside a real Prometheus, on a corpus of generated expressions: `python bench/promql_corpus.py`.

In the manner of https://github.com/prometheus/compliance: templates whose places are filled with selectors, ranges,
functions and operators. Each expression is evaluated by both on the same samples; both must refuse it, or agree to
1e-9, or the engine must say that it does not evaluate it. `--prometheus FILE` names another binary than the harness's
own; what is not evaluated is listed in docs/promql.md.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import promql
from harness.core.query import Series
from harness.promql import FUNCTIONS, Engine, Samples, UnsupportedError, Value
from harness.promql.functions import Kind
from harness.runtime import process
from harness.runtime.prometheus import Prometheus
from harness.runtime.stack import embedded, prometheus_server

PROJECT = Path(__file__).resolve().parent.parent
SIZE = 2_500
SEED = 17
EPOCH_S, STEP_S, SCRAPES = 1_700_000_000, 5.0, 240
AT_S = EPOCH_S + 1_000.0
AGREEMENT = 1e-9
BOUNDS = ("0.1", "0.5", "1", "+Inf")
SELECTORS = (
    *("c_total", 'c_total{view="a"}', 'c_total{view!="b",i=~"[12]"}', 'c_total{view=~"a|b"}', "g", 'g{i="1"}'),
    *('g{i!~"1|2"}', "h_bucket", 'h_bucket{le="1"}', "h_sum", "h_count", 'c_total{none=""}', "nothing"),
)
RANGES = ("20s", "1m", "4m30s", "7ms", "1h")
GROUPS = ("", " by (view)", " by (i, le)", " without (i)", " by (none)", " by ()")
MATCHINGS = ("", " on (view, i)", " ignoring (le)", " on (i) group_left ()", " on (view) group_right (i)", " on ()")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=", "> bool", "== bool")
NUMBERS = ("0", "1", "-2.5", "1e3", "NaN", "Inf")
AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
SHIFTS = (
    *(" offset 1m", " offset 7s", " offset -30s", " offset -1h", " @ 1700000500", " @ 1700001500", " @ start()"),
    *(" @ end() offset 35s", " @ 1700000000.123 offset -5m", " offset 4m @ 1700000500"),
)
STEPS = ("30s", "7s", "1m", "")
SUBQUERY_RANGES = ("20s", "1m", "4m30s", "10m")
AWKWARD = (
    *("stddev(sum(g) / 0)", "hour(g / 0)", "hour()", "year(vector(1e12))", "month(vector(-1))", "days_in_month()"),
    *('count_values("v", g)', 'count_values without (i) ("v", c_total)', 'count_values by (v) ("v", g / 0)'),
    *('count_values("view", g)', "nothing + on () c_total", "c_total + on () nothing", "c_total > on (view) sum(g)"),
    *(
        "avg_over_time((g / 0)[1m:5s])",
        "max_over_time((c_total / c_total)[10m:])",
        "g atan2 2",
        "c_total atan2 c_total",
    ),
    *("max_over_time(max_over_time(g[1m:7s])[5m:30s])", "timestamp(g @ 1700000500)", "timestamp(abs(g))"),
    *("max_over_time(max_over_time(g[1m:7s] @ 1700000400)[5m:30s] offset 1m)", "timestamp((g offset 7s))"),
    *("absent_over_time(nothing{i='1'}[1m])", "absent_over_time(nothing{i='1'}[1m:])", "deriv((g / 0)[1m:5s])"),
    *("predict_linear(g[1m] offset 1m, 60)", "predict_linear(g[1m] @ 1700000500, -60)", "rate(g[1m:7s] offset -30s)"),
    *("sum_over_time(predict_linear(g[1m] @ 1700000500, 60)[1m:7s])", "predict_linear(g[1m] offset 12m, 600)"),
    *("sum_over_time(timestamp(g @ 1700000500)[1m:7s])", "sum_over_time(hour(g * 0 + time())[1m:7s])"),
    *("sum_over_time(timestamp(g)[1m:7s])", "max_over_time(time()[5m:1m])", "sum_over_time(vector(time())[1m:7s])"),
    *("max_over_time((g @ end())[5m:30s] offset 1m)", "last_over_time((g offset 1m)[1m:] @ 1700000500)"),
)
"""What the templates make too seldom, or not."""


@dataclass(frozen=True)
class Outcome:
    """One expression: `equal`, `refused` by both, `not evaluated`, or `differs`."""

    expression: str
    kind: str
    why: str = ""


def data() -> dict[str, list[Series]]:
    """Counters with resets and gaps, gauges with odd values, histograms; all on one grid of scrapes."""
    rng = random.Random(SEED)
    found: dict[str, list[Series]] = {name: [] for name in ("c_total", "g", "h_bucket", "h_sum", "h_count")}

    def add(name: str, values: Sequence[float], **labels: str) -> None:
        gap = rng.randrange(SCRAPES) if rng.random() < 0.3 else SCRAPES
        points = ((EPOCH_S + at * STEP_S, value) for at, value in enumerate(values) if not gap <= at < gap + 9)
        found[name].append(Series({"__name__": name, **labels}, tuple(points)))

    for view, i in product(("a", "b", "c"), ("1", "2", "3")):
        total, counted = 0.0, []
        for _ in range(SCRAPES):
            total = 0.0 if rng.random() < 0.01 else total + rng.choice([0, 1, 2.5, rng.uniform(0, 50)])
            counted.append(total)
        add("c_total", counted, view=view, i=i)
        add("g", [rng.choice([rng.gauss(0, 10), -1.5, 0.0, 1e12]) for _ in range(SCRAPES)], view=view, i=i)
        steps = [[rng.randrange(5) for _ in BOUNDS] for _ in range(SCRAPES)]
        sums = [0] * len(BOUNDS)
        history = []
        for step in steps:
            sums = [old + new for old, new in zip(sums, step, strict=True)]
            history.append(list(sums))
        for place, le in enumerate(BOUNDS):
            add("h_bucket", [float(sum(each[: place + 1])) for each in history], view=view, i=i, le=le)
        add("h_count", [float(sum(each)) for each in history], view=view, i=i)
        add("h_sum", [sum(each) * 0.37 for each in history], view=view, i=i)
    return found


def corpus(rng: random.Random) -> Iterator[str]:
    """Expressions without end, of which some are refused."""

    def vector(depth: int) -> str:
        kind = rng.randrange(10 if depth else 2)
        match kind:
            case 0:
                return shifted(rng.choice(SELECTORS))
            case 1:
                return ranged(depth)
            case 2:
                return f"{rng.choice(AGGREGATIONS)}{rng.choice(GROUPS)} ({vector(depth - 1)})"
            case 3:
                name = rng.choice(("topk", "bottomk", "quantile"))
                number = rng.choice(("1", "2", "5")) if name != "quantile" else rng.choice(("0.5", "0.9", "-1", "2"))
                return f"{name}{rng.choice(GROUPS)} ({number}, {vector(depth - 1)})"
            case 4:
                return f"({vector(depth - 1)}) {rng.choice((*ARITHMETIC, *COMPARISONS))} {rng.choice(NUMBERS)}"
            case 5:
                operator = rng.choice((*ARITHMETIC, *COMPARISONS))
                return f"({vector(depth - 1)}) {operator}{rng.choice(MATCHINGS)} ({vector(depth - 1)})"
            case 6:
                matching = rng.choice(MATCHINGS[:3])
                return f"({vector(depth - 1)}) {rng.choice(('and', 'or', 'unless'))}{matching} ({vector(depth - 1)})"
            case 7:
                counted = rng.choice((rng.choice(SELECTORS), f"count by (view) ({vector(depth - 1)})"))
                return f'count_values{rng.choice(GROUPS)} ("v", {counted})'
            case 8:
                return f"histogram_quantile({rng.choice(('0.5', '0.95', '1', '-1'))}, {vector(depth - 1)})"
            case _:
                return instant(vector(depth - 1))

    def shifted(selector: str) -> str:
        return selector + (rng.choice(SHIFTS) if rng.random() < 0.2 else "")

    def ranged(depth: int) -> str:
        name = rng.choice([each for each, function in FUNCTIONS.items() if Kind.RANGE in function.arguments])
        if depth and rng.random() < 0.5:
            steps = f"{rng.choice(SUBQUERY_RANGES)}:{rng.choice(STEPS)}"
            given = shifted(f"({vector(depth - 1)})[{steps}]")
        else:
            given = shifted(f"{rng.choice(SELECTORS)}[{rng.choice(RANGES)}]")
        kinds = FUNCTIONS[name].arguments
        return f"{name}({', '.join(given if kind is Kind.RANGE else '0.7' for kind in kinds)})"

    def instant(inner: str) -> str:
        name = rng.choice(
            [
                each
                for each, f in FUNCTIONS.items()
                if {Kind.VECTOR, Kind.TIMES} & {*f.arguments} and "label" not in each
            ]
        )
        if name in ("sin", "cos", "tan"):  # of a large number that is computed they show nothing but rounding
            inner = rng.choice(SELECTORS)
        count = FUNCTIONS[name].arguments.count(Kind.NUMBER)
        return f"{name}({', '.join((inner, *rng.choices(('-1', '0.5', '2'), k=count)))})"

    yield from AWKWARD
    while True:
        yield vector(rng.randrange(4))


def compared(url: str, text: str, series: dict[str, list[Series]], dialect: promql.Dialect) -> Outcome:
    """One expression, evaluated by both."""
    theirs, error = asked(url, text)
    try:
        ours = Engine(Samples(series=series, at_s=AT_S, dialect=dialect)).value(promql.parse(text))
    except UnsupportedError as unsupported:
        return Outcome(text, "refused" if theirs is None else "not evaluated", str(unsupported))
    except ValueError as unreadable:
        return Outcome(text, "refused" if theirs is None else "differs", f"not read: {unreadable}")
    if theirs is None:
        return Outcome(text, "differs", f"only Prometheus refuses it: {error}")
    mine, other = ({(): each} if isinstance(each, float) else each for each in (ours, theirs))
    for labels in sorted({*mine, *other}):
        if not same(mine.get(labels), other.get(labels)):
            return Outcome(text, "differs", f"{dict(labels)}: {mine.get(labels)}, Prometheus {other.get(labels)}")
    return Outcome(text, "equal")


def same(ours: float | None, theirs: float | None) -> bool:
    """Both absent, both NaN, or within 1e-9; where differences of large values are left, within their rounding."""
    if ours is None or theirs is None:
        return ours is theirs
    return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=AGREEMENT, abs_tol=1e-9)


def asked(url: str, text: str) -> tuple[Value | None, str]:
    """What Prometheus answers; None and why when it refuses."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{url}/api/v1/query", data={"query": text, "time": f"{AT_S:.3f}"}, timeout=60).json()
    if answer["status"] != "success":
        return None, str(answer["error"])
    found = answer["data"]
    if found["resultType"] == "scalar":
        return float(found["result"][1]), ""
    return {tuple(sorted(each["metric"].items())): float(each["value"][1]) for each in found["result"]}, ""


def stored(series: dict[str, list[Series]], promtool: Path, directory: Path) -> None:
    """Blocks of the data, as Prometheus reads them."""
    lines = []
    for name, several in series.items():
        for each in several:
            labels = ",".join(f'{key}="{value}"' for key, value in each.labels.items() if key != "__name__")
            lines += [f"{name}{{{labels}}} {value!r} {at:.3f}" for at, value in each.points]
    (directory / "data.om").write_text("\n".join((*lines, "# EOF\n")))
    paths = (str(directory / "data.om"), str(directory / "tsdb"))
    command = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", *paths]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prometheus", type=Path, default=None, help="a Prometheus binary, with promtool beside it")
    parser.add_argument("--size", type=int, default=SIZE, help="expressions (default: %(default)s)")
    chosen = parser.parse_args()
    binary = chosen.prometheus or prometheus_server.find_prometheus(PROJECT)
    series = data()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as running:
        directory = Path(scratch)
        stored(series, binary.with_name("promtool"), directory)
        (directory / "prometheus.yml").write_text("{}")

        def launch(port: int) -> process.Service:
            command = [
                str(binary),
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'tsdb'}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ]
            return process.registered(
                running, lambda: process.spawn("prometheus", command, directory / "prometheus.log")
            )

        port, _ = process.start_on_port(launch, lambda port: embedded.ask(f"http://127.0.0.1:{port}/-/ready"), 60, 0)
        url = f"http://127.0.0.1:{port}"
        version = requests.get(f"{url}/api/v1/status/buildinfo", timeout=10).json()["data"]["version"]
        version = version or Prometheus(url).evaluates_as()  # one built with Go knows none
        dialect, texts = promql.Dialect.of(version), corpus(random.Random(SEED))
        seen: dict[str, Outcome] = {}
        while len(seen) < chosen.size:
            text = next(texts)
            if text not in seen:
                seen[text] = compared(url, text, series, dialect)
    counts = Counter(each.kind for each in seen.values())
    print(f"Prometheus {version}: {json.dumps(dict(sorted(counts.items())))} of {len(seen)} expressions")
    for reason, count in Counter(each.why for each in seen.values() if each.kind == "not evaluated").most_common():
        print(f"  not evaluated, {count}: {reason}")
    for each in seen.values():
        if each.kind == "differs":
            print(f"  differs: {each.expression}\n    {each.why}")
    sys.exit(1 if counts["differs"] else 0)


if __name__ == "__main__":
    main()
