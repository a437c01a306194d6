"""The likely cause: one sign each, the order in which they are asked for, and what contradicts a cause."""

import pytest

from harness.checks import CHECKS
from harness.checks.base import ELSEWHERE
from harness.core.codes import Code, FindingCode
from harness.core.verdict import Finding, Status, Verdict
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.report.cause_rules import RULES, CauseRule, Noticed, Share, Sign
from harness.report.causes import likely
from tests.reference import FAULTS

HABITS = {"fallback-page", "method-override"}
"""Causes that are seen in the field, and are no faults of monitoring: the catalogue has none of them."""
CODES = {check.id: check.codes for check in CHECKS}
NO_RESPONSE = Finding(FindingCode.NO_RESPONSE, "", "", "generator-health")


def failed(check: str, code: Code, **labels: str) -> Verdict:
    """A failed verdict, with words that nobody may read."""
    return Verdict(check, "any subject", Status.FAIL, "any words", code=code, labels=labels)


def unseen(status: str) -> Verdict:
    return failed("request-counts", Code.MISSING, view=ELSEWHERE, method="GET", status=status)


def counted(code: Code, view: str = "shop:cart", method: str = "GET", status: str = "200") -> Verdict:
    """More, less or nothing of one view, method and status in the metric."""
    return failed("request-counts", code, view=view, method=method, status=status)


UNROUTED = DJANGO_PROMETHEUS.unrouted
SHORT = failed("request-conservation", Code.SHORT, law="requests")
MORE = failed("request-conservation", Code.OVER, law="requests")
RESET = failed("scrape-health", Code.COUNTER_RESET, metric="django_http_x_total")
MISSED = failed("scrape-health", Code.SCRAPES_MISSING, instance="app:1")
VANISHED = failed("scrape-health", Code.RAW_DIFFERS)
GAP = failed("series-presence", Code.GAP, instance="app:1")
BEHIND = failed("running-counts", Code.BEHIND, metric="any_total")
ALL_LATE = failed("running-counts", Code.BEHIND, metric="any_total", late="yes")
ONE_LATE = failed("running-counts", Code.BEHIND, metric="any_total", view="shop:cart", late="yes")
AHEAD = failed("running-counts", Code.AHEAD, metric="any_total")
BY_STATUS = "responses-by-status"
BY_VIEW = "responses-by-view"
UNKNOWN_LATENCY = failed("latency-conservation", Code.OVER, law="unknown-latency")
HIGH = failed("timer-span", Code.TOO_HIGH, view="shop:cart")
LOW = failed("timer-span", Code.TOO_LOW, view="shop:cart")
BUCKETS = failed("latency-buckets", Code.TOO_HIGH, view="shop:cart")
ALL_BUCKETS = failed("latency-buckets", Code.TOO_HIGH)


@pytest.mark.parametrize(
    ("verdicts", "cause"),
    [
        ([failed("request-conservation", Code.MISSING, law="requests")], "before-missing"),
        ([SHORT], "unscraped-processes"),
        ([SHORT, unseen("502")], "proxy-answers"),
        ([SHORT, unseen("431")], "gunicorn-rejects"),
        ([SHORT, unseen("429")], "before-not-first"),
        ([SHORT, failed("scrape-health", Code.COUNTER_RESET)], "restart"),
        ([failed("scrape-health", Code.IN_TURN), SHORT], "no-multiproc-dir"),
        ([MORE, counted(Code.OVER, status="503")], "client-retries"),
        ([MORE, counted(Code.OVER, status="201")], "shared-directory"),
        ([RESET, failed("response-conservation", Code.OVER, law=BY_VIEW)], "recycled-workers"),
        ([failed("scrape-health", Code.RAW_DIFFERS), SHORT], "wiped-directory"),
        ([failed("scrape-health", Code.TARGET_GONE), SHORT], "deregistered-replica"),
        ([MISSED, VANISHED, SHORT], "deregistered-replica"),
        ([failed("scrape-health", Code.LABELS_COLLIDE), MORE], "two-exporters"),
        ([failed("request-conservation", Code.SCRAPED_TWICE), MORE], "two-exporters"),
        ([ALL_BUCKETS, BUCKETS, failed("database", Code.BUCKETS_CONTRADICT)], "mixed-bounds"),
        ([counted(Code.MISSING, method="HEAD"), counted(Code.OVER)], "head-as-get"),
        ([counted(Code.MISSING), counted(Code.OVER, status="2xx")], "status-class"),
        ([counted(Code.MISSING), counted(Code.OVER, method="get")], "replaced-label"),
        ([counted(Code.SHORT), counted(Code.OVER, view="shop:list")], "swapped-labels"),
        ([counted(Code.MISSING, status="304"), counted(Code.OVER)], "conditional-get"),
        ([counted(Code.MISSING, UNROUTED), counted(Code.OVER, UNROUTED, status="404")], "fallback-page"),
        ([counted(Code.MISSING, method="POST"), counted(Code.OVER, method="PATCH")], "method-override"),
        ([failed("response-conservation", Code.SHORT, law=BY_VIEW), counted(Code.MISSING)], "dropped-series"),
        ([unseen("304"), counted(Code.OVER)], "conditional-get"),
        ([unseen("200"), counted(Code.OVER, view=ELSEWHERE, status="503")], "error-page"),
        ([unseen("504"), counted(Code.OVER)], "proxy-timeout"),
        ([unseen("499")], "proxy-timeout"),
        ([unseen("500"), counted(Code.OVER)], "late-exception"),
        ([unseen("301"), counted(Code.OVER, status="404")], "append-slash"),
        ([UNKNOWN_LATENCY, failed("latency-conservation", Code.SHORT, view="shop:cart")], "unstarted-timer"),
        ([failed("latency-conservation", Code.OVER, view="shop:cart")], "observed-twice"),
        ([failed("response-conservation", Code.OVER, law=BY_STATUS)], "listed-twice"),
        ([failed("response-conservation", Code.SHORT, law=BY_STATUS)], "dropped-observations"),
        ([failed("response-conservation", Code.MISSING, law=BY_STATUS)], "after-missing"),
        ([failed("response-conservation", Code.SHORT, law=BY_STATUS), unseen("429")], "middleware-between"),
        ([failed("scrape-health", Code.TARGET_DOWN)], "sample-limit"),
        ([failed("scrape-health", Code.SCRAPES_TIMED_OUT)], "slow-scrapes"),
        ([failed("scrape-health", Code.SCRAPES_TIMED_OUT), failed("scrape-health", Code.TARGET_DOWN)], "sample-limit"),
        ([failed("scrape-health", Code.TARGET_DOWN), failed("scrape-health", Code.LABELS_COLLIDE)], "sample-limit"),
        ([failed("scrape-health", Code.COUNTER_RESET), failed("scrape-health", Code.LABELS_COLLIDE)], "labels-collide"),
        ([failed("scrape-health", Code.LABELS_COLLIDE), MORE, counted(Code.MISSING)], "labels-collide"),
        ([failed("scrape-health", Code.SCRAPES_MISSING)], "prometheus-paused"),
        ([ALL_BUCKETS, BUCKETS], "wrong-bound"),
        ([BUCKETS, HIGH, failed("resolution", Code.ABOVE_HIGHEST_BOUND)], "milliseconds"),
        (
            [
                failed("attributes", Code.MISSING, attribute="request-size"),
                BUCKETS,
                HIGH,
                failed("resolution", Code.ABOVE_HIGHEST_BOUND),
            ],
            "milliseconds",
        ),
        ([BUCKETS, HIGH], "over-timed"),
        ([LOW], "part-timed"),
        ([failed("resolution", Code.TOO_COARSE)], "coarse-buckets"),
        ([failed("resolution", Code.ABOVE_HIGHEST_BOUND)], "low-top-bucket"),
        ([failed("migrations", Code.STALE)], "stale-migrations"),
        ([failed("database", Code.MISSING), failed("database", Code.MISSING)], "plain-engine"),
        ([failed("latency-conservation", Code.MISSING, le="+Inf", view="shop:cart")], "lost-infinity"),
        ([failed("database", Code.OVER, alias="default")], "double-sql"),
        ([failed("database", Code.TOO_HIGH)], "sql-milliseconds"),
        ([failed("cache", Code.OVER, backend="redis", counter="hits")], "hits-on-set"),
        ([failed("model-ops", Code.OVER, model="order", operation="inserts")], "double-saves"),
        ([failed("exceptions", Code.MISSING, type="KeyError"), failed("exceptions", Code.OVER)], "exception-types"),
        ([failed("side-counters", Code.OVER, transport="http")], "wrong-transport"),
        ([failed("latency-buckets", Code.TOO_LOW, view="shop:cart")], "lowered-tail"),
        ([GAP], "cut-page"),
        ([ALL_LATE, ONE_LATE, SHORT], "stale-page"),
        ([ONE_LATE], "batched-counters"),
        ([BEHIND, SHORT], "unscraped-processes"),
        ([AHEAD], "counted-early"),
        ([failed("alerts", Code.RULE_ERROR)], "fragile-rule"),
        ([failed("dashboards", Code.WRONG_EXPRESSION, averages="wrong")], "averaged-percentiles"),
        ([failed("dashboards", Code.WRONG_EXPRESSION, unit="wrong")], "seconds-as-ms"),
        ([failed("dashboards", Code.WRONG_EXPRESSION, caption="wrong")], "misnamed-panel"),
        ([failed("running-latency", Code.BEHIND, late="yes")], "late-histograms"),
        ([failed("records", Code.WRONG_EXPRESSION, averages="wrong")], "recorded-percentiles"),
        ([failed("records", Code.WRONG_EXPRESSION, ratios="wrong")], "recorded-ratios"),
        ([failed("records", Code.WRONG_EXPRESSION, parts="wrong")], "recorded-parts"),
        ([failed("records", Code.WRONG_EXPRESSION, rates="wrong")], "rated-record"),
        ([failed("records", Code.UNKNOWN_LABEL), failed("dashboards", Code.UNKNOWN_LABEL)], "lost-label"),
        ([failed("dashboards", Code.WRONG_EXPRESSION, unnamed="wrong")], "hidden-404s"),
        ([failed("dashboards", Code.IMPOSSIBLE)], "impossible-panel"),
        ([failed("dashboards", Code.UNKNOWN_LABEL)], "unknown-label"),
        ([failed("identity", Code.SHORT, label="instance", value="a:1")], "wrong-identity"),
        ([failed("identity", Code.LABEL_DIFFERS, label="app", value="shop")], "wrong-identity"),
        ([failed("attributes", Code.MISSING, attribute="response-size")], "wrong-sizes"),
    ],
)
def test_a_sign_names_its_cause_first(verdicts: list[Verdict], cause: str) -> None:
    """What comes earlier on the path of a number explains what comes later."""
    assert likely(verdicts, (), DJANGO_PROMETHEUS)[0].id == cause


@pytest.mark.parametrize(
    ("cause", "verdicts", "against"),
    [
        ("labels-collide", [failed("scrape-health", Code.LABELS_COLLIDE)], failed("scrape-health", Code.TARGET_DOWN)),
        ("labels-collide", [failed("scrape-health", Code.LABELS_COLLIDE)], failed("scrape-health", Code.TARGET_GONE)),
        ("lowered-tail", [failed("latency-buckets", Code.TOO_LOW, view="shop:cart")], LOW),
        ("late-histograms", [failed("running-latency", Code.BEHIND, late="yes")], GAP),
        ("late-histograms", [failed("running-latency", Code.BEHIND, late="yes")], ONE_LATE),
        (
            "observed-twice",
            [failed("latency-conservation", Code.OVER)],
            failed("running-latency", Code.BEHIND, late="yes"),
        ),
        ("lowered-tail", [failed("latency-buckets", Code.TOO_LOW, view="shop:cart")], ALL_BUCKETS),
        ("lowered-tail", [failed("latency-buckets", Code.TOO_LOW, view="shop:cart")], counted(Code.SHORT)),
        ("cut-page", [GAP], SHORT),
        ("cut-page", [GAP], RESET),
        ("stale-page", [ALL_LATE], RESET),
        ("stale-page", [ALL_LATE], unseen("504")),
        ("stale-page", [ALL_LATE], failed("scrape-health", Code.TARGET_DOWN)),
        ("batched-counters", [ONE_LATE], ALL_LATE),
        ("batched-counters", [ONE_LATE], RESET),
        ("batched-counters", [ONE_LATE, counted(Code.SHORT)], counted(Code.OVER, view="shop:list")),
        ("counted-early", [AHEAD], MORE),
        ("counted-early", [AHEAD], counted(Code.OVER)),
        ("counted-early", [AHEAD], failed("response-conservation", Code.OVER, law=BY_STATUS)),
        ("unscraped-processes", [SHORT], ALL_LATE),
        ("deregistered-replica", [MISSED, VANISHED], RESET),
        ("deregistered-replica", [MISSED, VANISHED], failed("scrape-health", Code.TARGET_DOWN)),
        ("prometheus-paused", [MISSED], VANISHED),
        ("wiped-directory", [VANISHED, SHORT], MISSED),
        ("two-exporters", [failed("scrape-health", Code.LABELS_COLLIDE), MORE], RESET),
        ("two-exporters", [failed("scrape-health", Code.LABELS_COLLIDE), MORE], counted(Code.MISSING)),
        ("after-not-last", [counted(Code.OVER, view="<unnamed view>")], MORE),
        ("after-not-last", [counted(Code.OVER, view="<unnamed view>")], counted(Code.OVER, status="4xx")),
        ("mixed-bounds", [ALL_BUCKETS, failed("database", Code.BUCKETS_CONTRADICT)], counted(Code.SHORT)),
        ("wrong-bound", [ALL_BUCKETS], failed("database", Code.BUCKETS_CONTRADICT)),
        (
            "recycled-workers",
            [RESET, failed("response-conservation", Code.OVER, law=BY_VIEW)],
            failed("scrape-health", Code.RESTARTED),
        ),
        ("sample-limit", [failed("scrape-health", Code.TARGET_DOWN)], failed("scrape-health", Code.PROCESS_ENDED)),
        ("slow-scrapes", [failed("scrape-health", Code.SCRAPES_TIMED_OUT)], failed("scrape-health", Code.TARGET_DOWN)),
        ("wiped-directory", [failed("scrape-health", Code.RAW_DIFFERS), SHORT], RESET),
        ("unscraped-processes", [SHORT], unseen("502")),
        ("unscraped-processes", [SHORT], RESET),
        ("unscraped-processes", [SHORT], failed("scrape-health", Code.RAW_DIFFERS)),
        ("head-as-get", [counted(Code.MISSING, method="HEAD"), counted(Code.OVER)], unseen("200")),
        ("replaced-label", [counted(Code.MISSING), counted(Code.OVER, method="get")], counted(Code.SHORT)),
        ("replaced-label", [counted(Code.MISSING), counted(Code.OVER, method="get")], unseen("304")),
        ("client-retries", [MORE, counted(Code.OVER, status="500")], counted(Code.OVER)),
        ("shared-directory", [MORE, counted(Code.OVER)], counted(Code.OVER, status="500")),
        ("shared-directory", [MORE, counted(Code.OVER)], failed("request-conservation", Code.SCRAPED_TWICE)),
        ("shared-directory", [MORE, counted(Code.OVER)], RESET),
        ("listed-twice", [failed("response-conservation", Code.OVER, law=BY_STATUS)], RESET),
        ("dropped-observations", [failed("response-conservation", Code.SHORT, law=BY_STATUS)], unseen("429")),
        ("dropped-observations", [failed("response-conservation", Code.SHORT, law=BY_STATUS)], RESET),
        (
            "dropped-series",
            [failed("response-conservation", Code.SHORT, law=BY_VIEW), counted(Code.MISSING)],
            counted(Code.SHORT),
        ),
        ("conditional-get", [unseen("304")], SHORT),
        ("error-page", [unseen("200"), counted(Code.OVER, status="500")], SHORT),
        ("proxy-timeout", [unseen("504")], SHORT),
        ("late-exception", [unseen("500"), counted(Code.OVER)], SHORT),
        ("late-exception", [unseen("500"), counted(Code.OVER)], counted(Code.OVER, status="500")),
        ("append-slash", [unseen("301"), counted(Code.OVER, status="404")], SHORT),
        ("swapped-labels", [counted(Code.SHORT), counted(Code.OVER)], unseen("304")),
        ("swapped-labels", [counted(Code.SHORT), counted(Code.OVER)], MORE),
        (
            "swapped-labels",
            [counted(Code.SHORT), counted(Code.OVER)],
            failed("response-conservation", Code.SHORT, law=BY_VIEW),
        ),
        ("unstarted-timer", [UNKNOWN_LATENCY], counted(Code.SHORT)),
        ("observed-twice", [failed("latency-conservation", Code.OVER, view="shop:cart")], UNKNOWN_LATENCY),
        ("over-timed", [BUCKETS, HIGH], failed("resolution", Code.ABOVE_HIGHEST_BOUND)),
        ("over-timed", [BUCKETS, HIGH], counted(Code.SHORT)),
        ("part-timed", [LOW], HIGH),
        ("part-timed", [LOW], counted(Code.SHORT)),
        ("part-timed", [LOW], failed("latency-conservation", Code.SHORT, view="shop:cart")),
        ("wrong-bound", [ALL_BUCKETS], LOW),
        ("wrong-bound", [ALL_BUCKETS], counted(Code.SHORT)),
        ("wrong-bound", [ALL_BUCKETS], failed("latency-conservation", Code.SERIES_LOST, view="shop:cart")),
        ("lost-infinity", [failed("latency-conservation", Code.MISSING, le="+Inf")], counted(Code.MISSING)),
        ("plain-engine", [failed("database", Code.MISSING)], failed("database", Code.MISSING, le="+Inf")),
        ("double-sql", [failed("database", Code.OVER)], failed("database", Code.SHORT)),
        ("sql-milliseconds", [failed("database", Code.TOO_HIGH)], failed("database", Code.OVER)),
        ("hits-on-set", [failed("cache", Code.OVER, counter="hits")], failed("cache", Code.SHORT, counter="gets")),
        ("double-saves", [failed("model-ops", Code.OVER)], counted(Code.OVER)),
        ("exception-types", [failed("exceptions", Code.MISSING), failed("exceptions", Code.OVER)], MORE),
        ("wrong-transport", [failed("side-counters", Code.OVER, transport="http")], counted(Code.OVER)),
        ("wrong-sizes", [failed("attributes", Code.MISSING, attribute="response-size")], HIGH),
    ],
)
def test_contrary_evidence_excludes_a_cause(cause: str, verdicts: list[Verdict], against: Verdict) -> None:
    """What it says would be wrong, or is not known."""
    assert cause in {found.id for found in likely(verdicts, (), DJANGO_PROMETHEUS)}
    assert cause not in {found.id for found in likely([*verdicts, against], (), DJANGO_PROMETHEUS)}


@pytest.mark.parametrize(
    "verdicts",
    [
        [MORE],
        [failed("scrape-health", Code.RAW_DIFFERS)],
        [BUCKETS],
        [unseen("418")],
        [BEHIND],
        [unseen("500")],
        [failed("side-counters", Code.OVER, law="requests-by-transport")],
    ],
)
def test_one_sign_of_several_names_nothing(verdicts: list[Verdict]) -> None:
    """Rather no cause than one that may be wrong."""
    assert likely(verdicts, (), DJANGO_PROMETHEUS) == ()


def test_nothing_failed_has_no_cause() -> None:
    """A pass, an inconclusive verdict and a finding need no explanation."""
    verdicts = [
        Verdict("request-conservation", "requests", Status.PASS, "", code=Code.AGREES, labels={"law": "requests"}),
        Verdict("migrations", "default applied", Status.INCONCLUSIVE, "", code=Code.NO_SERIES),
    ]
    assert likely(verdicts, (NO_RESPONSE,), DJANGO_PROMETHEUS) == ()


def test_a_hung_up_client_is_told_from_a_killed_worker() -> None:
    """By whether the client got an answer."""
    verdicts = [
        failed("quiescence", Code.IN_FLIGHT, end="t1"),
        failed("response-conservation", Code.SHORT, law="responses"),
    ]
    assert likely(verdicts, (), DJANGO_PROMETHEUS)[0].id == "worker-killed"
    assert likely(verdicts, (NO_RESPONSE,), DJANGO_PROMETHEUS)[0].id == "asgi-hang-up"


@pytest.mark.parametrize(
    ("share", "codes", "named"),
    [
        (Share.ANY, [Code.MISSING, Code.SHORT, Code.SHORT], True),
        (Share.MOST, [Code.MISSING, Code.SHORT], False),
        (Share.MOST, [Code.MISSING, Code.MISSING, Code.SHORT], True),
        (Share.ALL, [Code.MISSING, Code.SHORT], False),
        (Share.ALL, [Code.MISSING, Code.MISSING], True),
        (Share.ALL, [], False),
    ],
)
def test_a_sign_may_ask_for_a_share_of_the_failed_verdicts(share: Share, codes: list[Code], named: bool) -> None:
    """Of its own check alone."""
    rule = CauseRule("x", "text", (Sign("cache", frozenset({Code.MISSING}), share=share),))
    verdicts = [failed("cache", code) for code in codes]
    assert bool(likely([*verdicts, failed("database", Code.SHORT)], (), DJANGO_PROMETHEUS, (rule,))) is named


def test_a_cause_that_the_evidence_contradicts_is_not_named() -> None:
    """One sign against it is enough."""
    rule = CauseRule("x", "text", (Sign("cache"),), unless=(Noticed(FindingCode.NO_RESPONSE), Sign("rate")))
    assert likely([failed("cache", Code.SHORT)], (), DJANGO_PROMETHEUS, (rule,))
    assert not likely([failed("cache", Code.SHORT)], (NO_RESPONSE,), DJANGO_PROMETHEUS, (rule,))
    assert not likely([failed("cache", Code.SHORT), failed("rate", Code.OVER)], (), DJANGO_PROMETHEUS, (rule,))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.id))
def test_every_sign_can_be_given(rule: CauseRule) -> None:
    """Its check exists and declares each of the codes."""
    for sign in (*rule.signs, *rule.unless):
        if isinstance(sign, Sign):
            assert sign.codes <= CODES[sign.check]


def test_every_fault_that_must_be_named_has_a_rule() -> None:
    """And no rule is for a fault that is gone; of ten faults one at most may be without."""
    rules = {rule.id for rule in RULES}
    named = [fault for fault in FAULTS if fault.cause is not None]
    assert {fault.cause or fault.id for fault in named if fault.caught_by} == rules - HABITS
    assert len(named) >= 0.9 * len(FAULTS)


@pytest.mark.parametrize(
    "verdicts",
    [
        [failed("response-conservation", Code.SHORT, law=BY_STATUS)],
        [failed("response-conservation", Code.SHORT, law=BY_STATUS), unseen("200")],
        [failed("request-conservation", Code.MISSING, law="requests"), failed("database", Code.MISSING)],
        [SHORT],
    ],
)
def test_a_cache_between_the_middlewares_is_named_where_it_was_seen_and_alone(verdicts: list[Verdict]) -> None:
    """It may keep the metrics page too, and then no counter moves."""
    seen = Finding(FindingCode.CACHED_BETWEEN, "", "", "generator-health")
    assert [cause.id for cause in likely(verdicts, (seen,), DJANGO_PROMETHEUS)] == ["cache-between"]
    assert "cache-between" not in [cause.id for cause in likely(verdicts, (), DJANGO_PROMETHEUS)]


def test_sizes_are_no_cause_where_the_responses_are_missing() -> None:
    """They are missing with them."""
    sizes = failed("attributes", Code.MISSING, attribute="response-size")
    by_status = failed("response-conservation", Code.MISSING, law=BY_STATUS)
    assert "wrong-sizes" not in [cause.id for cause in likely([sizes, by_status], (), DJANGO_PROMETHEUS)]
