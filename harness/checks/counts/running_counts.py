"""At every scrape: has each counter grown by what the client had answered, and by no more than it had sent?

A request is counted after it was sent and before its response was received: django-prometheus counts a request when it
arrives and a response before its first byte leaves, a streaming one's too. So at a reading of the counters

    answered by then <= growth since t0 <= sent by then

where `evidence.moments` says what "by then" is on the client's clock. Requests without a response may have been counted
from when they were sent; unrecorded ones at any time. Of several instances the newest sample of each is taken: the
lower bound holds at the earliest of these, the upper one at the latest.

The totals hold the scrapes too, and declared background. The metrics view's own count says how many scrapes there
were: as many as Prometheus made, or others scrape as well. Then, as for the background, what was answered by the
instance's reading before has arrived by this one, and no more than was answered by t1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.checks import running_bounds
from harness.checks.base import ELSEWHERE, NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.response_counts import expected_responses
from harness.checks.running_bounds import Bounds, Key, Numbers
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence import moments, prometheus_evidence
from harness.evidence.moments import Moment
from harness.promql.own_series import UP

ID = "running-counts"
BASIS = "answered and sent by then; clocks, the scrape's duration and requests without a response allowed for"
BEHIND = (
    "what was scraped is older than its time (the metrics page is cached, polled or held back on its way to "
    "Prometheus, or counters are written in batches), or requests are not counted"
)
AHEAD = (
    "requests that nobody had sent yet: samples have times before their counters were read, the page is altered on its "
    "way to Prometheus, or other clients use the target"
)


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter with what it grew by and what it must have grown by, at each reading."""

    subject: str
    metric: str
    by: Key
    """The labels by which it is judged; empty for its total."""
    grown: dict[Key, Numbers]
    bounds: dict[Key, Bounds]


@dataclass(frozen=True, slots=True)
class Miss:
    """One reading of one series beyond a bound."""

    amount: float
    key: Key
    place: int
    least: float
    most: float
    grown: float


def queries(run: Run) -> tuple[Query, ...]:
    """Raw totals, requests and responses by view, and when and for how long Prometheus scraped."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (UP, *moments.metrics(run)))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict on each of four counters; two on one that was both ahead and behind."""
    readings = moments.moments(facts.run, facts.evidence)
    if not readings:
        return (inconclusive(ID, "", Code.NO_SCRAPE, "no reading of the counters after t0 is known; run again"),)
    names, labels = facts.names, facts.names.labels
    totals = running_bounds.totals(facts, readings)
    judged = (
        (
            "responses by view",
            names.responses_by_view,
            (labels.view, labels.method, labels.status),
            running_bounds.responses(facts, readings),
        ),
        (
            "requests by view",
            names.requests_by_view,
            (labels.view, labels.method),
            running_bounds.requests(facts, readings),
        ),
        ("all requests", names.arrived, (), totals),
        ("all responses", names.answered, (), totals),
    )
    return tuple(
        verdict
        for subject, metric, by, bounds in judged
        for verdict in _judge(facts, readings, subject, metric, by, bounds)
    )


def _judge(
    facts: Facts, readings: Sequence[Moment], subject: str, metric: str, by: Key, bounds: dict[Key, Bounds]
) -> Iterator[Verdict]:
    known = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
    strength = Strength.ONE_SIDED if facts.foreign else Strength.EXACT
    if isinstance(known, NoData):
        yield unanswered(ID, subject, known, strength=strength, labels={"metric": metric})
        return
    grown = _grown(facts, readings, metric, by)
    others = {key: running_bounds.unanswered(facts, readings, key) for key in grown if key not in bounds}
    counter = Counter(subject, metric, by, grown, {**bounds, **others})
    misses = list(_misses(counter, len(readings), one_sided=facts.foreign))
    wrong = False
    for code in (Code.BEHIND, Code.AHEAD):
        found = [miss for miss in misses if (miss.grown < miss.least) is (code is Code.BEHIND)]
        if found:
            wrong = True
            late = code is Code.BEHIND and not facts.foreign and _catches_up(counter, found)
            yield _miss(facts, readings, counter, code, found, strength, {"late": "yes"} if late else {})
    unseen = next((key for key, numbers in sorted(grown.items()) if np.isnan(numbers).all()), None)
    if unseen is not None and not wrong:
        whose = f" for {' '.join(unseen)}" if by else ""
        why = f"none of {len(readings)} readings has a sample of {metric}{whose}; see series-presence"
        yield inconclusive(ID, subject, Code.NO_VALUE, why, strength=strength, labels={"metric": metric})
    elif not wrong:
        limits = (
            "what the client had answered" if facts.foreign else "what the client had answered and what it had sent"
        )
        why = f"{metric} kept to {limits} by then, at each of {len(readings)} readings"
        yield settled(ID, subject, Code.AGREES, why, strength=strength, labels={"metric": metric})


def _grown(facts: Facts, readings: Sequence[Moment], metric: str, by: Key) -> dict[Key, Numbers]:
    """By the labels `by`, without the background and with views unknown to the client pooled."""
    pooled = any(view == ELSEWHERE for view, _, _ in expected_responses(facts))
    found: list[tuple[Key, Numbers]] = []
    known = running_bounds.series_of(facts, metric)
    for series, grown in zip(known, running_bounds.growths(facts, known, readings), strict=True):
        key: Key = tuple(series.labels.get(name, "") for name in by)
        if by and key[0] in facts.background:
            continue
        if by and pooled and not facts.is_known(key[0]):
            if len(by) == 2:
                continue  # requests of unknown views are not compared, as in `request-counts`
            key = (ELSEWHERE, *key[1:])
        found.append((key, grown))
    return dict(running_bounds.summed(found))


def _misses(counter: Counter, readings: int, *, one_sided: bool) -> Iterator[Miss]:
    none = np.zeros(readings)
    for key in sorted({*counter.grown, *counter.bounds}):
        grown, bounds = counter.grown.get(key, none), counter.bounds[key]
        amounts = np.maximum(bounds.least - grown, -np.inf if one_sided else grown - bounds.most)
        for place in np.flatnonzero(amounts > 0).tolist():
            least, most = float(bounds.least[place]), float(bounds.most[place])
            yield Miss(float(amounts[place]), key, place, least, most, float(grown[place]))


def _catches_up(counter: Counter, found: Sequence[Miss]) -> bool:
    """True when a series that was behind then grew by more than can have happened since: it was late, not lost."""
    return any(
        later < len(grown) and grown[later] - grown[miss.place] > bounds.most[later] - bounds.least[miss.place]
        for miss in found
        for later in (miss.place + 1,)
        if (grown := counter.grown.get(miss.key)) is not None and (bounds := counter.bounds.get(miss.key)) is not None
    )


def _miss(
    facts: Facts,
    readings: Sequence[Moment],
    counter: Counter,
    code: Code,
    found: Sequence[Miss],
    strength: Strength,
    more: Mapping[str, str],
) -> Verdict:
    worst = max(found, key=lambda miss: miss.amount)
    at_s = readings[worst.place].time_s - facts.run.window.start_s
    behind = code is Code.BEHIND
    whose = f" for {' '.join(worst.key)}" if counter.by else ""
    by_then = f"answered {worst.least:,.0f}" if behind else f"sent no more than {worst.most:,.0f}"
    others = f", and so were {series - 1} other series" if (series := len({miss.key for miss in found})) > 1 else ""
    why = (
        f"{counter.metric} was {worst.amount:,.10g} {code.value}{whose}, {at_s:.3f} s after t0: it had grown by "
        f"{worst.grown:,.10g} when the client had {by_then}; it was {code.value} at {len({m.place for m in found})} of "
        f"{len(readings)} readings{others}: {BEHIND if behind else AHEAD}"
    )
    own = dict(zip(("view", "method", "status"), worst.key, strict=False))
    bound = worst.least if behind else worst.most
    return settled(
        ID,
        counter.subject,
        code,
        why,
        expected=bound,
        observed=worst.grown,
        tolerance=None if facts.foreign else _tolerance(worst, behind=behind),
        unit=counter.subject.removeprefix("all ").partition(" ")[0],
        strength=strength,
        labels={"metric": counter.metric, **own, **more},
    )


def _tolerance(worst: Miss, *, behind: bool) -> Tolerance:
    spread = worst.most - worst.least
    return Tolerance(0, spread, BASIS) if behind else Tolerance(spread, 0, BASIS)


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA | {Code.AGREES, Code.AHEAD, Code.BEHIND, Code.NO_VALUE, Code.SAMPLES_UNUSABLE},
    needs_samples=True,
    unseen=(
        Unseen(
            "requests-on-their-way",
            "An error smaller than the requests on their way while the page is read, and a delay shorter than the "
            "scrape and what clocks differ by (10 ms on one machine, 50 ms between two), or than from one request to "
            "the next",
            "a request may be counted from when it was sent, and must be when it was answered",
        ),
    ),
)
