"""A stored run with one thing changed, and all that then does not pass: the cases of test_codes.

Longer than other files, for it is a table: one case a way to go wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.checks import UNNAMED
from harness.core.codes import Code
from harness.core.verdict import Status
from harness.instrumentation.django_prometheus import metrics as names
from tests.recorded.alerted import UP
from tests.recorded.changes import (
    ALWAYS,
    BUCKETS,
    CALIBRATED,
    COUNT,
    INSERTS,
    OTHER,
    SUM,
    WITNESS,
    Answer,
    Change,
    added,
    alert,
    answers,
    answers_to,
    calibrated,
    emptied,
    failing,
    fired,
    first_panel,
    first_row,
    gap,
    identified,
    ledger,
    ledgers,
    limit,
    limit_on_promql,
    lost_probe,
    no_series,
    nothing,
    only_answers,
    only_series,
    panel,
    plain_alias,
    probe_answers,
    probed,
    raised,
    raw_points,
    recorded,
    rows,
    run_with,
    said_by_another,
    scaled,
    scrapes_as_traffic,
    second_instance,
    shown,
    started,
    table_with,
    timed_out,
    together,
    unevaluated,
    unreadable,
    value,
    without_answers,
    without_points,
    without_probe_answers,
    without_probe_scrapes,
)

Outcome = tuple[str, Status, Code]
TORN = table_with("window", known_torn=[0, 1])
Checks = str
"""Ids, with a space between two."""
ASKING: Checks = (
    "quiescence request-conservation response-conservation side-counters latency-conservation request-counts rate "
    "error-ratio exceptions latency-buckets percentiles timer-span database cache model-ops resolution"
)
"""Those that ask Prometheus for the growth of counters."""
COUNTING: Checks = (
    "request-conservation request-counts rate error-ratio latency-buckets percentiles timer-span database resolution "
    "blind-spot thresholds"
)
"""Those that need usable samples, whatever the app uses."""


@dataclass(frozen=True, slots=True)
class Case:
    """One change, and the codes of all verdicts that do not pass, with the checks that give them."""

    change: Change
    fails: Mapping[Code, Checks] = field(default_factory=dict)
    open: Mapping[Code, Checks] = field(default_factory=dict)
    """The inconclusive ones."""
    passes: Checks = ""
    """Checks that must give a PASS."""

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """All that must be there."""
        for check in self.passes.split():
            yield check, Status.PASS, Code.AGREES
        for status, found in ((Status.FAIL, self.fails), (Status.INCONCLUSIVE, self.open)):
            for code, checks in found.items():
                for check in checks.split():
                    yield check, status, code


PROBES: Mapping[str, Case] = {
    "probes": Case(probed(), passes="probes"),
    "probes without a witness": Case(probed(witness=False), passes="probes"),
    "probes without a witness, timed too long": Case(
        probed(witness=False, fallen=-0.1), fails={Code.TOO_HIGH: "probes"}, passes="probes"
    ),
    "a probe that is not counted": Case(probed(counted=2), fails={Code.SHORT: "probes"}),
    "a probe that is not timed": Case(probed(timed=2), fails={Code.SHORT: "probes"}),
    "probes of another status": Case(probed(status="500"), fails={Code.MISSING: "probes"}),
    "a probe that is counted twice": Case(probed(counted=4), fails={Code.OVER: "probes"}),
    "probes of which the timer misses a share": Case(
        probed(fallen=0.06), fails={Code.TOO_LOW: "probes"}, passes="probes"
    ),
    "probes that took less than the metric says": Case(
        probed(fallen=-0.001), fails={Code.TOO_HIGH: "probes"}, passes="probes"
    ),
    "a probe in too low a bucket": Case(probed(fast=1), fails={Code.TOO_LOW: "probes"}, passes="probes"),
    "a probe without a response": Case(together(probed(), lost_probe), open={Code.SAMPLES_UNUSABLE: "probes"}),
    "no answer on the probes' scrapes": Case(
        together(probed(), without_probe_scrapes),
        open={Code.NO_SCRAPE: "probes", Code.NO_ANSWER: "scrape-health"},
    ),
    "no answer on the probes": Case(
        together(probed(), without_probe_answers), open={Code.NO_ANSWER: "probes scrape-health"}
    ),
    "refused queries on the probes": Case(
        together(probed(), probe_answers(failing(Code.REFUSED))), open={Code.REFUSED: "probes"}
    ),
    "unreadable answers on the probes": Case(
        together(probed(), probe_answers(unreadable)), open={Code.UNREADABLE: "probes"}
    ),
}
WHOLE: Mapping[str, Case] = {
    "nothing changed": Case(lambda run: run, passes=" ".join(name for name in UNNAMED if name != "alerts")),
    "a truncated shard": Case(
        lambda run: run.measured()[0].write_bytes(run.measured()[0].read_bytes()[:-200]),
        open={Code.SAMPLES_LOST: "generator-health", Code.SAMPLES_UNUSABLE: f"{COUNTING} exceptions cache model-ops"},
    ),
    "no answer but on the scrapes": Case(
        only_answers("up{"), open={Code.NO_ANSWER: f"{ASKING} scrape-health migrations dashboards"}
    ),
    "no answer on the scrapes": Case(
        without_answers("up{"),
        open={Code.NO_ANSWER: "scrape-health dashboards", Code.NO_SCRAPE: f"{ASKING} scrape-health"},
    ),
    "refused queries": Case(
        answers(failing(Code.REFUSED), but_up=True),
        open={Code.REFUSED: f"{ASKING} scrape-health migrations dashboards"},
    ),
    "unreadable answers": Case(
        answers(unreadable, but_up=True), open={Code.UNREADABLE: f"{ASKING} scrape-health migrations dashboards"}
    ),
    "no series but of the scrapes": Case(
        answers(emptied, but_up=True),
        fails={
            Code.MISSING: "request-conservation request-counts rate error-ratio exceptions latency-buckets database "
            "cache model-ops"
        },
        open={
            Code.COUNTS_DIFFER: "timer-span",
            Code.NOTHING_COUNTED: "scrape-health response-conservation side-counters latency-conservation resolution",
            Code.NO_REFERENCE: "database",
            Code.NO_SERIES: "scrape-health quiescence rate percentiles timer-span migrations",
        },
    ),
    "another Prometheus": Case(
        run_with(prometheus_version="unknown"), open={Code.UNKNOWN_VERSION: "rate percentiles dashboards"}
    ),
}
LOAD: Mapping[str, Case] = {
    "a deleted sample": Case(
        lambda run: run.change_rows(lambda rows: rows[1:]),
        fails={
            Code.CHANGED: "generator-health",
            Code.DILUTED: "error-ratio",
            Code.OVER: "request-conservation request-counts rate",
        },
        open={Code.COUNTS_DIFFER: "timer-span"},
    ),
    "no sample": Case(
        lambda run: run.change_rows(lambda _: []),
        fails={Code.CHANGED: "generator-health"},
        open={Code.NO_SAMPLES: "generator-health", Code.SAMPLES_UNUSABLE: COUNTING},
    ),
    "a crashed generator": Case(
        table_with("generator", exit_code=-9), open={Code.GENERATOR_CRASHED: "generator-health"}
    ),
    "a load that was cut": Case(
        together(
            table_with("generator", loaded_s=1.0, stopped_by=2), run_with(thresholds=[limit("p95 < 1s", "p95", 1.0)])
        ),
        open={Code.LOAD_CUT: "generator-health thresholds"},
    ),
    "fewer users": Case(table_with("generator", peak_users=1), open={Code.NOT_DELIVERED: "generator-health"}),
    "a busy generator": Case(
        together(table_with("generator", cpu_ratio=0.99), run_with(thresholds=[limit("p95 < 1s", "p95", 1.0)])),
        open={Code.SATURATED: "generator-health blind-spot thresholds"},
    ),
    "a busy generator without a witness": Case(
        together(calibrated, table_with("generator", cpu_ratio=0.99)),
        open={Code.SATURATED: "generator-health latency-buckets percentiles blind-spot thresholds"},
    ),
    "a generator that stood still, without a witness": Case(
        together(calibrated, table_with("generator", stalled_s=60.0)),
        open={Code.GENERATOR_STALLED: "generator-health latency-buckets percentiles blind-spot thresholds"},
    ),
    "a generator that ended with a code of its own": Case(
        together(
            table_with("generator", loaded_s=1.0, exit_code=7), run_with(thresholds=[limit("p95 < 1s", "p95", 1.0)])
        ),
        open={Code.GENERATOR_CRASHED: "generator-health thresholds"},
    ),
}
SCRAPES: Mapping[str, Case] = {
    "another clock": Case(table_with("window", clock_skew_s=60.0), fails={Code.CLOCK_SKEW: "scrape-health"}),
    "a counter that falls": Case(
        raw_points(names.REQUESTS, lambda points: points[8].__setitem__(1, "0")),
        fails={
            Code.COUNTER_RESET: "scrape-health",
            Code.OVER: "request-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation",
        },
    ),
    "processes in turn": Case(started(1.0, 3.0, 2.0), fails={Code.IN_TURN: "scrape-health"}),
    "a process after another": Case(started(1.0, 2.0), fails={Code.RESTARTED: "scrape-health"}),
    "a series less": Case(
        shown("count by (instance)", lambda value: value - 1), fails={Code.LABELS_COLLIDE: "scrape-health"}
    ),
    "a process that ended": Case(run_with(ended=["the target (exit -9)"]), fails={Code.PROCESS_ENDED: "scrape-health"}),
    "a bucket more": Case(
        added(BUCKETS, 1, view="work:slow", le="0.02"),
        fails={Code.PANEL_DIFFERS: "percentiles", Code.RAW_DIFFERS: "scrape-health"},
    ),
    "scrapes left out": Case(
        raw_points("up", lambda points: points.__delitem__(slice(6, 9))),
        fails={Code.SCRAPES_MISSING: "scrape-health"},
    ),
    "a failed scrape": Case(
        raw_points("up", lambda points: points[6].__setitem__(1, "0")), fails={Code.TARGET_DOWN: "scrape-health"}
    ),
    "a scrape that timed out": Case(timed_out(), fails={Code.SCRAPES_TIMED_OUT: "scrape-health"}),
    "scrapes of which none succeeded": Case(
        raw_points("up", lambda points: [each.__setitem__(1, "0") for each in points]),
        fails={Code.TARGET_DOWN: "scrape-health"},
    ),
    "a busy machine": Case(timed_out(others_s=0.6, waited_ratio=0.97), open={Code.MACHINE_BUSY: "scrape-health"}),
    "a slow page on a busy machine": Case(
        timed_out(others_s=0.3, waited_ratio=0.97), fails={Code.SCRAPES_TIMED_OUT: "scrape-health"}
    ),
    "a machine that is not busy": Case(
        timed_out(others_s=0.6, waited_ratio=0.5), fails={Code.SCRAPES_TIMED_OUT: "scrape-health"}
    ),
    "a failed scrape that kept the target busy": Case(
        together(
            raw_points("up", lambda points: points[6].__setitem__(1, "0")), scaled(f"{names.LATENCY_ALL}_sum", 1.2)
        ),
        fails={Code.TARGET_DOWN: "scrape-health", Code.RAW_DIFFERS: "scrape-health"},
    ),
    "an instance that is gone": Case(
        run_with(instances=["127.0.0.1:38541", "gone:1"]),
        fails={Code.TARGET_GONE: "scrape-health"},
    ),
    "traffic of others": Case(table_with("window", idle_requests_start=4), fails={Code.FOREIGN_TRAFFIC: "quiescence"}),
    "unknown traffic": Case(table_with("window", idle_requests_start=None), open={Code.NO_SCRAPE: "quiescence"}),
    "a request in flight": Case(raw_points(names.REQUESTS, raised), fails={Code.IN_FLIGHT: "quiescence"}),
    "a response without a request": Case(raw_points(names.RESPONSES, raised), fails={Code.UNREQUESTED: "quiescence"}),
    "traffic of others on a target of one's own": Case(
        together(run_with(embedded=False), table_with("window", idle_requests_start=4)),
        open={Code.FOREIGN_TRAFFIC: "quiescence"},
    ),
}
COUNTS: Mapping[str, Case] = {
    "a request more": Case(
        added(names.REQUESTS, 1),
        fails={
            Code.IN_FLIGHT: "quiescence",
            Code.OVER: "request-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation",
        },
    ),
    "a request less": Case(
        added(names.REQUESTS, -1),
        fails={
            Code.OVER: "response-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "request-conservation",
            Code.UNREQUESTED: "quiescence",
        },
    ),
    "no requests": Case(
        no_series(names.REQUESTS),
        fails={
            Code.MISSING: "request-conservation",
            Code.OVER: "response-conservation",
            Code.RAW_DIFFERS: "scrape-health",
        },
        open={Code.NO_SERIES: "quiescence"},
    ),
    "one process under two addresses": Case(
        second_instance(1.0),
        fails={
            Code.RAW_DIFFERS: "scrape-health",
            Code.SCRAPED_TWICE: "request-conservation",
            Code.TOO_HIGH: "timer-span",
            Code.TOO_LOW: "timer-span",
        },
    ),
    "two instances without load": Case(
        together(scaled(SUM, 0.0), second_instance(1.0)),
        fails={
            Code.RAW_DIFFERS: "scrape-health",
            Code.TOO_LOW: "timer-span",
        },
        open={Code.NOTHING_COUNTED: "request-conservation"},
    ),
    "a response more": Case(
        added(names.RESPONSES, 1),
        fails={
            Code.OVER: "response-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation latency-conservation",
            Code.UNREQUESTED: "quiescence",
        },
    ),
    "a response less": Case(
        added(names.RESPONSES, -1),
        fails={
            Code.IN_FLIGHT: "quiescence",
            Code.OVER: "response-conservation latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation",
        },
    ),
    "no responses": Case(
        no_series(names.RESPONSES),
        fails={
            Code.MISSING: "response-conservation",
            Code.OVER: "response-conservation latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
        },
        open={Code.NO_SERIES: "quiescence"},
    ),
    "no responses by status": Case(
        no_series(names.RESPONSES_BY_STATUS),
        fails={
            Code.MISSING: "response-conservation",
            Code.OVER: "response-conservation side-counters",
            Code.RAW_DIFFERS: "scrape-health",
        },
    ),
    "a transport more": Case(
        added(names.REQUESTS_BY_TRANSPORT, 1), fails={Code.OVER: "side-counters", Code.RAW_DIFFERS: "scrape-health"}
    ),
    "a transport less": Case(
        added(names.REQUESTS_BY_TRANSPORT, -1), fails={Code.RAW_DIFFERS: "scrape-health", Code.SHORT: "side-counters"}
    ),
    "no transport": Case(
        no_series(names.REQUESTS_BY_TRANSPORT), fails={Code.MISSING: "side-counters", Code.RAW_DIFFERS: "scrape-health"}
    ),
    "a timing more": Case(
        added(COUNT, 1, view="work:slow"),
        fails={
            Code.OVER: "latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "latency-conservation",
        },
    ),
    "a timing less": Case(
        added(COUNT, -1, view="work:slow"),
        fails={
            Code.OVER: "latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "latency-conservation",
        },
    ),
    "a timing less of a view, where a scrape of others tore the end": Case(
        together(added(COUNT, -1, view="work:slow"), TORN),
        fails={
            Code.OVER: "latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "latency-conservation",
        },
    ),
    "a bucket less of a view, where a scrape of others tore the end": Case(
        together(only_series(BUCKETS, lambda labels: (labels["view"], labels["le"]) != ("work:slow", "0.1")), TORN),
        fails={
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "latency-conservation",
        },
    ),
    "a success less, where a scrape of others tore the end": Case(
        together(added(names.RESPONSES_BY_VIEW, -1, view="work:fast"), TORN),
        fails={
            Code.OVER: "latency-conservation error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "request-counts rate",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no timing": Case(
        no_series(COUNT),
        fails={
            Code.MISSING: "latency-conservation",
            Code.OVER: "latency-conservation",
            Code.RAW_DIFFERS: "scrape-health",
        },
    ),
    "a success more": Case(
        added(names.RESPONSES_BY_VIEW, 1, view="work:fast"),
        fails={
            Code.DILUTED: "error-ratio",
            Code.OVER: "response-conservation request-counts rate",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation latency-conservation",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a success less": Case(
        added(names.RESPONSES_BY_VIEW, -1, view="work:fast"),
        fails={
            Code.OVER: "response-conservation latency-conservation error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation request-counts rate",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a view less": Case(
        only_series(names.RESPONSES_BY_VIEW, lambda labels: labels["view"] != "work:fast"),
        fails={
            Code.MISSING: "request-counts rate",
            Code.OVER: "response-conservation latency-conservation error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation rate",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "an error more": Case(
        added(names.RESPONSES_BY_VIEW, 1, view="work:fail", status="500"),
        fails={
            Code.DILUTED: "error-ratio",
            Code.OVER: "response-conservation request-counts rate error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation latency-conservation",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "an error less": Case(
        added(names.RESPONSES_BY_VIEW, -1, view="work:fail", status="500"),
        fails={
            Code.COUNTER_RESET: "scrape-health",
            Code.OVER: "response-conservation latency-conservation error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation request-counts rate error-ratio",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no error": Case(
        only_series(names.RESPONSES_BY_VIEW, lambda labels: not labels["status"].startswith("5")),
        fails={
            Code.MISSING: "request-counts rate error-ratio",
            Code.OVER: "response-conservation latency-conservation error-ratio",
            Code.PANEL_DIFFERS: "rate",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "response-conservation rate",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "another rate": Case(
        shown("sum by (view, method) (rate(", lambda value: value * (1 + 1e-6)), fails={Code.PANEL_DIFFERS: "rate"}
    ),
    "no rate": Case(answers_to("sum by (view, method) (rate(", emptied), open={Code.NO_SERIES: "rate"}),
    "an exception more": Case(
        added(names.EXCEPTIONS_BY_TYPE, 1, type="RuntimeError"),
        fails={Code.OVER: "latency-conservation exceptions", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "an exception less": Case(
        added(names.EXCEPTIONS_BY_TYPE, -1, type="RuntimeError"),
        fails={
            Code.COUNTER_RESET: "scrape-health",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SHORT: "latency-conservation exceptions",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no exceptions": Case(
        no_series(names.EXCEPTIONS_BY_TYPE),
        fails={Code.MISSING: "latency-conservation exceptions", Code.RAW_DIFFERS: "scrape-health"},
    ),
}
LATENCY: Mapping[str, Case] = {
    "no histogram of a view": Case(
        only_series(BUCKETS, lambda labels: labels["view"] != "work:slow"),
        fails={
            Code.MISSING: "latency-conservation latency-buckets",
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
        },
        open={Code.COUNTS_DIFFER: "timer-span", Code.UNPREDICTED: "dashboards"},
    ),
    "no finite bound": Case(
        only_series(BUCKETS, lambda labels: labels["le"] == "+Inf"),
        fails={
            Code.ABOVE_HIGHEST_BOUND: "resolution",
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
        },
        open={Code.NOT_A_NUMBER: "percentiles", Code.NO_BUCKETS: "latency-buckets", Code.UNPREDICTED: "dashboards"},
    ),
    "no finite bound and no witness": Case(
        together(CALIBRATED, only_series(BUCKETS, lambda labels: labels["le"] == "+Inf")),
        fails={
            Code.ABOVE_HIGHEST_BOUND: "resolution",
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
        },
        open={
            Code.NOT_A_NUMBER: "percentiles",
            Code.NO_BUCKETS: "latency-buckets blind-spot",
            Code.UNPREDICTED: "dashboards",
        },
    ),
    "no histogram and no witness": Case(
        together(CALIBRATED, no_series(BUCKETS)),
        fails={Code.MISSING: "latency-conservation latency-buckets", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.NO_SERIES: "percentiles", Code.NO_WITNESS: "blind-spot"},
    ),
    "few bounds": Case(
        only_series(BUCKETS, lambda labels: labels["le"] in ("1.0", "+Inf")),
        fails={
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
            Code.TOO_COARSE: "resolution",
            Code.TOO_LOW: "percentiles",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a low highest bound": Case(
        only_series(BUCKETS, lambda labels: float(labels["le"]) < 0.01 or labels["le"] == "+Inf"),
        fails={
            Code.ABOVE_HIGHEST_BOUND: "resolution",
            Code.PANEL_DIFFERS: "percentiles",
            Code.RAW_DIFFERS: "scrape-health",
            Code.TOO_HIGH: "percentiles",
        },
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "fewer fast requests": Case(
        scaled(BUCKETS, 0.5, view="work:slow", le="0.04"),
        fails={Code.RAW_DIFFERS: "scrape-health", Code.TOO_HIGH: "latency-buckets"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "more fast requests": Case(
        added(BUCKETS, 30, view="work:slow", le="0.01"),
        fails={Code.RAW_DIFFERS: "scrape-health", Code.TOO_LOW: "latency-buckets"},
    ),
    "higher percentiles": Case(
        shown("histogram_quantile(0.95, sum by (le, view, method) (d", lambda value: value * 3),
        fails={Code.TOO_HIGH: "percentiles"},
    ),
    "lower percentiles": Case(
        shown("histogram_quantile(0.95, sum by (le, view, method) (d", lambda value: value / 3),
        fails={Code.TOO_LOW: "percentiles"},
    ),
    "percentiles without value": Case(
        shown("histogram_quantile(0.95, sum by (le, view, method) (d", lambda _: float("nan")),
        open={Code.NO_VALUE: "percentiles"},
    ),
    "no percentiles": Case(
        answers_to("histogram_quantile(0.95, sum by (le, view, method) (d", emptied),
        open={Code.NO_SERIES: "percentiles"},
    ),
    "other percentiles of panels": Case(
        shown("histogram_quantile(0.95, sum by (le, view, method) (rate", lambda value: value * 1.1),
        fails={Code.PANEL_DIFFERS: "percentiles"},
    ),
    "a request timed twice": Case(
        added(BUCKETS, 1, view="work:slow", le="+Inf"),
        fails={Code.OVER: "latency-conservation", Code.PANEL_DIFFERS: "percentiles", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.COUNTS_DIFFER: "timer-span", Code.UNPREDICTED: "dashboards"},
    ),
    "less time": Case(
        scaled(SUM, 0.9, view="work:slow"), fails={Code.RAW_DIFFERS: "scrape-health", Code.TOO_LOW: "timer-span"}
    ),
    "more time": Case(
        scaled(SUM, 1.1, view="work:slow"), fails={Code.RAW_DIFFERS: "scrape-health", Code.TOO_HIGH: "timer-span"}
    ),
    "no outer witness": Case(
        rows(lambda row: row.update(witness_app_s=None)),
        open={Code.NO_REFERENCE: "timer-span database", Code.NO_WITNESS: "timer-span"},
    ),
    "a response without a witness": Case(
        first_row(lambda row: row["status"] == 200, **dict.fromkeys(WITNESS)), passes="timer-span"
    ),
    "no witness": Case(CALIBRATED),
    "no witness and more time": Case(
        together(CALIBRATED, scaled(f"{names.LATENCY_ALL}_sum", 1.5)),
        fails={Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNDECIDED: "timer-span"},
    ),
    "no duration of the scrapes": Case(no_series("scrape_duration_seconds"), open={Code.NO_SERIES: "timer-span"}),
    "a narrow budget": Case(table_with("budget", blind_spot_s={"p50": 1e-6}), fails={Code.OVER_BUDGET: "blind-spot"}),
    "a limit that is not kept": Case(
        run_with(thresholds=[limit("p95 < 1ms", "p95", 0.001)]), fails={Code.LIMIT_EXCEEDED: "thresholds"}
    ),
    "a limit on an unknown view": Case(
        run_with(thresholds=[limit("p95 < 1s", "p95", 1.0, view="nowhere")]), open={Code.UNKNOWN_VIEW: "thresholds"}
    ),
    "a limit on PromQL": Case(limit_on_promql(value("0.5"))),
    "a limit on PromQL without an answer": Case(
        limit_on_promql(error="any words", code=Code.NO_ANSWER), open={Code.NO_ANSWER: "thresholds"}
    ),
    "a limit on PromQL that is refused": Case(
        limit_on_promql(error="any words", code=Code.REFUSED), open={Code.REFUSED: "thresholds"}
    ),
    "a limit on PromQL without series": Case(limit_on_promql([]), open={Code.NO_SERIES: "thresholds"}),
    "a limit on PromQL that gives a text": Case(limit_on_promql([1.0, "a text"]), open={Code.UNREADABLE: "thresholds"}),
    "a limit on PromQL that gives NaN": Case(limit_on_promql(value("NaN")), open={Code.NOT_A_NUMBER: "thresholds"}),
}
DJANGO: Mapping[str, Case] = {
    "a statement more": Case(
        added(names.EXECUTES, 1),
        fails={Code.OVER: "database", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a statement less": Case(
        added(names.EXECUTES, -1),
        fails={Code.RAW_DIFFERS: "scrape-health", Code.SHORT: "database"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no statements": Case(
        no_series(names.EXECUTES), fails={Code.MISSING: "database", Code.RAW_DIFFERS: "scrape-health"}
    ),
    "buckets beyond the sum": Case(
        together(*(scaled(f"{names.QUERY_DURATION}_bucket", 7.0, le=le) for le in ("0.001", "0.0015", "0.002"))),
        fails={Code.BUCKETS_CONTRADICT: "database", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "another vendor": Case(
        lambda run: run.change_series(
            names.EXECUTES_MANY,
            lambda found: [{**each, "metric": {**each["metric"], "vendor": "other"}} for each in found],
        ),
        fails={Code.LABEL_ALTERED: "database"},
    ),
    "no sum of SQL time": Case(
        no_series(f"{names.QUERY_DURATION}_sum"),
        fails={
            Code.BUCKETS_CONTRADICT: "database",
            Code.RAW_DIFFERS: "scrape-health",
            Code.SERIES_LOST: "database",
            Code.TOO_LOW: "database",
        },
    ),
    "less SQL time": Case(
        scaled(f"{names.QUERY_DURATION}_sum", 0.0),
        fails={Code.BUCKETS_CONTRADICT: "database", Code.RAW_DIFFERS: "scrape-health", Code.TOO_LOW: "database"},
    ),
    "more SQL time": Case(
        scaled(f"{names.QUERY_DURATION}_sum", 3.0), fails={Code.RAW_DIFFERS: "scrape-health", Code.TOO_HIGH: "database"}
    ),
    "an alias without metrics": Case(ledgers(plain_alias), fails={Code.UNINSTRUMENTED: "database"}),
    "a lookup more": Case(
        added(names.CACHE_GETS, 1),
        fails={Code.OVER: "cache", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a lookup less": Case(
        added(names.CACHE_GETS, -1),
        fails={Code.RAW_DIFFERS: "scrape-health", Code.SHORT: "cache"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no lookups": Case(no_series(names.CACHE_GETS), fails={Code.MISSING: "cache", Code.RAW_DIFFERS: "scrape-health"}),
    "an insert more": Case(
        added(names.MODEL_INSERTS, 1, model="note"),
        fails={Code.OVER: "model-ops", Code.RAW_DIFFERS: "scrape-health"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "an insert less": Case(
        added(names.MODEL_INSERTS, -1, model="note"),
        fails={Code.COUNTER_RESET: "scrape-health", Code.RAW_DIFFERS: "scrape-health", Code.SHORT: "model-ops"},
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "no inserts": Case(
        no_series(names.MODEL_INSERTS), fails={Code.MISSING: "model-ops", Code.RAW_DIFFERS: "scrape-health"}
    ),
    "a row more, with traffic of others": Case(
        together(run_with(foreign_traffic=True, embedded=False), ledger("end", "state", "rows", "note")),
        open={Code.UNDECIDED: "model-ops"},
    ),
    "a row more, and the database went away": Case(
        together(
            run_with(checks=["model-ops"]),
            first_row(lambda row: row["exception"] is not None, exception="OperationalError"),
            ledger("end", "state", "rows", "note"),
        ),
        open={Code.UNDECIDED: "model-ops"},
    ),
    "a row more, and the database refused one": Case(
        together(
            run_with(checks=["model-ops"]),
            first_row(lambda row: row["exception"] is not None, exception="IntegrityError"),
            ledger("end", "state", "rows", "note"),
        ),
        fails={Code.OVER: "model-ops"},
    ),
    "a migration more": Case(
        ledger("end", "state", "migrations", "default", "applied"), fails={Code.STALE: "migrations"}
    ),
    "no gauge of migrations": Case(no_series(names.MIGRATIONS_APPLIED), open={Code.NO_SERIES: "migrations"}),
    "no state": Case(
        ledgers(lambda ledgers: ledgers["end"].update(state={"error": "any words"})),
        open={Code.NO_ANSWER: "model-ops migrations"},
    ),
    "an unreadable state": Case(
        ledgers(lambda ledgers: ledgers["end"]["state"].update(result={"rows": 5})),
        open={Code.UNREADABLE: "model-ops migrations"},
    ),
}


def _named(check: str, *changes: Change) -> Change:
    """A run that only this check judges, with the account that it needs."""
    return together(run_with(checks=[check]), identified, *changes)


def _unanswered(check: str, metric: str) -> Mapping[str, Case]:
    """Cases of a check that has no answer on a metric."""
    return {
        f"{check} without an answer": Case(
            _named(check, without_answers(f"{metric}{{")), open={Code.NO_ANSWER: f"{check} scrape-health"}
        ),
        f"{check} without scrapes": Case(
            _named(check, without_answers("up{")), open={Code.NO_SCRAPE: check, Code.NO_ANSWER: "scrape-health"}
        ),
        f"{check} refused": Case(
            _named(check, answers_to(f"{metric}{{", failing(Code.REFUSED))), open={Code.REFUSED: check}
        ),
        f"{check} unreadable": Case(
            _named(check, answers_to(f"{metric}{{", unreadable)), open={Code.UNREADABLE: check}
        ),
        f"{check} of a truncated shard": Case(
            _named(check, lambda run: run.measured()[0].write_bytes(run.measured()[0].read_bytes()[:-200])),
            open={Code.SAMPLES_UNUSABLE: check},
        ),
    }


ACCOUNT: Mapping[str, Case] = {
    **_unanswered("identity", names.RESPONSES_BY_VIEW),
    **_unanswered("attributes", names.RESPONSES_BY_CHARSET),
    "who answered": Case(_named("identity"), passes="identity"),
    "what was answered": Case(_named("attributes"), passes="attributes"),
    "an instance that is said to have answered once more": Case(
        _named("identity", said_by_another(2)), fails={Code.SHORT: "identity", Code.OVER: "identity"}
    ),
    "an instance whose responses are another's": Case(
        _named("identity", run_with(instances=[OTHER]), rows(lambda row: row.update(instance=OTHER))),
        fails={Code.MISSING: "identity", Code.OVER: "identity"},
    ),
    "another label": Case(
        _named("identity", rows(lambda row: row.update(labels="app=blog"))), fails={Code.LABEL_DIFFERS: "identity"}
    ),
    "no total that is right": Case(
        _named("identity", scaled(names.RESPONSES_BY_VIEW, 0.0)), open={Code.COUNTS_DIFFER: "identity"}
    ),
    "responses of another charset": Case(
        _named("attributes", rows(lambda row: row.update(charset="koi8-r"))),
        fails={Code.MISSING: "attributes", Code.OVER: "attributes"},
    ),
    "larger responses": Case(
        _named("attributes", scaled(f"{names.RESPONSE_BODIES}_sum", 8.0)), fails={Code.OVER: "attributes"}
    ),
    "smaller responses": Case(
        _named("attributes", scaled(f"{names.RESPONSE_BODIES}_sum", 0.5)), fails={Code.SHORT: "attributes"}
    ),
}
RATIO = (
    f'sum by (view) (rate({names.RESPONSES_BY_VIEW}{{status=~"5.."}}[4s]))'
    f" / (sum by (view) (rate({names.RESPONSES_BY_VIEW}[4s])) > 0)"
)
BY_METHOD = f'sum by (method) (rate({names.RESPONSES_BY_VIEW}{{view!="prometheus-django-metrics"}}[4s]))'
RECORDS: Mapping[str, Case] = {
    "a record that is added up": Case(recorded("sum(method:rate)", "method:rate", BY_METHOD), passes="records"),
    "a record that an alert compares": Case(recorded("method:rate > 1e9", "method:rate", BY_METHOD), passes="records"),
    "an average of recorded ratios": Case(
        recorded("avg(view:ratio)", "view:ratio", RATIO), fails={Code.WRONG_EXPRESSION: "records"}
    ),
    "a label that a record has lost": Case(
        recorded("sum by (view) (method:rate)", "method:rate", BY_METHOD), fails={Code.UNKNOWN_LABEL: "records"}
    ),
    "records without an answer": Case(
        recorded("sum(method:rate)", "method:rate", BY_METHOD, without_answers(f"{names.RESPONSES_BY_VIEW}{{")),
        open={Code.NO_ANSWER: "records scrape-health"},
    ),
    "records without scrapes": Case(
        recorded("sum(method:rate)", "method:rate", BY_METHOD, answers_to("up{", emptied)),
        open={Code.NO_SCRAPE: "records"},
    ),
    "records refused": Case(
        recorded(
            "sum(method:rate)",
            "method:rate",
            BY_METHOD,
            answers_to(f"{names.RESPONSES_BY_VIEW}{{", failing(Code.REFUSED)),
        ),
        open={Code.REFUSED: "records"},
    ),
    "records unreadable": Case(
        recorded("sum(method:rate)", "method:rate", BY_METHOD, answers_to(f"{names.RESPONSES_BY_VIEW}{{", unreadable)),
        open={Code.UNREADABLE: "records"},
    ),
    "records of another Prometheus": Case(
        recorded("sum(method:rate)", "method:rate", BY_METHOD, prometheus_version="unknown"),
        open={Code.UNKNOWN_VERSION: "records"},
    ),
}
MONITORING: Mapping[str, Case] = {
    **RECORDS,
    "an empty panel": Case(first_panel(emptied), open={Code.UNPREDICTED: "dashboards"}),
    "another value of a panel": Case(
        first_panel(lambda answer: [each["value"].__setitem__(1, "1e9") for each in answer["result"]]),
        open={Code.UNPREDICTED: "dashboards"},
    ),
    "a quantile beyond 1": Case(
        panel(f"histogram_quantile(95, sum by (le) (rate({BUCKETS}[4s])))", []), fails={Code.IMPOSSIBLE: "dashboards"}
    ),
    "an expression that is none": Case(
        together(panel("sum((", []), answers_to("sum((", failing(Code.REFUSED))),
        fails={Code.PANEL_UNREADABLE: "dashboards"},
    ),
    "an unfilled variable": Case(panel("sum(rate($metric[4s]))"), open={Code.UNFILLED_VARIABLE: "dashboards"}),
    "a variable without a known value": Case(
        panel("sum(up)", unknown="variable $x has no value"), open={Code.UNFILLED_VARIABLE: "dashboards"}
    ),
    "a rule that cannot be read": Case(
        panel("holt_winters(up[1m], 1, 1)", problem="unknown function", rule=True),
        open={Code.NOT_EVALUATED: "dashboards"},
    ),
    "a bound that no bucket has": Case(
        panel(f'sum(rate({BUCKETS}{{le="7"}}[4s]))', []), fails={Code.IMPOSSIBLE: "dashboards"}
    ),
    "a counter since its start": Case(
        panel(f"sum({names.MODEL_INSERTS})", value("1")), fails={Code.WRONG_EXPRESSION: "dashboards"}
    ),
    "an unknown metric": Case(
        panel("sum(django_unknown_total)", [], [], []), fails={Code.UNKNOWN_METRIC: "dashboards"}
    ),
    "an unknown label": Case(
        panel(f'sum(rate({names.MODEL_INSERTS}{{code="5"}}[4s]))', []), fails={Code.UNKNOWN_LABEL: "dashboards"}
    ),
    "a short range": Case(panel(f"sum(rate({names.MODEL_INSERTS}[1s]))", []), fails={Code.SHORT_RANGE: "dashboards"}),
    "seconds that are drawn as milliseconds": Case(
        panel(f"histogram_quantile(0.9, sum by (le) (rate({BUCKETS}[4s])))", [], unit="ms"),
        fails={Code.WRONG_EXPRESSION: "dashboards"},
    ),
    "traffic of scrapes": Case(scrapes_as_traffic, fails={Code.WRONG_EXPRESSION: "dashboards"}),
    "a gap before the last sample": Case(
        gap, fails={Code.MISSING: "dashboards"}, open={Code.UNPREDICTED: "dashboards"}
    ),
    "no sample in the range of a panel": Case(
        together(panel(f"sum(rate({INSERTS}[4s])) or vector(0)", value("0")), without_points(INSERTS, slice(-5, None))),
        fails={Code.RAW_DIFFERS: "scrape-health", Code.SHORT: "model-ops"},
        open={Code.NO_VALUE: "dashboards", Code.UNPREDICTED: "dashboards"},
    ),
    "an alert that fires": Case(alert(ALWAYS, fired), passes="alerts"),
    "an alert that is silent": Case(alert(ALWAYS, nothing), fails={Code.ALERT_MISSED: "alerts"}),
    "an alert without a reason": Case(
        alert(f"max by (job, app) ({UP}) < 0.5", lambda _: {"firing": [8]}), fails={Code.ALERT_FALSE: "alerts"}
    ),
    "a value at the limit": Case(alert(f"max by (job, app) ({UP}) > 1", nothing), open={Code.UNDECIDED: "alerts"}),
    "a rule with an error": Case(alert(ALWAYS, nothing, health="err"), fails={Code.RULE_ERROR: "alerts"}),
    "a record that is wrong": Case(
        alert("r >= 0.5", fired, f"max by (job, app) ({UP})", recorded="2"), fails={Code.MISRECORDED: "alerts"}
    ),
    "no evaluation": Case(unevaluated, open={Code.NO_EVALUATION: "alerts"}),
    "a rule that is not loaded": Case(
        together(
            alert(ALWAYS, fired),
            lambda run: run.change_file("evidence.json", lambda document: document.update(rules=[])),
        ),
        open={Code.RULE_NOT_LOADED: "alerts"},
    ),
    "alerts without an answer": Case(
        together(alert(ALWAYS, fired), only_answers("up{", "harness_rule_evaluation")),
        open={Code.NO_ANSWER: f"{ASKING} scrape-health migrations dashboards alerts"},
    ),
    "alerts without scrapes": Case(
        together(alert(ALWAYS, fired), answers_to("up{", emptied)),
        open={Code.NO_SCRAPE: f"{ASKING} scrape-health dashboards alerts", Code.NO_SERIES: "scrape-health"},
    ),
    "alerts that are refused": Case(
        together(alert(ALWAYS, fired), answers_to("ALERTS{", failing(Code.REFUSED))), open={Code.REFUSED: "alerts"}
    ),
    "alerts that are unreadable": Case(
        together(alert(ALWAYS, fired), answers_to("ALERTS{", unreadable)), open={Code.UNREADABLE: "alerts"}
    ),
    "alerts of another Prometheus": Case(
        together(alert(ALWAYS, fired), run_with(prometheus_version="unknown")),
        open={Code.UNKNOWN_VERSION: "rate percentiles dashboards alerts"},
    ),
}


def _only(check: str, *changes: Change) -> Change:
    """A run that is judged by a check that it could not name when it was stored."""
    return together(run_with(checks=[check]), *changes)


def _late(points: list[list[object]]) -> None:
    """A scrape that shows what the one two before it showed."""
    points[7][1] = points[5][1]


def _early(points: list[list[object]]) -> None:
    """A scrape that shows what came later."""
    points[7][1] = points[-1][1]


def _all_late(answer: Answer) -> None:
    """A scrape of whose samples each shows what the one two before it showed."""
    for series in answer["result"] if answer["query"].endswith("ms]") else ():
        _late(series["values"])


def _first_alone(points: list[list[object]]) -> None:
    """A series that has a sample before t0 and none later."""
    del points[1:]


def _without_finite(answer: Answer) -> None:
    """Only the bucket of all."""
    answer["result"] = [series for series in answer["result"] if series["metric"].get("le") == "+Inf"]


def _stamped(answer: Answer) -> None:
    """Each sample a moment before its scrape."""
    for series in answer["result"] if answer["query"].startswith("django_") and answer["query"].endswith("ms]") else ():
        for point in series["values"]:
            point[0] -= 0.25


BETWEEN: Mapping[str, Case] = {
    "all between": Case(_only("running-counts"), passes="running-counts"),
    "a late value": Case(
        _only("running-counts", raw_points(names.RESPONSES_BY_VIEW, _late)), fails={Code.BEHIND: "running-counts"}
    ),
    "an early value": Case(
        _only("running-counts", raw_points(names.RESPONSES_BY_VIEW, _early)), fails={Code.AHEAD: "running-counts"}
    ),
    "requests by view without an answer": Case(
        _only("running-counts", without_answers(names.REQUESTS_BY_VIEW)),
        open={Code.NO_ANSWER: "running-counts scrape-health"},
    ),
    "refused requests by view": Case(
        _only("running-counts", answers_to(f"{names.REQUESTS_BY_VIEW}{{", failing(Code.REFUSED))),
        open={Code.REFUSED: "running-counts"},
    ),
    "unreadable requests by view": Case(
        _only("running-counts", answers_to(f"{names.REQUESTS_BY_VIEW}{{", unreadable)),
        open={Code.UNREADABLE: "running-counts"},
    ),
    "no scrape between": Case(_only("running-counts", answers(emptied)), open={Code.NO_SCRAPE: "running-counts"}),
    "no sample between": Case(
        _only("running-counts", lambda run: run.change_rows(lambda _: [])),
        open={Code.SAMPLES_UNUSABLE: "running-counts"},
    ),
    "all latencies between": Case(_only("running-latency"), passes="running-latency"),
    "a late bucket": Case(
        _only("running-latency", answers_to(f"{names.LATENCY_ALL}_bucket", _all_late)),
        fails={Code.BEHIND: "running-latency"},
    ),
    "an early bucket": Case(
        _only("running-latency", raw_points(f"{names.LATENCY_ALL}_bucket", _early)),
        fails={Code.AHEAD: "running-latency"},
    ),
    "buckets without an answer": Case(
        _only("running-latency", without_answers(f"{names.LATENCY_ALL}_bucket")),
        open={Code.NO_ANSWER: "running-latency scrape-health"},
    ),
    "refused buckets": Case(
        _only("running-latency", answers_to(f"{names.LATENCY_ALL}_bucket", failing(Code.REFUSED))),
        open={Code.REFUSED: "running-latency"},
    ),
    "unreadable buckets": Case(
        _only("running-latency", answers_to(f"{names.LATENCY_ALL}_bucket", unreadable)),
        open={Code.UNREADABLE: "running-latency"},
    ),
    "no bucket between": Case(
        _only("running-latency", answers_to(f"{names.LATENCY_ALL}_bucket", _without_finite)),
        open={Code.NO_BUCKETS: "running-latency"},
    ),
    "no histogram between": Case(
        _only("running-latency", answers_to(f"{names.LATENCY_ALL}_bucket", emptied)),
        fails={Code.MISSING: "running-latency"},
    ),
    "no scrape between latencies": Case(
        _only("running-latency", answers(emptied)), open={Code.NO_SCRAPE: "running-latency"}
    ),
    "no sample between latencies": Case(
        _only("running-latency", lambda run: run.change_rows(lambda _: [])),
        open={Code.SAMPLES_UNUSABLE: "running-latency"},
    ),
    "no counter at any reading": Case(
        _only("running-counts", raw_points(names.RESPONSES_BY_VIEW, _first_alone)),
        open={Code.NO_VALUE: "running-counts"},
    ),
    "no bucket at any reading": Case(
        _only("running-latency", raw_points(f"{names.LATENCY_ALL}_bucket", _first_alone)),
        open={Code.NO_VALUE: "running-latency"},
    ),
    "every series present": Case(_only("series-presence"), passes="series-presence"),
    "a series with a gap": Case(
        _only("series-presence", raw_points(names.RESPONSES_BY_VIEW, lambda points: points.__delitem__(7))),
        fails={Code.GAP: "series-presence"},
    ),
    "a series with its own times": Case(
        _only("series-presence", answers(_stamped)), open={Code.UNDECIDED: "series-presence"}
    ),
    "no counter present": Case(
        _only("series-presence", answers(emptied, but_up=True)), open={Code.NOTHING_COUNTED: "series-presence"}
    ),
    "no scrape present": Case(
        _only("series-presence", answers_to("up{", emptied)), open={Code.NO_SERIES: "series-presence"}
    ),
    "presence without an answer": Case(
        _only("series-presence", without_answers(names.REQUESTS_BY_VIEW)),
        open={Code.NO_ANSWER: "series-presence scrape-health"},
    ),
    "presence that is refused": Case(
        _only("series-presence", answers_to(f"{names.REQUESTS_BY_VIEW}{{", failing(Code.REFUSED))),
        open={Code.REFUSED: "series-presence"},
    ),
    "presence that is unreadable": Case(
        _only("series-presence", answers_to(f"{names.REQUESTS_BY_VIEW}{{", unreadable)),
        open={Code.UNREADABLE: "series-presence"},
    ),
}
CASES: Mapping[str, Case] = {
    **PROBES,
    **WHOLE,
    **LOAD,
    **SCRAPES,
    **COUNTS,
    **LATENCY,
    **DJANGO,
    **ACCOUNT,
    **MONITORING,
    **BETWEEN,
}
