"""Are the shares of 5xx and 4xx responses the client's shares?"""

from collections.abc import Mapping

from harness.checks import response_counts
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, labels_of, name_of, settled, unanswered
from harness.checks.response_counts import expected_responses, lost_requests, observed_responses
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, ViewKey

ID = "error-ratio"
CLASSES = ("5", "4")
Counts = dict[ViewKey, tuple[float, float]]
"""Errors and all responses by view and method."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses by status, view and method."""
    return response_counts.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per class over all views, and per view where either side saw an error."""
    observed = observed_responses(facts)
    if isinstance(observed, NoData):
        return (unanswered(ID, "", observed),)
    verdicts = []
    for digit in CLASSES:
        client, metric = _count(dict(expected_responses(facts)), digit), _count(observed, digit)
        keys = [key for key in sorted({*client, *metric}) if key == ALL or _errors(client, key) or _errors(metric, key)]
        verdicts += [_judge_ratio(facts, digit, key, client.get(key, (0, 0)), metric.get(key, (0, 0))) for key in keys]
    return tuple(verdicts)


def _count(responses: Mapping[tuple[str, str, str], float], digit: str) -> Counts:
    counts: Counts = {ALL: (0, 0)}
    for (view, method, status), number in responses.items():
        bad = number if status.startswith(digit) else 0
        for key in (ALL, (view, method)):
            errors, total = counts.get(key, (0, 0))
            counts[key] = (errors + bad, total + number)
    return counts


def _errors(counts: Counts, key: ViewKey) -> float:
    return counts.get(key, (0, 0))[0]


def _judge_ratio(
    facts: Facts, digit: str, key: ViewKey, client: tuple[float, float], metric: tuple[float, float]
) -> Verdict:
    """Compared as counts: equal errors of equal totals. Lost requests may be errors, successes or neither."""
    subject = f"{name_of(key)} {digit}xx"
    lost = facts.lost if key == ALL else lost_requests(facts, *key)
    more = (metric[0] - client[0], metric[1] - client[1])
    passed = 0 <= more[0] <= more[1] and (facts.foreign or more[1] <= lost)
    saw = (
        f"the client saw {client[0]:,.0f} of {client[1]:,.0f}, the metric reports {metric[0]:,.0f} of {metric[1]:,.0f}"
    )
    why = saw
    if passed and facts.foreign:
        why += "; with foreign traffic both counts are lower bounds only"
    elif not passed:
        why += (
            "; errors are counted under another status or not at all (swallowed, answered outside Django, or changed "
            "by a middleware), or other clients' requests dilute the ratio; see request-counts"
        )
    expected = client[0] / client[1] if client[1] else None
    tolerance = (
        None
        if facts.foreign or expected is None
        else Tolerance(
            expected - client[0] / (client[1] + lost),
            (client[0] + lost) / (client[1] + lost) - expected,
            "exact, as counts" + (f"; {lost} requests without a response" if lost else ""),
        )
    )
    return settled(
        ID,
        subject,
        Code.AGREES if passed else _apart(client, metric),
        why,
        expected=expected,
        observed=metric[0] / metric[1] if metric[1] else None,
        tolerance=tolerance,
        unit="ratio",
        strength=Strength.ONE_SIDED if facts.foreign else Strength.EXACT,
        labels=labels_of(key, status=f"{digit}xx"),
    )


def _apart(client: tuple[float, float], metric: tuple[float, float]) -> Code:
    """How two ratios that should agree do not, given errors and all responses of each side."""
    if metric[0] < client[0]:
        return Code.SHORT if metric[0] else Code.MISSING
    return Code.DILUTED if metric[0] == client[0] and metric[1] > client[1] else Code.OVER


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.DILUTED, Code.SAMPLES_UNUSABLE}, needs_samples=True)
