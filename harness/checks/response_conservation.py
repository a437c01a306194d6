"""Does every counted request have a counted response, and every response a status?"""

from harness import readings
from harness.checks.check import Check, Count, Facts, inconclusive, within
from harness.instrumentation import REQUESTS, RESPONSES, RESPONSES_BY_STATUS, RESPONSES_BY_VIEW
from harness.model import Finding, NoData, Query, Run, Verdict

ID = "response-conservation"
LAWS = (
    (
        "responses",
        REQUESTS,
        RESPONSES,
        "requests whose response was never counted: a worker was killed, or a client hung up under ASGI",
        "responses without a request: PrometheusBeforeMiddleware's process_request did not run for them",
    ),
    (
        "responses by status",
        RESPONSES,
        RESPONSES_BY_STATUS,
        "a middleware between the two django-prometheus middlewares answers by itself, or the After one is missing",
        "PrometheusAfterMiddleware is listed twice, or stands outside PrometheusBeforeMiddleware",
    ),
    (
        "responses by status, view and method",
        RESPONSES_BY_STATUS,
        RESPONSES_BY_VIEW,
        "series with view labels are lost: labels dropped or colliding in the scrape configuration",
        "series with view labels are counted twice",
    ),
)


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses on each level."""
    return tuple(
        readings.raw_query(run, metric) for metric in (REQUESTS, RESPONSES, RESPONSES_BY_STATUS, RESPONSES_BY_VIEW)
    )


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Each level's total equals the one before it, in all and for each status. The samples are not needed for that."""
    return (*(_judge_law(facts, *law) for law in LAWS), *_judge_statuses(facts))


def _judge_statuses(facts: Facts) -> list[Verdict]:
    """The counter by status has no view, so that nothing else holds its statuses against the client's."""
    deltas = readings.growth(facts.run, facts.evidence, (RESPONSES_BY_STATUS, RESPONSES_BY_VIEW))
    if isinstance(deltas, NoData):
        return []  # the laws above say so
    alone, with_view = (readings.by(deltas[metric], "status") for metric in (RESPONSES_BY_STATUS, RESPONSES_BY_VIEW))
    counts = (
        Count(
            ID,
            f"status {status}",
            round(with_view.get((status,), 0.0)),
            alone.get((status,), 0.0),
            "responses",
            "they are told under another status in the counter by status alone",
            "responses of another status are told as this one in the counter by status alone",
            expected_by=RESPONSES_BY_VIEW,
            observed_by=RESPONSES_BY_STATUS,
        )
        for (status,) in sorted({*alone, *with_view})
        if alone.get((status,)) or with_view.get((status,))
    )
    return [within(count, facts) for count in counts]


def _judge_law(facts: Facts, subject: str, above: str, below: str, short: str, over: str) -> Verdict:
    whole = readings.deltas(facts.run, facts.evidence, above)
    part = readings.deltas(facts.run, facts.evidence, below)
    if isinstance(whole, NoData):
        return inconclusive(ID, subject, whole.reason)
    if isinstance(part, tuple) and not readings.total(whole) and not readings.total(part):
        return inconclusive(ID, subject, f"neither {above} nor {below} counted anything")
    observed = part if isinstance(part, NoData) else readings.total(part)
    count = Count(
        ID,
        subject,
        round(readings.total(whole)),
        observed,
        "responses",
        short,
        over,
        expected_by=above,
        observed_by=below,
    )
    return within(count, facts)


CHECK = Check(ID, queries, judge)
