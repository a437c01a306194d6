"""Does each series have a sample at each scrape that went well, from its birth to its target's end?

A counter that was exported once is exported from then on, for as long as its process lives; and Prometheus stores all
samples of a scrape, and `up` with them, at the scrape's own time, or none. So a series without a sample at a scrape
with `up` 1 was not on the page: the page was cut, or something dropped it. A scrape with `up` 0 is scrape-health's.
Where a job names one instance several times, with labels that differ, each of these targets has scrapes of its own.

Samples that bear a timestamp of their own are stored at that time and not at the scrape's. Which scrape brought them
is not known, so they are no gaps, and are named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "series-presence"


@dataclass(frozen=True, slots=True)
class Target:
    """An entry of the scrape job, and the times of its scrapes; several may name one instance."""

    labels: Mapping[str, str]
    every: frozenset[float]
    well: tuple[float, ...]
    """Those of the window with `up` 1, in time order."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw `up` and raw counters."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (UP, *registry.of(run).counters))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict on each instance that exports counters."""
    up = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP))
    if isinstance(up, NoData):
        return (unanswered(ID, "series", up),)
    exported: dict[str, list[Series]] = {}
    for metric in facts.names.counters:
        reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
        if isinstance(reading, NoData) and not isinstance(reading, NoSeries):
            return (unanswered(ID, "series", reading, labels={"metric": metric}),)
        for series in reading.series if isinstance(reading, Reading) else ():
            exported.setdefault(series.labels.get("instance", ""), []).append(series)
    targets: dict[str, list[Target]] = {}
    for series in up.series:
        targets.setdefault(series.labels.get("instance", ""), []).append(_target(facts.run, series))
    results = [
        result
        for instance, own in sorted(targets.items())
        if instance in exported and any(target.well for target in own)
        for result in _judge_instance(facts, instance, own, exported[instance])
    ]
    why = "no successful scrape holds a counter of the target"
    return tuple(results) or (inconclusive(ID, "series", Code.NOTHING_COUNTED, why),)


def _target(run: Run, up: Series) -> Target:
    begin_s, end_s = run.window.start_s - CLOCK_RESOLUTION_S, run.window.end_s + CLOCK_RESOLUTION_S
    well = tuple(time_s for time_s, value in up.points if value == 1 and begin_s <= time_s <= end_s)
    return Target(up.labels, frozenset(time_s for time_s, _ in up.points), well)


def _own(targets: Sequence[Target], series: Series) -> Target:
    """The target with which a series has most labels in common: all of them, where none was rewritten."""
    return max(targets, key=lambda target: len(target.labels.items() & series.labels.items()))


def _judge_instance(
    facts: Facts, instance: str, targets: Sequence[Target], exported: list[Series]
) -> Iterable[Verdict | Finding]:
    subject, labels = f"{instance} series", {"instance": instance}
    owned = [(series, _own(targets, series)) for series in exported]
    alone = [not target.every.issuperset(series.columns.seconds.tolist()) for series, target in owned]
    stamped = [series for (series, _), own in zip(owned, alone, strict=True) if own]
    judged = [each for each, own in zip(owned, alone, strict=True) if not own]
    if stamped:
        text = (
            f"{len(stamped)} of {len(exported)} series bear timestamps of their own, e.g. {_name(stamped[0])}: which "
            "scrape brought a sample is not known, so gaps in them are not seen; export without timestamps, or set "
            "honor_timestamps: false"
        )
        yield Finding(FindingCode.OWN_TIMESTAMPS, subject, text, ID, labels)
    if not judged:
        why = f"all {len(exported)} series bear timestamps of their own: gaps in them are not seen"
        yield inconclusive(ID, subject, Code.UNDECIDED, why, labels=labels)
        return
    scrapes = sum(len(target.well) for target in targets)
    lives = prometheus_evidence.lives_of(facts.run, facts.evidence)
    begun = {life.name: life.begun_s for life in lives.values() if life.restarts}
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    gaps = [
        (time_s, series)
        for series, target in judged
        for time_s in _missing(series, target, begun.get(known.name(series.labels), ()))
    ]
    if not gaps:
        why = f"all {len(judged)} series have a sample at each of {scrapes} scrapes since they appeared"
        yield settled(ID, subject, Code.AGREES, why, expected=0, observed=0, unit="gaps", labels=labels)
        return
    yield _gap(facts.run, subject, labels, scrapes, len(judged), gaps)


def _missing(series: Series, target: Target, begun_s: Sequence[float]) -> list[float]:
    """Where a process began anew, a series is due again once it was there."""
    have = series.columns.seconds.tolist()
    there = frozenset(have)

    def is_due(time_s: float) -> bool:
        since_s = max((at for at in begun_s if at <= time_s), default=have[0])
        return any(since_s <= at < time_s for at in have)

    return [time_s for time_s in target.well if time_s not in there and is_due(time_s)]


def _gap(
    run: Run,
    subject: str,
    labels: Mapping[str, str],
    scrapes: int,
    judged: int,
    gaps: list[tuple[float, Series]],
) -> Verdict:
    times = sorted({time_s for time_s, _ in gaps})
    first = next(series for time_s, series in gaps if time_s == times[0])
    concerned = {_name(series) for _, series in gaps}
    after = ", ".join(f"{time_s - run.window.start_s:.3f} s" for time_s in times[:3])
    more = f" and {len(times) - 3} more" if len(times) > 3 else ""
    why = (
        f"{len(concerned)} of {judged} series have no sample at {len(times)} of {scrapes} successful "
        f"scrapes, {after}{more} after t0, first {_name(first)}: the page was cut on its way, or read while it was "
        "written, or series were dropped; compare the page with what the target serves, and look for proxies and "
        "exporters between it and Prometheus"
    )
    return settled(
        ID,
        subject,
        Code.GAP,
        why,
        expected=0,
        observed=len(gaps),
        unit="gaps",
        labels={**labels, "metric": first.labels.get("__name__", "")},
    )


def _name(series: Series) -> str:
    inner = ", ".join(
        f'{name}="{value}"'
        for name, value in sorted(series.labels.items())
        if name not in ("__name__", "instance", "job")
    )
    return f"{series.labels.get('__name__', '')}{{{inner}}}"


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA - {Code.NO_SCRAPE} | {Code.AGREES, Code.GAP, Code.NO_SERIES, Code.NOTHING_COUNTED, Code.UNDECIDED},
    unseen=(
        Unseen(
            "other-series",
            "Gaps in gauges and in the app's own series, and a series that is missing at every scrape",
            "their number may fall in a correct system, and what never was has no gap",
        ),
    ),
)
