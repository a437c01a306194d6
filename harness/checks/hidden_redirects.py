"""Redirects that the load generator followed and has no sample of, by the target's own count of them.

Some results hold one row for a request and all that it was sent on to. Each of the answers before the last one has a
status of a redirect. So the requests that are missing from the samples are no more than the redirects that the metric
counted beyond those that the samples have; up to so many more than the client's is then no error of any count.
"""

from collections import Counter
from dataclasses import replace

from harness.checks.base import Facts
from harness.core.query import NoData
from harness.core.unsaid import Unsaid
from harness.evidence import prometheus_evidence

REDIRECTS = frozenset({"301", "302", "303", "307", "308"})


def noted(facts: Facts) -> Facts:
    """The facts with the number of such requests; 0 where the samples have each of them, or nothing was counted."""
    if Unsaid.REDIRECTS not in facts.run.unsaid:
        return facts
    increases = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(increases, NoData):
        return facts
    labels = facts.names.labels
    counted: Counter[tuple[str, str]] = Counter()
    for (view, method, status), number in prometheus_evidence.by(
        increases, labels.view, labels.method, labels.status
    ).items():
        if status in REDIRECTS and view not in facts.background:
            counted[(method, status)] += round(number)
    for (_, method, seen), number in facts.client.answered.items():
        if (key := (facts.names.method_label(method), str(seen))) in counted:
            counted[key] -= number
    return replace(facts, hidden_redirects=sum(max(number, 0) for number in counted.values()))
