"""The likely cause: one sign each, the order in which they are asked for, and what contradicts a cause."""

import pytest

from harness.checks import CHECKS
from harness.checks.response_counts import ELSEWHERE
from harness.core.codes import Code, FindingCode
from harness.core.verdict import Finding, Status, Verdict
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.report.cause_rules import RULES, CauseRule, Noticed, Share, Sign
from harness.report.causes import likely
from tests.reference import FAULTS

CODES = {check.id: check.codes for check in CHECKS}
NO_RESPONSE = Finding(FindingCode.NO_RESPONSE, "", "", "generator-health")


def failed(check: str, code: Code, **labels: str) -> Verdict:
    """A failed verdict, with words that nobody may read."""
    return Verdict(check, "any subject", Status.FAIL, "any words", code=code, labels=labels)


def unseen(status: str) -> Verdict:
    return failed("request-counts", Code.MISSING, view=ELSEWHERE, method="GET", status=status)


SHORT = failed("request-conservation", Code.SHORT, law="requests")
BY_STATUS = "responses-by-status"


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
        ([failed("request-conservation", Code.OVER, law="requests")], "client-retries"),
        ([failed("response-conservation", Code.OVER, law=BY_STATUS)], "listed-twice"),
        ([failed("response-conservation", Code.SHORT, law=BY_STATUS)], "dropped-observations"),
        ([failed("response-conservation", Code.MISSING, law=BY_STATUS)], "after-missing"),
        ([failed("response-conservation", Code.SHORT, law=BY_STATUS), unseen("429")], "middleware-between"),
        ([failed("scrape-health", Code.TARGET_DOWN)], "sample-limit"),
        ([failed("scrape-health", Code.TARGET_DOWN), failed("scrape-health", Code.LABELS_COLLIDE)], "sample-limit"),
        ([failed("scrape-health", Code.COUNTER_RESET), failed("scrape-health", Code.LABELS_COLLIDE)], "labels-collide"),
        ([failed("scrape-health", Code.SCRAPES_MISSING)], "prometheus-paused"),
        ([failed("latency-buckets", Code.TOO_HIGH)], "wrong-bound"),
        ([failed("latency-buckets", Code.TOO_HIGH), failed("timer-span", Code.TOO_HIGH)], "milliseconds"),
        ([failed("latency-buckets", Code.TOO_LOW), failed("timer-span", Code.TOO_LOW)], "part-timed"),
        ([failed("resolution", Code.TOO_COARSE)], "coarse-buckets"),
        ([failed("resolution", Code.ABOVE_HIGHEST_BOUND)], "low-top-bucket"),
        ([failed("migrations", Code.STALE)], "stale-migrations"),
        ([failed("database", Code.MISSING), failed("database", Code.MISSING)], "plain-engine"),
        ([failed("dashboards", Code.WRONG_EXPRESSION, averages="wrong")], "averaged-percentiles"),
        ([failed("dashboards", Code.UNKNOWN_LABEL)], "unknown-label"),
        ([failed("identity", Code.SHORT, label="instance", value="a:1")], "wrong-identity"),
        ([failed("identity", Code.LABEL_DIFFERS, label="app", value="shop")], "wrong-identity"),
        ([failed("attributes", Code.MISSING, attribute="response-size")], "wrong-sizes"),
    ],
)
def test_a_sign_names_its_cause_first(verdicts: list[Verdict], cause: str) -> None:
    """What comes earlier on the path of a number explains what comes later."""
    assert likely(verdicts, (), DJANGO_PROMETHEUS)[0].id == cause


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
    """And no rule is for a fault that is gone; of five faults one at most may be without."""
    rules = {rule.id for rule in RULES}
    named = [fault for fault in FAULTS if fault.cause is not None]
    assert {fault.cause or fault.id for fault in named if fault.caught_by} == rules
    assert len(named) >= 0.8 * len(FAULTS)


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
