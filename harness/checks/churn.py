"""Replicas that came and went while the load was on, and the requests that left with them.

What a process counted after its last scrape is gone with it. Those are no more than the client had sent by the time at
which it certainly answered no more, less those that it had answered by that scrape. Where every response says which
process gave it, they are also no more than the process gave and its series do not count. Everything else is exact.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.checks.base import ELSEWHERE, Facts, Key, inconclusive
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence import moments, prometheus_evidence
from harness.evidence.lives import Life
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S

MOST_UNACCOUNTED = 0.1
"""Share of the client's requests that may have left unscraped: what is short by more is not proved at all."""
LESS = frozenset({Code.SHORT, Code.MISSING, Code.TOO_LOW, Code.BEHIND, Code.COUNTS_DIFFER})
"""How a verdict may come out because of requests that are not in the metrics."""
OF_PROMETHEUS = frozenset({"percentiles"})
"""Checks of what Prometheus computes of the whole window."""
SHARES = frozenset({"error-ratio", "latency-buckets", "percentiles", "timer-span"})
"""Checks of shares and sums, which requests that left may move either way."""
BOUNDED = frozenset(
    {
        # Against the client, less what left.
        *("request-conservation", "request-counts", "rate", "running-counts", "running-latency"),
        # Among counters of the same processes.
        *("response-conservation", "side-counters", "latency-conservation"),
    }
)
"""Checks whose own limits hold what left: what they find beyond it is something else."""
BY_THEMSELVES = frozenset({"scrape-health", "series-presence", "quiescence", "dashboards", "records", "alerts"})
"""Checks of which no outcome comes from requests that left."""


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """At most so many requests of the client that were counted by processes whose last counts nobody scraped."""

    total: int
    by_key: Mapping[Key, int]
    """By view, method and status as the metric has them."""
    whose: str
    """The targets, for a reader."""

    def of(self, view: str = "", method: str = "", status: str = "") -> int:
        """Those under the labels that are given."""
        asked = (view, method, status)
        return sum(
            number
            for key, number in self.by_key.items()
            if all(not one or one == other for one, other in zip(asked, key, strict=True))
        )


NONE = Unaccounted(0, {}, "")


def lives(facts: Facts) -> Mapping[str, Life]:
    """The targets that count requests, by name; none of an embedded stack."""
    return prometheus_evidence.lives_of(facts.run, facts.evidence)


def begun(facts: Facts) -> int:
    """Processes that began in the window: each is in a scrape at its end, and was in none at its start."""
    return sum(len(life.begun_s) for life in lives(facts).values())


def in_between(facts: Facts) -> int:
    """Requests that one counter of a process has and the next has not yet, at its first and last scrapes."""
    ended = sum(life.left + len(life.restarts) for life in lives(facts).values())
    return begun(facts) + ended * facts.run.generator.peak_users


def unaccounted(facts: Facts) -> Unaccounted:
    """The requests that may have left; none where every process was scraped to the end."""
    known = lives(facts)
    if all(not life.left and not life.restarts for life in known.values()):
        return NONE
    if "unaccounted" not in facts.memo:
        facts.memo["unaccounted"] = _unaccounted(facts, known)
    found = facts.memo["unaccounted"]
    assert isinstance(found, Unaccounted)
    return found


def _unaccounted(facts: Facts, known: Mapping[str, Life]) -> Unaccounted:
    readings = moments.moments(facts.run, facts.evidence)
    ends: list[tuple[str, float, float]] = []
    for life in known.values():
        ends += [(life.name, before, first) for before, first in life.restarts]
        if life.left:
            ends.append((life.name, life.last_s, life.gone_s))
    sums: Counter[Key] = Counter()
    for name, last_s, gone_s in ends:
        before = [place for place, each in enumerate(readings) if each.time_s <= last_s + CLOCK_RESOLUTION_S]
        after = [place for place, each in enumerate(readings) if each.time_s >= gone_s - CLOCK_RESOLUTION_S]
        own: Counter[Key] = Counter()
        for (view, method, status), running in facts.client.running.items():
            if not status:
                continue
            answered = running.answered[before[-1]] if before else 0
            sent = running.sent[after[0]] if after else max(running.sent, default=0)
            key = (view if facts.is_known(view) else ELSEWHERE, facts.names.method_label(method), str(status))
            own[key] += max(sent - answered, 0)
        given = _given_beyond(facts, name)
        sums.update(own if given is None else Counter({key: min(number, given[key]) for key, number in own.items()}))
    return Unaccounted(sums.total(), sums, " and ".join(sorted({name for name, *_ in ends})))


def _given_beyond(facts: Facts, target: str) -> Counter[Key] | None:
    """Responses that the process at a target gave and its series do not count; None where that is not known."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    identified = facts.client.identified
    if sum(identified.values()) != facts.client.responses or not isinstance(items, tuple):
        return None
    if facts.foreign or facts.lost:
        return None  # the series count these too, so what they lack is not known
    claimed = {each.instance for each in identified}
    known, labels = prometheus_evidence.targets(facts.run, facts.evidence), facts.names.labels
    if not claimed <= {item.labels.get("instance", "") for item in items}:
        return None
    beyond: Counter[Key] = Counter()
    for each, number in identified.items():
        if each.instance == target:
            view = each.view if facts.is_known(each.view) else ELSEWHERE
            beyond[(view, facts.names.method_label(each.method), str(each.status))] += number
    for item in items:
        if known.name(item.labels) == target:
            view = item.labels.get(labels.view, "")
            method, status = (item.labels.get(name, "") for name in (labels.method, labels.status))
            beyond[(view if facts.is_known(view) else ELSEWHERE, method, status)] -= round(item.value)
    return Counter({key: max(number, 0) for key, number in beyond.items()})


def with_readiness(facts: Facts) -> Facts:
    """The facts with the readiness probes of new replicas as declared background.

    These ask for views that nothing else asks for: all that was counted of them in the window, a process that began in
    it had counted by its first scrape.
    """
    begun_s = {life.name: life.begun_s for life in lives(facts).values() if life.begun_s}
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, facts.names.responses_by_view))
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if not begun_s or isinstance(reading, NoData) or isinstance(items, NoData):
        return facts
    known, label = prometheus_evidence.targets(facts.run, facts.evidence), facts.names.labels.view
    at_birth: Counter[str] = Counter()
    for series in reading.series:
        firsts = begun_s.get(known.name(series.labels), ())
        at_birth[series.labels.get(label, "")] += round(sum(value for at, value in series.points if at in firsts))
    grown = {view: round(value) for (view,), value in prometheus_evidence.by(items, label).items()}
    found = {view for view, number in at_birth.items() if number and number == grown.get(view)}
    asked = {view for view, _, status in facts.client.running if status}
    more = sorted(found - asked - facts.background - {facts.names.unrouted})
    return replace(facts, run=replace(facts.run, background=(*facts.run.background, *more)), memo={}) if more else facts


def spared(facts: Facts, check: str, results: Iterable[Verdict | Finding]) -> tuple[Verdict | Finding, ...]:
    """The results of a check, less what requests that left may have brought about.

    Where few left, one finding says what is not proved; where many did, the verdicts are inconclusive.
    """
    given = tuple(results)
    left = unaccounted(facts)
    gone = sorted(life.name for life in lives(facts).values() if life.left or life.restarts)
    if check in BY_THEMSELVES or not (left.total or (gone and check in OF_PROMETHEUS)):
        return given
    doubtful = [result for result in given if isinstance(result, Verdict) and _is_doubtful(result)]
    if not doubtful:
        return given
    if check in OF_PROMETHEUS:
        text = (
            f"{' and '.join(gone)} ended in the window, and Prometheus evaluates counters of what is there at its end: "
            f"{len(doubtful)} of {len(given)} results are not proved"
        )
        kept = tuple(result for result in given if result not in doubtful)
        return (*kept, Finding(FindingCode.UNACCOUNTED, "replicas that left", text, check))
    if is_too_much(facts, left):
        return tuple(_undecided(result, left) if result in doubtful else result for result in given)
    if check in BOUNDED:
        return given
    given = tuple(
        _undecided(result, left) if result in doubtful and _is_far(result, left) else result for result in given
    )
    doubtful = [result for result in doubtful if not _is_far(result, left)]
    if not doubtful:
        return given
    text = (
        f"{describe(left)}, which may explain {len(doubtful)} of {len(given)} results: these are not proved, e.g. "
        f"{doubtful[0].subject}: {doubtful[0].why}"
    )
    kept = tuple(result for result in given if result not in doubtful)
    return (*kept, Finding(FindingCode.UNACCOUNTED, "replicas that left", text, check))


def _is_doubtful(verdict: Verdict) -> bool:
    return verdict.status is not Status.PASS and (verdict.code in LESS or verdict.check in SHARES)


def _is_far(verdict: Verdict, left: Unaccounted) -> bool:
    """Off by more than one for each request that left, and by a greater share than may leave: so not by these."""
    expected, observed = verdict.expected, verdict.observed
    if expected is None or observed is None:
        return False
    return abs(observed - expected) > max(left.total, MOST_UNACCOUNTED * abs(expected))


def _undecided(verdict: Verdict, left: Unaccounted) -> Verdict:
    why = f"{verdict.why}; {describe(left)}"
    made = inconclusive(verdict.check, verdict.subject, Code.UNACCOUNTED, why, unit=verdict.unit)
    return replace(made, expected=verdict.expected, observed=verdict.observed, labels=verdict.labels)


def is_too_much(facts: Facts, left: Unaccounted) -> bool:
    """True when too many requests may have left for anything that is short to be proved."""
    return left.total > MOST_UNACCOUNTED * facts.client.responses


def describe(left: Unaccounted) -> str:
    """For a reader."""
    return f"up to {left.total:,} requests left unscraped with {left.whose}"
