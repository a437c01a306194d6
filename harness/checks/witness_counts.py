"""What the witness counted of SQL, cache and models, for the checks that compare the metric with it."""

from collections import Counter

from harness.checks.base import Facts
from harness.core.codes import FindingCode
from harness.core.query import NoData
from harness.core.verdict import Finding
from harness.evidence import prometheus_evidence


def counts(facts: Facts, kind: str) -> dict[str, Counter[str]]:
    """Numbers by subject and key, over all views; empty when the witness reported nothing of this kind."""
    counted: dict[str, Counter[str]] = {}
    for event, number in facts.client.events.items():
        if event.kind == kind:
            counted.setdefault(event.subject, Counter())[event.key] += number
    return counted


def views_with(facts: Facts, kind: str, *keys: str) -> str:
    """The views in which any of `keys` happened, for a reader."""
    return ", ".join(sorted({event.view for event in facts.client.events if event.kind == kind and event.key in keys}))


def unseen(facts: Facts, *, once: bool = False) -> str:
    """Why the target may have done more than the samples' witnesses report; empty when they report everything.

    What a request can do `once` at the most is bounded by the number of lost requests, so these are no reason.
    """
    if facts.lost and not once:
        return f"{facts.lost} requests without a recorded response took their witness with them"
    if silent := facts.client.responses - facts.client.witnessed - sum(facts.client.between.values()):
        return f"{silent} responses carried no witness"
    responses = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(responses, NoData):
        return responses.reason
    label = facts.names.labels.view
    made = round(sum(prometheus_evidence.total(responses, **{label: view}) for view in facts.run.background))
    return f"{made} background requests that no client witnessed" if made else ""


def unproved(check: str, subject: str, text: str) -> Finding:
    """The finding for what only the metric reports."""
    return Finding(FindingCode.UNPROVED, subject, f"{text}; no witness data; not checked", check)
