"""A stored run judged again: as it is, and with one thing changed that a check must notice."""

import json
import math
from typing import Any

import pyarrow as pa
import pytest

from harness.checks import UNNAMED
from harness.core.codes import Code
from harness.core.errors import ExitCode
from harness.core.verdict import Status
from harness.instrumentation.django_prometheus import metrics as names
from tests.recorded.stored import StoredRun, failed, of

BUCKETS = f"{names.LATENCY_BY_VIEW}_bucket"


def test_an_unchanged_run_passes_every_check(clean_run: StoredRun) -> None:
    """The stored run of the unmodified app has only passing verdicts, at least one per check."""
    report = clean_run.judge()
    assert [v for v in report.verdicts if v.status is not Status.PASS] == []
    assert {v.check for v in report.verdicts} == {*UNNAMED} - {"alerts"}  # it was given no rules
    assert report.exit_code == ExitCode.PASSED


def test_judging_twice_gives_the_same_report(clean_run: StoredRun) -> None:
    """A judgement depends on the files alone."""
    assert clean_run.judge() == clean_run.judge()


def test_the_double_observation_is_a_finding_of_its_own(clean_run: StoredRun) -> None:
    """Views that raise are named with their counts, and nothing fails for it."""
    findings = [f for f in clean_run.judge().findings if f.code == "double-observation"]
    assert "work:raises" in {finding.subject for finding in findings}


def test_one_deleted_sample_fails_the_conservation_laws(clean_run: StoredRun) -> None:
    """One row less than the metric counted is seen by both laws that count it, and the shard is known to be changed."""
    clean_run.change_rows(lambda rows: rows[:100] + rows[101:])
    report = clean_run.judge()
    assert {"request-conservation", "request-counts", "generator-health"} <= failed(report)
    assert report.exit_code == ExitCode.FAILED


@pytest.mark.parametrize("position", [0, 17, -1])
def test_any_deleted_sample_is_noticed(clean_run: StoredRun, position: int) -> None:
    """It does not matter which row is gone."""
    clean_run.change_rows(lambda rows: [row for index, row in enumerate(rows) if index != position % len(rows)])
    assert "request-counts" in failed(clean_run.judge())


def test_one_changed_status_fails_request_counts(clean_run: StoredRun) -> None:
    """A 200 told as a 500 is seen in the counts and in the error ratio."""

    def change(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        next(row for row in rows if row["status"] == 200)["status"] = 500
        return rows

    clean_run.change_rows(change)
    assert {"request-counts", "error-ratio"} <= failed(clean_run.judge())


@pytest.mark.parametrize("seconds", [-0.004, 0.004])
def test_one_request_with_another_latency_is_within_what_the_witness_allows(
    clean_run: StoredRun, seconds: float
) -> None:
    """The client's own latency is no part of what a witness proves about the metric."""

    def change(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        row = next(row for row in rows if row["view"] == "work:slow")
        row["latency_s"] = max(float(str(row["latency_s"])) + seconds, 0.0)
        return rows

    clean_run.change_rows(change)
    assert failed(clean_run.judge()) == set()


CASES = [
    (names.REQUESTS, {}, "request-conservation"),
    (names.RESPONSES, {}, "response-conservation"),
    (names.REQUESTS_BY_METHOD, {"method": "GET"}, "request-counts"),
    (names.REQUESTS_BY_VIEW, {"view": "work:fast"}, "request-counts"),
    (names.RESPONSES_BY_STATUS, {"status": "200"}, "response-conservation"),
    (names.RESPONSES_BY_VIEW, {"view": "work:fast"}, "request-counts"),
    (names.RESPONSES_BY_VIEW, {"view": "work:fail"}, "error-ratio"),
    (names.EXCEPTIONS_BY_VIEW, {"view": "work:raises"}, "latency-conservation"),
    (names.EXCEPTIONS_BY_TYPE, {"type": "RuntimeError"}, "latency-conservation"),
    (f"{names.LATENCY_BY_VIEW}_bucket", {"view": "work:slow", "le": "0.02"}, "scrape-health"),
    (names.UNKNOWN_LATENCY, {}, "latency-conservation"),
    (names.UNKNOWN_LATENCY_ALL, {}, "latency-conservation"),
    (f"{names.LATENCY_BY_VIEW}_count", {"view": "work:slow"}, "latency-conservation"),
    (f"{names.LATENCY_ALL}_count", {}, "latency-conservation"),
    (f"{names.LATENCY_BY_VIEW}_sum", {"view": "work:slow"}, "timer-span"),
    (f"{names.LATENCY_ALL}_sum", {}, "timer-span"),
    (BUCKETS, {"view": "work:slow", "le": "+Inf"}, "latency-conservation"),
    (names.EXCEPTIONS_BY_VIEW, {"view": "work:raises"}, "exceptions"),
    (names.EXCEPTIONS_BY_TYPE, {"type": "RuntimeError"}, "exceptions"),
    (names.EXECUTES, {"alias": "default"}, "database"),
    (names.EXECUTES_MANY, {"alias": "default"}, "database"),
    (names.DB_ERRORS, {"alias": "default"}, "database"),
    (names.CONNECTIONS, {"alias": "default"}, "database"),
    (f"{names.QUERY_DURATION}_count", {"alias": "default"}, "database"),
    (f"{names.QUERY_DURATION}_sum", {"alias": "default"}, "database"),
    (names.CACHE_GETS, {"backend": "filebased"}, "cache"),
    (names.CACHE_HITS, {"backend": "filebased"}, "cache"),
    (names.CACHE_MISSES, {"backend": "filebased"}, "cache"),
    (names.MODEL_INSERTS, {"model": "note"}, "model-ops"),
    (names.MODEL_UPDATES, {"model": "tag"}, "model-ops"),
    (names.MODEL_DELETES, {"model": "note"}, "model-ops"),
    (names.MIGRATIONS_APPLIED, {"connection": "default"}, "migrations"),
    (names.MIGRATIONS_UNAPPLIED, {"connection": "default"}, "migrations"),
    (f"{names.LATENCY_ALL}_bucket", {"le": "+Inf"}, "latency-conservation"),
    (f"{names.QUERY_DURATION}_bucket", {"alias": "default", "le": "+Inf"}, "database"),
    (names.REQUESTS_BY_TRANSPORT, {"transport": "http"}, "side-counters"),
    (names.RESPONSES_BY_CHARSET, {"charset": "utf-8"}, "side-counters"),
    (names.STREAMING, {}, "side-counters"),
    (f"{names.REQUEST_BODIES}_count", {}, "side-counters"),
    (f"{names.RESPONSE_BODIES}_count", {}, "side-counters"),
]


@pytest.mark.parametrize(("metric", "labels", "check"), CASES)
def test_one_more_in_any_counter_fails_the_check_that_owns_it(
    clean_run: StoredRun, metric: str, labels: dict[str, str], check: str
) -> None:
    """Adding 1 to the last value of any counter in the evidence is noticed."""
    clean_run.add_to_counter(metric, 1, **labels)
    report = clean_run.judge()
    assert check in failed(report)
    assert report.exit_code == ExitCode.FAILED


def test_a_bucket_one_percent_below_the_witness_fails_latency_buckets(clean_run: StoredRun) -> None:
    """The lower bound has no tolerance: every bound of every view is tried."""
    tried = 0
    baseline = {(v.subject): v for v in of(clean_run.judge(), "latency-buckets")}
    assert baseline
    with pa.ipc.open_stream(clean_run.measured()[0]) as reader:
        rows = reader.read_all().to_pylist()
    for bound in (0.004, 0.02, 0.04):
        witness = sum(1 for row in rows if row["view"] == "work:slow" and row["witness_view_s"] <= bound)
        metric = _delta(clean_run, "work:slow", bound)
        assert metric >= witness
        target = witness - math.ceil(0.01 * witness)
        clean_run.add_to_counter(BUCKETS, target - metric, view="work:slow", le=str(bound))
        verdict = next(v for v in of(clean_run.judge(), "latency-buckets") if v.subject == "work:slow GET")
        assert verdict.status is Status.FAIL
        clean_run.add_to_counter(BUCKETS, metric - target, view="work:slow", le=str(bound))
        tried += 1
    assert tried == 3


def test_a_bucket_far_above_the_witness_fails_latency_buckets(clean_run: StoredRun) -> None:
    """More fast requests than the witness can explain are noticed too."""
    clean_run.add_to_counter(BUCKETS, 30, view="work:slow", le="0.01")
    assert "latency-buckets" in failed(clean_run.judge())


def test_a_bucket_that_one_view_lost_is_named(clean_run: StoredRun) -> None:
    """The other bounds would still agree with the witness; the layout of the others says that one is missing."""

    def drop(answers: list[dict[str, Any]]) -> None:
        answer = next(a for a in answers if a["query"].startswith(f"{BUCKETS}{{") and a["query"].endswith("ms]"))
        lost = {"view": "work:cpu", "le": "0.0015"}
        answer["result"] = [series for series in answer["result"] if not lost.items() <= series["metric"].items()]

    clean_run.change_evidence(drop)
    verdict = next(v for v in of(clean_run.judge(), "latency-conservation") if v.subject == "buckets by view")
    assert (verdict.status, "work:cpu GET has no bucket le=0.0015" in verdict.why) == (Status.FAIL, True)


@pytest.mark.parametrize("factor", [0.0, 7.0])
def test_a_query_histogram_whose_buckets_do_not_fit_its_sum_fails_database(clean_run: StoredRun, factor: float) -> None:
    """Its +Inf bucket and its count are right."""
    for le in ("0.001", "0.0015", "0.002", "0.003", "0.004"):
        clean_run.scale_growth(f"{names.QUERY_DURATION}_bucket", factor, le=le)
    (verdict,) = (v for v in of(clean_run.judge(), "database") if v.status is Status.FAIL)
    assert verdict.subject == "default SQL time by buckets"


@pytest.mark.parametrize("label", ["alias", "vendor"])
@pytest.mark.parametrize(
    "metric", [f"{names.QUERY_DURATION}_sum", f"{names.QUERY_DURATION}_bucket", names.EXECUTES_MANY]
)
def test_a_label_that_one_database_metric_has_otherwise_fails_database(
    clean_run: StoredRun, metric: str, label: str
) -> None:
    """Altered in the scrape configuration, in one metric alone."""
    clean_run.change_series(metric, lambda found: [{**s, "metric": {**s["metric"], label: "other"}} for s in found])
    assert "database" in failed(clean_run.judge())


@pytest.mark.parametrize("part", ["bucket", "count", "sum"])
def test_a_query_histogram_without_one_of_its_parts_fails_database(clean_run: StoredRun, part: str) -> None:
    """Dropped as a whole."""
    clean_run.change_series(f"{names.QUERY_DURATION}_{part}", lambda _: [])
    assert "database" in failed(clean_run.judge())


@pytest.mark.parametrize("metric", [names.LATENCY_ALL, names.QUERY_DURATION])
def test_a_bound_that_one_histogram_lacks_is_told(clean_run: StoredRun, metric: str) -> None:
    """It is coarser than the others, and not wrong."""

    def drop(answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            if f"{metric}_bucket" in answer["query"]:
                answer["result"] = [s for s in answer["result"] if s["metric"].get("le") not in ("0.3", "6.0")]

    clean_run.change_evidence(drop)
    report = clean_run.judge()
    assert failed(report) == set()
    assert ["le=0.3, le=6.0" in f.text for f in report.findings if f.code == "coarser-histogram"] == [True]


def test_another_transport_than_the_clients_fails_side_counters(clean_run: StoredRun) -> None:
    """By view, and in all; where others use the target too it is not judged."""
    for metric in (names.REQUESTS_BY_VIEW, names.REQUESTS_BY_TRANSPORT):
        before = clean_run.path.joinpath("evidence.json").read_text()
        clean_run.change_series(
            metric, lambda found: [{**s, "metric": {**s["metric"], "transport": "https"}} for s in found]
        )
        (verdict,) = (v for v in clean_run.judge().verdicts if v.status is not Status.PASS)
        assert (verdict.check, verdict.subject) == ("side-counters", "requests by other than http")
        clean_run.path.joinpath("evidence.json").write_text(before)
    clean_run.change_run(lambda run: run.update(foreign_traffic=True, embedded=False))
    assert "requests by other than http" not in {v.subject for v in of(clean_run.judge(), "side-counters")}


def test_a_status_that_the_counter_by_status_alone_tells_otherwise_is_named(clean_run: StoredRun) -> None:
    """The totals stay equal: one 500 is told as a 200."""
    for status, more in (("500", -1), ("200", 1)):
        clean_run.add_to_counter(names.RESPONSES_BY_STATUS, more, status=status)
    found = [v.subject for v in of(clean_run.judge(), "response-conservation") if v.status is Status.FAIL]
    assert found == ["status 200", "status 500"]


def test_a_timer_that_loses_two_percent_fails_timer_span(clean_run: StoredRun) -> None:
    """The sum of a slow view grows by 2 % less: far more than a layer of middleware explains."""
    clean_run.scale_growth(f"{names.LATENCY_BY_VIEW}_sum", 0.98, view="work:slow")
    assert "timer-span" in failed(clean_run.judge())


@pytest.mark.parametrize("given_up", [False, True])
def test_a_scrape_that_prometheus_gave_up_bounds_no_sum_from_above(clean_run: StoredRun, *, given_up: bool) -> None:
    """The target may work on it for longer than Prometheus waits; less than the inner witness says it never is."""

    def fail(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found[0]["values"][6][1] = "0"
        return found

    if given_up:
        clean_run.change_series("up", fail)
    for factor, code in ((1.2, Code.AGREES if given_up else Code.TOO_HIGH), (0.5, Code.TOO_LOW)):
        clean_run.scale_growth(f"{names.LATENCY_ALL}_sum", factor)
        (found,) = (v for v in of(clean_run.judge(), "timer-span") if v.subject == "all views, including middlewares")
        assert (found.code, "no upper bound" in found.why) == (code, given_up)


def test_a_view_told_how_long_to_take_cannot_have_taken_less(clean_run: StoredRun) -> None:
    """The known delay bounds metric and witness from outside the app."""
    clean_run.scale_growth(f"{names.LATENCY_BY_VIEW}_sum", 0.5, view="work:wait")
    told = [v for v in of(clean_run.judge(), "timer-span") if v.subject == "work:wait GET known delay"]
    assert [v.status for v in told] == [Status.FAIL]


def test_a_scrape_that_failed_fails_scrape_health(clean_run: StoredRun) -> None:
    """One `up` of 0 in the middle is named."""

    def change(answers: list[dict[str, object]]) -> None:
        up = next(a for a in answers if str(a["query"]).startswith("up{"))
        up["result"][0]["values"][6][1] = "0"  # type: ignore[index]

    clean_run.change_evidence(change)
    assert "scrape-health" in failed(clean_run.judge())


def test_a_gap_of_scrapes_fails_scrape_health(clean_run: StoredRun) -> None:
    """Missing scrapes are noticed by their times."""

    def change(answers: list[dict[str, object]]) -> None:
        up = next(a for a in answers if str(a["query"]).startswith("up{"))
        del up["result"][0]["values"][6:9]  # type: ignore[index]

    clean_run.change_evidence(change)
    assert "scrape-health" in failed(clean_run.judge())


def test_a_counter_that_falls_fails_scrape_health(clean_run: StoredRun) -> None:
    """A reset in the middle of the window is named with its likely causes."""

    def change(answers: list[dict[str, object]]) -> None:
        answer = next(a for a in answers if str(a["query"]).startswith(f"{names.REQUESTS}{{"))
        answer["result"][0]["values"][8][1] = "0"  # type: ignore[index]

    clean_run.change_evidence(change)
    assert "scrape-health" in failed(clean_run.judge())


def test_foreign_traffic_turns_equalities_into_lower_bounds(clean_run: StoredRun) -> None:
    """Declared traffic of others lets the metric count more, and the verdicts say that they are one-sided."""
    clean_run.change_run(lambda run: run.update(foreign_traffic=True, embedded=False))
    clean_run.add_to_counter(names.RESPONSES_BY_VIEW, 7, view="work:fast")
    report = clean_run.judge()
    assert "request-counts" not in failed(report)
    assert {v.strength for v in of(report, "request-conservation")} == {"one-sided"}


def test_undeclared_foreign_traffic_is_inconclusive_on_ones_own_deployment(clean_run: StoredRun) -> None:
    """Others were seen while the load was off: the run cannot be judged exactly, and says what to declare."""

    def change(run: dict[str, object]) -> None:
        run["embedded"] = False
        run["window"]["idle_requests_start"] = 4  # type: ignore[index]

    clean_run.change_run(change)
    report = clean_run.judge()
    assert report.exit_code == ExitCode.INCONCLUSIVE
    assert any("foreign_traffic = true" in v.why for v in of(report, "quiescence"))


def test_requests_in_flight_at_the_start_fail_quiescence(clean_run: StoredRun) -> None:
    """A request counted before t0 and not answered is no quiet start."""

    def change(answers: list[dict[str, object]]) -> None:
        answer = next(a for a in answers if str(a["query"]).startswith(f"{names.REQUESTS}{{"))
        for point in answer["result"][0]["values"]:  # type: ignore[index]
            point[1] = str(float(point[1]) + 1)

    clean_run.change_evidence(change)
    assert "quiescence" in failed(clean_run.judge())


def test_coarse_buckets_fail_resolution(clean_run: StoredRun) -> None:
    """With most bounds gone, the quantiles lie in buckets wider than the budget, and bounds that would do are named."""

    def change(answers: list[dict[str, object]]) -> None:
        for answer in answers:
            if "_bucket{" in str(answer["query"]) and str(answer["query"]).endswith("ms]"):
                answer["result"] = [s for s in answer["result"] if s["metric"]["le"] in ("1.0", "+Inf")]  # type: ignore[attr-defined]

    clean_run.change_evidence(change)
    verdicts = [v for v in of(clean_run.judge(), "resolution") if v.status is Status.FAIL]
    assert any("PROMETHEUS_LATENCY_BUCKETS" in v.why for v in verdicts)


def test_a_threshold_that_is_not_kept_fails(clean_run: StoredRun) -> None:
    """The profile's own limits are judged on the client's samples."""
    limit = {"text": "p95 < 1ms", "metric": "p95", "comparison": "<", "value": 0.001, "view": "", "promql": False}
    clean_run.change_run(lambda run: run.update(thresholds=[limit]))
    assert failed(clean_run.judge()) == {"thresholds"}


def open_model(run: StoredRun, *, planned: int, begun: int, late_s: float, limit: str = "p95 < 1s") -> None:
    """Make the run one of an open model, each request `late_s` after it was intended."""
    metric, _, bound = limit.split()
    parsed = {"text": limit, "metric": metric, "comparison": "<", "value": float(bound.rstrip("s"))}

    def change(run: dict[str, Any]) -> None:
        run.update(arrival_rate=50.0, arrival_seed=1, thresholds=[parsed])
        run["generator"].update(planned_arrivals=planned, begun_arrivals=begun)

    run.change_run(change)
    run.change_rows(lambda rows: [row | {"intended_s": row["started_s"] - late_s} for row in rows])


def test_limits_of_an_open_model_count_from_the_intended_start(clean_run: StoredRun) -> None:
    """What waited two seconds to be sent was not answered within one, however soon after that."""
    open_model(clean_run, planned=1000, begun=1000, late_s=2.0)
    report = clean_run.judge()
    assert failed(report) == {"thresholds"}
    (verdict,) = of(report, "thresholds")
    assert "from the intended start; from the actual one it is 0." in verdict.why
    assert "coordinated-omission" in {finding.code for finding in report.findings}
    (everything, *_) = report.views
    assert everything.intended.p50_s == pytest.approx((everything.client.p50_s or 0) + 2.0, rel=1e-6)


def test_an_open_model_that_kept_its_plan_passes(clean_run: StoredRun) -> None:
    """One arrival in a hundred that was never begun is told and no more."""
    open_model(clean_run, planned=1000, begun=990, late_s=0.0)
    report = clean_run.judge()
    assert report.status is Status.PASS
    assert "never-begun" in {finding.code for finding in report.findings}
    assert "coordinated-omission" not in {finding.code for finding in report.findings}


@pytest.mark.parametrize(("planned", "begun"), [(1000, 949), (1000, 0), (0, 0), (1000, 1001)])
def test_an_open_model_off_its_plan_is_inconclusive(clean_run: StoredRun, planned: int, begun: int) -> None:
    """Another load than the planned one; and a plan without arrivals is none."""
    open_model(clean_run, planned=planned, begun=begun, late_s=0.0, limit="error_ratio < 1")
    told = {v.subject: v.status for v in of(clean_run.judge(), "generator-health")}
    assert told["arrivals"] is Status.INCONCLUSIVE


def test_arrivals_that_were_never_begun_are_slower_than_any_limit(clean_run: StoredRun) -> None:
    """Dropped arrivals count as slower than any limit."""
    open_model(clean_run, planned=100_000, begun=1000, late_s=0.0, limit="p50 < 9s")
    (verdict,) = of(clean_run.judge(), "thresholds")
    assert verdict.status is Status.FAIL
    assert "99000 of them were dropped" in verdict.why


def test_a_blind_spot_beyond_its_budget_fails(clean_run: StoredRun) -> None:
    """Users who wait longer than the server measures are a failure only against a budget."""
    clean_run.change_run(lambda run: run["budget"].update(blind_spot_s={"p50": 1e-6}))
    assert failed(clean_run.judge()) == {"blind-spot"}


def test_a_saturated_generator_spoils_only_what_rests_on_the_client(clean_run: StoredRun) -> None:
    """Counts and witness are still judged; the blind spot is not."""
    clean_run.change_run(lambda run: run["generator"].update(cpu_ratio=0.99))
    report = clean_run.judge()
    open_checks = {v.check for v in report.verdicts if v.status is Status.INCONCLUSIVE}
    assert open_checks == {"generator-health", "blind-spot", "thresholds"} & open_checks
    assert "blind-spot" in open_checks
    assert report.exit_code == ExitCode.INCONCLUSIVE


def test_a_panel_value_that_the_samples_do_not_give_fails_rate(clean_run: StoredRun) -> None:
    """Prometheus's own rate() is held against the reference on the same raw samples."""

    def change(answers: list[dict[str, object]]) -> None:
        panel = next(a for a in answers if str(a["query"]).startswith("sum by (view, method) (rate("))
        value = next(s["value"] for s in panel["result"] if float(s["value"][1]))  # type: ignore[attr-defined]
        value[1] = str(float(value[1]) * (1 + 1e-6))

    clean_run.change_evidence(change)
    assert failed(clean_run.judge()) == {"rate"}


def test_a_quantile_that_the_buckets_do_not_give_fails_percentiles(clean_run: StoredRun) -> None:
    """The exact quantile must lie within what the true latencies in the same buckets allow."""

    def change(answers: list[dict[str, object]]) -> None:
        for answer in answers:
            if str(answer["query"]).startswith("histogram_quantile(0.95, sum by (le, view, method) ("):
                for series in answer["result"]:  # type: ignore[attr-defined]
                    series["value"][1] = str(float(series["value"][1]) * 3)
                return

    clean_run.change_evidence(change)
    assert failed(clean_run.judge()) == {"percentiles"}


def _delta(run: StoredRun, view: str, bound: float) -> float:
    values = _series(run, BUCKETS, view=view, le=str(bound))
    return values[-1] - _at_start(run, values)


def _at_start(run: StoredRun, values: list[float]) -> float:
    window = json.loads((run.path / "run.json").read_text())["window"]
    scrapes = round((window["end_s"] - window["start_s"]) / window["scrape_interval_s"]) + 1
    return values[-scrapes] if len(values) >= scrapes else 0.0


def _series(run: StoredRun, metric: str, **labels: str) -> list[float]:
    answers = json.loads((run.path / "evidence.json").read_text())["answers"]
    answer = next(a for a in answers if a["query"].startswith(f"{metric}{{") and a["query"].endswith("ms]"))
    series = next(s for s in answer["result"] if labels.items() <= s["metric"].items())
    return [float(value) for _, value in series["values"]]
