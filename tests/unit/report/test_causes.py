"""The likely cause: one sign each, and the order in which they are asked for."""

import pytest

from harness.checks.counts.request_counts import ELSEWHERE
from harness.core.verdict import Finding, Status, Verdict
from harness.faults import FAULTS
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.report.causes import RULES, likely

FAIL = Status.FAIL


def failed(check: str, subject: str, expected: float | None, observed: float | None, why: str = "") -> Verdict:
    return Verdict(check, subject, FAIL, why, expected=expected, observed=observed)


SHORT = failed("request-conservation", "requests", 100.0, 60.0)


@pytest.mark.parametrize(
    ("verdicts", "cause"),
    [
        ([failed("request-conservation", "requests", 100.0, 0.0)], "before-missing"),
        ([SHORT], "unscraped-processes"),
        ([SHORT, failed("request-counts", f"{ELSEWHERE} GET 502", 40.0, 0.0)], "proxy-answers"),
        ([SHORT, failed("request-counts", f"{ELSEWHERE} GET 431", 40.0, 0.0)], "gunicorn-rejects"),
        ([SHORT, failed("request-counts", f"{ELSEWHERE} GET 429", 40.0, 0.0)], "before-not-first"),
        ([SHORT, failed("scrape-health", "counter resets", 0.0, 9.0)], "restart"),
        (
            [failed("scrape-health", "a process start", 1.0, 3.0, "3 processes answered in turn"), SHORT],
            "no-multiproc-dir",
        ),
        ([failed("request-conservation", "requests", 100.0, 300.0)], "client-retries"),
        ([failed("response-conservation", "responses by status", 100.0, 200.0)], "listed-twice"),
        ([failed("response-conservation", "responses by status", 100.0, 99.0)], "dropped-observations"),
        ([failed("scrape-health", "127.0.0.1:1 scrapes", 5.0, 3.0, "2 scrapes failed (up = 0)")], "sample-limit"),
        (
            [
                failed("scrape-health", "127.0.0.1:1 scrapes", 5.0, 3.0, "2 scrapes failed (up = 0)"),
                failed("scrape-health", "127.0.0.1:1 stored series", 90.0, 0.0),
            ],
            "sample-limit",
        ),
        (
            [
                failed("scrape-health", "counter resets", 0.0, 9.0),
                failed("scrape-health", "127.0.0.1:1 stored series", 90.0, 60.0),
            ],
            "labels-collide",
        ),
        ([failed("scrape-health", "127.0.0.1:1 scrapes", 5.0, 3.0, "3 scrapes where 5 were due")], "prometheus-paused"),
        ([failed("latency-buckets", "work:fast GET", 9.0, 3.0)], "wrong-bound"),
        ([failed("resolution", "work:fast GET p99", 0.0, 0.1)], "coarse-buckets"),
        ([failed("resolution", "work:fast GET p99", None, None)], "low-top-bucket"),
        ([failed("migrations", "default applied", 4.0, 0.0)], "stale-migrations"),
    ],
)
def test_a_sign_names_its_cause_first(verdicts: list[Verdict], cause: str) -> None:
    """What comes earlier on the path of a number explains what comes later."""
    assert likely(verdicts, (), DJANGO_PROMETHEUS)[0].id == cause


def test_nothing_failed_has_no_cause() -> None:
    """A pass, an inconclusive verdict and a finding need no explanation."""
    verdicts = [
        Verdict("request-conservation", "requests", Status.PASS, ""),
        Verdict("migrations", "default applied", Status.INCONCLUSIVE, ""),
    ]
    assert likely(verdicts, (Finding("no-response", "", "", "generator-health"),), DJANGO_PROMETHEUS) == ()


def test_a_hung_up_client_is_told_from_a_killed_worker() -> None:
    """By whether the client got an answer."""
    verdicts = [
        failed("quiescence", "in flight at t1", 0.0, 3.0),
        failed("response-conservation", "responses", 100.0, 97.0),
    ]
    assert likely(verdicts, (), DJANGO_PROMETHEUS)[0].id == "worker-killed"
    assert (
        likely(verdicts, (Finding("no-response", "", "", "generator-health"),), DJANGO_PROMETHEUS)[0].id
        == "asgi-hang-up"
    )


def test_every_fault_that_must_be_named_has_a_rule() -> None:
    """And no rule is for a fault that is gone; of five faults one at most may be without."""
    rules = {rule.id for rule in RULES}
    named = [fault for fault in FAULTS if fault.cause is not None]
    assert {fault.cause or fault.id for fault in named if fault.caught_by} == rules
    assert len(named) >= 0.8 * len(FAULTS)
