"""What each target's own scrapes say: part of `scrape-health`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import floor
from statistics import median

from harness.checks import churn
from harness.checks.background import exporters
from harness.checks.base import Facts, inconclusive, settled, unanswered
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Reading, Series
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.lives import GAP, WHOLE, Life
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.promql.own_series import PROCESS_START, SCRAPE_DURATION, UP

ID = "scrape-health"
JITTER = 0.05
"""Of an interval: a window that much short of a whole number of intervals is shown as that number."""
TIMED_OUT = 1.5
"""A scrape that timed out took so many times as long as half of those that succeeded, at the least."""
SLOW, BUSY = 0.5, 0.9
"""Where the slowest of the other scrapes took more than this share of that time, and processes waited for a processor
in more than this share of the window, a machine of the harness was too busy. A page that is slow by itself leaves the
other scrapes quick."""
MOST_NAMED = 3
"""Targets of other kinds that a finding names."""


def judge(facts: Facts) -> list[Verdict | Finding]:
    """A verdict on each of the app's targets, a finding on those that came or went, and one on those of other kinds."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP))
    if isinstance(reading, NoData):
        why = f"it is not known whether the target was scraped: {reading.reason}"
        return [inconclusive(ID, "scrapes", reading.code, why)]
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    own = [series for series in reading.series if is_own(facts, series)]
    names = {known.name(series.labels) for series in own} | {series.labels.get("instance", "") for series in own}
    gone = sorted(set(facts.run.instances) - names) if own else []
    why = "it was scraped at t0 but is no longer a target"
    others = [series for series in reading.series if series not in own]
    return [
        *(_judge_target(facts, series) for series in own),
        *(settled(ID, f"{name} scrapes", Code.TARGET_GONE, why, labels={"instance": name}) for name in gone),
        *(finding for life in churn.lives(facts).values() for finding in _changes(facts, life)),
        *_others(others),
        *_duplicates(facts),
    ]


def is_own(facts: Facts, up: Series) -> bool:
    """True for a target of the app: it counts requests, or never answered and is of the job of those that do."""
    known, counting = prometheus_evidence.targets(facts.run, facts.evidence), exporters(facts)
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, facts.names.arrived))
    if facts.run.embedded or isinstance(reading, NoData) or known.name(up.labels) in counting:
        return True
    jobs = {series.labels.get("job", "") for series in reading.series}
    return all(value != 1 for _, value in up.points) and up.labels.get("job", "") in jobs


def _others(others: list[Series]) -> list[Finding]:
    if not others:
        return []
    named = sorted({f"{each.labels.get('job', '')} {each.labels.get('instance', '')}".strip() for each in others})
    shown = ", ".join(named[:MOST_NAMED]) + (f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else "")
    text = (
        f"the selector also matches {len(named)} targets that do not count the app's requests ({shown}): they are not "
        "judged; narrow the selector to leave them out"
    )
    return [Finding(FindingCode.OTHER_TARGETS, "other targets", text, ID)]


def _duplicates(facts: Facts) -> list[Finding]:
    matchers = facts.run.narrowed_by
    if not matchers:
        return []
    labels = " and ".join(part.partition("=")[0] for part in matchers.split('",'))
    text = (
        f"each series is there several times, differing in {labels} alone: replicas of Prometheus write to one server. "
        f"This run reads {matchers}; add it to the selector, and select one replica in panels too, or their sums are "
        "multiplied"
    )
    return [Finding(FindingCode.DUPLICATE_SERIES, "duplicate series", text, ID)]


def _judge_target(facts: Facts, series: Series) -> Verdict:
    window = facts.run.window
    name = prometheus_evidence.targets(facts.run, facts.evidence).name(series.labels)
    subject, labels = f"{name or 'target'} scrapes", _instance(name)
    life = churn.lives(facts).get(name, WHOLE)
    inside = [
        (time_s, value)
        for time_s, value in series.points
        if window.start_s - CLOCK_RESOLUTION_S <= time_s <= window.end_s + CLOCK_RESOLUTION_S
    ]
    if not life.whole:
        return _judge_changed(facts, subject, life, inside)
    times = [time_s for time_s, _ in inside]
    intervals = window.length_s / window.scrape_interval_s
    expected = floor(intervals + JITTER)
    observed = max(len(inside) - 1, 0)
    failed = sum(1 for _, value in inside if value != 1)
    gap_s = max(b - a for a, b in pairwise((window.start_s, *times, window.end_s)))
    well = observed - failed
    if failed:
        code, why = _why_failed(facts, name, inside)
        why = f"{failed} of {len(inside)} scrapes failed (up = 0): {why}"
        if code is Code.MACHINE_BUSY:
            return inconclusive(ID, subject, code, why, expected=expected, observed=well, unit="scrapes", labels=labels)
    elif gap_s > GAP * window.scrape_interval_s or not inside:
        code = Code.SCRAPES_MISSING
        why = (
            f"{observed} scrapes after t0, expected {expected}, with a gap of up to {gap_s:.3g} s: Prometheus was "
            "down, paused or overloaded"
        )
    else:
        why = f"{observed} scrapes after t0, all successful, at most {gap_s:.3g} s apart"
        code = Code.AGREES
    return settled(ID, subject, code, why, expected=expected, observed=well, unit="scrapes", labels=labels)


def _why_failed(facts: Facts, name: str, scrapes: Sequence[tuple[float, float]]) -> tuple[Code, str]:
    """What is known of scrapes of which some failed: how long they took, and whether the machine was too busy."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, SCRAPE_DURATION))
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    took_s: dict[float, float] = {}
    for series in reading.series if isinstance(reading, Reading) else ():
        if known.name(series.labels) == name:
            took_s |= dict(series.points)
    failed_s = [took_s.get(at_s, 0.0) for at_s, value in scrapes if value != 1]
    well_s = [took_s[at_s] for at_s, value in scrapes if value == 1 and at_s in took_s]
    usual_s = median(well_s) if well_s else float("inf")
    if min(failed_s) <= max(well_s, default=float("inf")) or min(failed_s) < TIMED_OUT * usual_s:
        why = (
            "the target did not answer in time or refused the connection, or a limit such as sample_limit was exceeded"
        )
        return Code.TARGET_DOWN, f"{why}; see Prometheus's targets page"
    why = (
        f"each took longer than any that succeeded, {max(failed_s):.3g} s at the most, as one does that exceeds the "
        "scrape timeout"
    )
    waited_ratio, slowest_s = facts.run.window.waited_ratio or 0.0, max(well_s)
    if waited_ratio <= BUSY or slowest_s <= SLOW * max(failed_s):
        return Code.SCRAPES_TIMED_OUT, f"{why}; see Prometheus's targets page"
    why += (
        f". Processes of this machine waited for a processor in {waited_ratio:.0%} of the time, and another scrape "
        f"took {slowest_s:.3g} s: end other programs, load less, or scrape more seldom, and run again"
    )
    return Code.MACHINE_BUSY, why


def _judge_changed(facts: Facts, subject: str, life: Life, inside: list[tuple[float, float]]) -> Verdict:
    """Of a target that came, left or began anew: its scrapes from the first to the last one, restarts left aside."""
    labels, interval_s = _instance(life.name), facts.run.window.scrape_interval_s
    own = [(at, value) for at, value in inside if life.first_s <= at <= life.last_s]
    spans = [(max(before, life.first_s), at) for before, at in life.restarts]
    steps = [
        after - before
        for (before, _), (after, _) in pairwise(own)
        if not any(begin <= before and after <= end for begin, end in spans)
    ]
    gap_s = max(steps, default=0.0)
    failed = sum(value != 1 and not any(begin < at < end for begin, end in spans) for at, value in own)
    why = f"{len(own)} scrapes from its first to its last one, at most {gap_s:.3g} s apart"
    code = Code.AGREES
    if failed:
        code = Code.TARGET_DOWN
        why = f"{failed} of {len(own)} scrapes failed (up = 0) while it served; see Prometheus's targets page"
    elif gap_s > GAP * interval_s:
        code = Code.SCRAPES_MISSING
        why = f"{why}: Prometheus was down, paused or overloaded"
    return settled(ID, subject, code, why, observed=len(own) - failed, unit="scrapes", labels=labels)


def _changes(facts: Facts, life: Life) -> Iterator[Finding]:
    """What happened to a target while the load was on."""
    start_s, labels = facts.run.window.start_s, _instance(life.name)
    if life.joined:
        text = f"{life.name} became a target {life.first_s - start_s:.1f} s into the window; it is counted from zero"
        yield Finding(FindingCode.REPLICA_CAME, life.name, text, ID, labels)
    for before, first in life.restarts:
        text = (
            f"{life.name} began anew between {before - start_s:.1f} s and {first - start_s:.1f} s into the window; "
            f"what it counted after its last scrape is gone with it{_bound(facts)}"
        )
        yield Finding(FindingCode.REPLICA_RESTARTED, life.name, text, ID, labels)
    if life.left:
        text = (
            f"{life.name} left {life.last_s - start_s:.1f} s into the window; what it counted after that scrape is "
            f"gone with it{_bound(facts)}"
        )
        yield Finding(FindingCode.REPLICA_LEFT, life.name, text, ID, labels)


def _bound(facts: Facts) -> str:
    left = churn.unaccounted(facts)
    if not left.total:
        return ", and that is no request of the load"
    more = "; pin the number of replicas and run again" if churn.is_too_much(facts, left) else ""
    return f": at most {left.total:,} requests of {left.whose} together{more}"


def judge_start(facts: Facts) -> list[Verdict]:
    """Absent in multiprocess mode, where there is no single process to report."""
    query = prometheus_evidence.raw_query(facts.run, PROCESS_START)
    reading = facts.evidence.read(query)
    if isinstance(reading, NoData):
        return [] if query in facts.evidence.answers else [unanswered(ID, "process start", reading)]
    known, counting = prometheus_evidence.targets(facts.run, facts.evidence), exporters(facts)
    verdicts = []
    for series in reading.series:
        name = known.name(series.labels)
        if counting and name not in counting and not facts.run.embedded:
            continue
        begin_s = facts.run.window.start_s - CLOCK_RESOLUTION_S
        reported = [value for time_s, value in series.points if time_s >= begin_s]
        starts, subject = set(reported), f"{name or 'target'} process start"
        anew = len(churn.lives(facts).get(name, WHOLE).restarts)
        if len(starts) <= 1 + anew and reported == sorted(reported):
            why = "one process answered every scrape" if not anew else f"it began anew {anew} times, as seen"
            verdicts.append(settled(ID, subject, Code.AGREES, why, labels=_instance(name)))
            continue
        why = f"{len(starts)} processes with different start times answered"
        code = Code.RESTARTED if reported == sorted(reported) else Code.IN_TURN
        if code is Code.RESTARTED:
            why += f": the target restarted, or has several workers without {facts.names.advice.shared_counters}"
        else:
            why += f" in turn: several workers without {facts.names.advice.shared_counters}"
        found = len(starts)
        verdicts.append(
            settled(ID, subject, code, why, expected=1, observed=found, unit="processes", labels=_instance(name))
        )
    return verdicts


def _instance(name: str) -> Mapping[str, str]:
    return {"instance": name} if name else {}
