"""Did Prometheus see the target all through the window: every scrape, no gap, no reset, nothing dropped?"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness import promql
from harness.checks import dropped
from harness.checks.base import NO_DATA, Check, Facts, inconclusive, settled, unanswered
from harness.core.codes import Code
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import OF_ALERTS, OF_SCRAPES, PROCESS_START, SAMPLES_KEPT, UP

ID = "scrape-health"
GAP = 1.5
"""Two scrapes further apart than this many intervals have one missing between them."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw `up`, start times and counters, and how many series were kept and are stored at t1."""
    counters = registry.of(run).counters
    raw = tuple(prometheus_evidence.raw_query(run, metric) for metric in (UP, PROCESS_START, *counters))
    stored = (_stored(run),) if run.recorded is None else (_stored(run), _doubtful(run))
    return (*raw, *dropped.queries(run), _kept(run), *stored, *(_own_growth(run, metric) for metric in counters))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Verdicts on each instance's scrapes, then on resets, raw samples, start times, stored series and the clock."""
    return (
        *_judge_ended(facts),
        *_judge_scrapes(facts),
        _judge_resets(facts),
        _judge_raw(facts),
        *_judge_start(facts),
        *_judge_stored(facts),
        _judge_clock(facts),
    )


def _judge_ended(facts: Facts) -> list[Verdict]:
    """No verdict on a stack that the harness did not start, or whose processes all still run."""
    if not facts.run.ended:
        return []
    why = f"{', '.join(facts.run.ended)} ended by itself while the load was on; see its log in the run's directory"
    ended = len(facts.run.ended)
    return [settled(ID, "processes", Code.PROCESS_ENDED, why, expected=0, observed=ended, unit="processes")]


def _kept(run: Run) -> Query:
    return Query(promql.selector(SAMPLES_KEPT, run.selector), run.window.end_s)


def _stored(run: Run) -> Query:
    """Of the target's labels, all but what Prometheus made: for scrapes, and by the rules that it reports."""
    if run.recorded is None:
        return _counted(run, f'__name__!~"{OF_SCRAPES}"')
    return _counted(run, f'__name__!~"{OF_SCRAPES}|{OF_ALERTS}"', _unrecorded(run))


def _doubtful(run: Run) -> Query:
    """Of these, those whose name has a colon, as recorded ones have: by rules that Prometheus does not report."""
    return _counted(run, '__name__=~".*:.*"', _unrecorded(run))


def _unrecorded(run: Run) -> str:
    names = "|".join(re.escape(name) for name in run.recorded or ())
    return f"__name__!~{promql.label_value(names)}" if names else ""


def _counted(run: Run, *matchers: str) -> Query:
    inner = ", ".join(matcher for matcher in (run.selector.strip().removesuffix(","), *matchers) if matcher)
    return Query(f"count by (instance) ({{{inner}}})", run.window.end_s)


def _own_growth(run: Run, metric: str) -> Query:
    """Prometheus's own subtraction of each counter, summed by bucket: what the raw samples must give too."""
    now = promql.selector(metric, run.selector)
    text = f"sum by (le) (({now} - {now} offset {promql.duration(run.window.length_s)}) or {now})"
    return Query(text, run.window.end_s)


def _judge_raw(facts: Facts) -> Verdict:
    """The samples that are judged are the samples that Prometheus evaluates."""
    subject, compared = "raw samples", 0
    for metric in facts.kept_counters:
        items = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
        query = _own_growth(facts.run, metric)
        own = facts.evidence.read(query)
        if isinstance(items, NoData):
            return unanswered(ID, subject, items, labels={"metric": metric})
        if isinstance(own, NoData) and not isinstance(own, NoSeries):
            return unanswered(ID, subject, own, labels={"metric": metric})
        grown = {} if isinstance(own, NoData) else {series.labels.get("le", ""): series.last for series in own.series}
        folded = {le: value for (le,), value in prometheus_evidence.by(items, "le").items()}
        compared += len(grown)
        for le in sorted({*grown, *folded}):
            if not math.isclose(grown.get(le, 0.0), folded.get(le, 0.0), rel_tol=1e-9, abs_tol=1e-6):
                bucket = f" le={le}" if le else ""
                why = (
                    f"{metric}{bucket} grew by {folded.get(le, 0.0):.10g} in its raw samples, and by "
                    f"{grown.get(le, 0.0):.10g} by Prometheus's subtraction: it fell, or the evidence was changed"
                )
                labels = {"metric": metric, "le": le} if le else {"metric": metric}
                due, was = grown.get(le), folded.get(le)
                return settled(ID, subject, Code.RAW_DIFFERS, why, expected=due, observed=was, labels=labels)
    if not compared:
        why = f"the target exports none of the counters of {facts.names.advice.library}"
        return inconclusive(ID, subject, Code.NOTHING_COUNTED, why)
    why = f"all {len(facts.kept_counters)} counters grew in their raw samples by what Prometheus itself subtracts"
    return settled(ID, subject, Code.AGREES, why)


def _judge_scrapes(facts: Facts) -> list[Verdict]:
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP))
    if isinstance(reading, NoData):
        why = f"it is not known whether the target was scraped: {reading.reason}"
        return [inconclusive(ID, "scrapes", reading.code, why)]
    verdicts = [_judge_instance(facts.run, series) for series in reading.series]
    gone = set(facts.run.instances) - {series.labels.get("instance", "") for series in reading.series}
    why = "it was scraped at t0 but is no longer a target"
    return [
        *verdicts,
        *(settled(ID, f"{name} scrapes", Code.TARGET_GONE, why, labels={"instance": name}) for name in gone),
    ]


def _judge_instance(run: Run, series: Series) -> Verdict:
    window = run.window
    subject, labels = f"{series.labels.get('instance', 'target')} scrapes", _instance(series)
    inside = [
        (time_s, value)
        for time_s, value in series.points
        if window.start_s - prometheus_evidence.CLOCK_RESOLUTION_S
        <= time_s
        <= window.end_s + prometheus_evidence.CLOCK_RESOLUTION_S
    ]
    times = [time_s for time_s, _ in inside]
    expected = round(window.length_s / window.scrape_interval_s)
    observed = max(len(inside) - 1, 0)
    failed = sum(1 for _, value in inside if value != 1)
    gap_s = max((b - a for a, b in pairwise(times)), default=float("inf"))
    if failed:
        code = Code.TARGET_DOWN
        why = (
            f"{failed} of {len(inside)} scrapes failed (up = 0): the target did not answer in time, or a limit such as "
            "sample_limit was exceeded; see Prometheus's targets page"
        )
    elif gap_s > GAP * window.scrape_interval_s or observed < expected - 1:
        code = Code.SCRAPES_MISSING
        why = (
            f"{observed} scrapes after t0, expected {expected}, with a gap of up to {gap_s:.3g} s: Prometheus was "
            "down, paused or overloaded"
        )
    else:
        why = f"{observed} scrapes after t0, all successful, at most {gap_s:.3g} s apart"
        code = Code.AGREES
    well = observed - failed
    return settled(ID, subject, code, why, expected=expected, observed=well, unit="scrapes", labels=labels)


def _instance(series: Series) -> Mapping[str, str]:
    return {name: value for name, value in series.labels.items() if name == "instance"}


def _judge_resets(facts: Facts) -> Verdict:
    resets: dict[str, int] = {}
    for metric in facts.kept_counters:
        items = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
        if isinstance(items, NoData):
            return unanswered(ID, "counter resets", items, labels={"metric": metric})
        resets[metric] = sum(item.falls for item in items)
    found = sum(resets.values())
    if not found:
        why = "no counter was reset"
        return settled(ID, "counter resets", Code.AGREES, why, expected=0, observed=0, unit="resets")
    worst = max(resets, key=lambda metric: resets[metric])
    why = (
        f"counters were reset {found} times, {worst} most often: the target restarted, or several workers answer "
        f"scrapes in turn without a shared {facts.names.advice.shared_counters}"
    )
    code, labels = Code.COUNTER_RESET, {"metric": worst}
    return settled(ID, "counter resets", code, why, expected=0, observed=found, unit="resets", labels=labels)


def _judge_start(facts: Facts) -> list[Verdict]:
    """Absent in multiprocess mode, where there is no single process to report."""
    query = prometheus_evidence.raw_query(facts.run, PROCESS_START)
    reading = facts.evidence.read(query)
    if isinstance(reading, NoData):
        return [] if query in facts.evidence.answers else [unanswered(ID, "process start", reading)]
    verdicts = []
    for series in reading.series:
        begin_s = facts.run.window.start_s - prometheus_evidence.CLOCK_RESOLUTION_S
        reported = [value for time_s, value in series.points if time_s >= begin_s]
        starts = set(reported)
        subject = f"{series.labels.get('instance', 'target')} process start"
        if len(starts) <= 1:
            why = "one process answered every scrape"
            verdicts.append(settled(ID, subject, Code.AGREES, why, labels=_instance(series)))
            continue
        why = f"{len(starts)} processes with different start times answered"
        code = Code.RESTARTED if reported == sorted(reported) else Code.IN_TURN
        if code is Code.RESTARTED:
            why += f": the target restarted, or has several workers without {facts.names.advice.shared_counters}"
        else:
            why += f" in turn: several workers without {facts.names.advice.shared_counters}"
        found = len(starts)
        verdicts.append(
            settled(ID, subject, code, why, expected=1, observed=found, unit="processes", labels=_instance(series))
        )
    return verdicts


def _judge_stored(facts: Facts) -> list[Verdict]:
    kept, stored = facts.evidence.read(_kept(facts.run)), facts.evidence.read(_stored(facts.run))
    if isinstance(kept, NoData):
        return [unanswered(ID, "stored series", kept)]
    if isinstance(stored, NoData):
        return [unanswered(ID, "stored series", stored)]
    doubtful = facts.evidence.read(_doubtful(facts.run)) if facts.run.recorded is not None else NoSeries()
    if isinstance(doubtful, NoData) and not isinstance(doubtful, NoSeries):
        return [unanswered(ID, "stored series", doubtful)]
    more = _by_instance(doubtful) if isinstance(doubtful, Reading) else {}
    return [_judge_kept(series, _by_instance(stored), more) for series in _rising(kept)]


def _by_instance(reading: Reading) -> dict[str, float]:
    return {series.labels.get("instance", ""): series.last for series in reading.series}


def _judge_kept(series: Series, counts: dict[str, float], doubtful: dict[str, float]) -> Verdict:
    """`doubtful` are those of `counts` that a rule may have recorded."""
    instance = series.labels.get("instance", "")
    subject, observed = f"{instance} stored series", counts.get(instance, 0.0)
    same = observed - doubtful.get(instance, 0.0) <= series.last <= observed
    why = f"all {series.last:.0f} series of the last scrape are stored"
    if not same:
        why = (
            f"the last scrape kept {series.last:.0f} samples but {observed:.0f} series are stored: labels collide (a "
            "labeldrop that makes two series one), or samples with the same time were dropped"
        )
    code, labels = Code.AGREES if same else Code.LABELS_COLLIDE, _instance(series)
    return settled(ID, subject, code, why, expected=series.last, observed=observed, unit="series", labels=labels)


def _rising(reading: Reading) -> Sequence[Series]:
    return sorted(reading.series, key=lambda series: series.labels.get("instance", ""))


def _judge_clock(facts: Facts) -> Verdict:
    limit_s = facts.run.budget.max_clock_skew_s
    clocks = {"this machine": facts.run.window.clock_skew_s}
    if facts.run.generator.clock_skew_s:
        clocks["the load generator"] = facts.run.window.clock_skew_s + facts.run.generator.clock_skew_s
    whose, skew_s = max(clocks.items(), key=lambda item: abs(item[1]))
    why = f"{whose}'s clock is {skew_s:+.3f} s from Prometheus's"
    fine = abs(skew_s) <= limit_s
    if not fine:
        why += (
            f" (limit {limit_s:g} s): panels show the load at the wrong time; synchronise the clocks (the "
            "window itself is exact)"
        )
    code = Code.AGREES if fine else Code.CLOCK_SKEW
    return settled(ID, "clock", code, why, expected=0, observed=skew_s, unit="s")


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.CLOCK_SKEW,
        Code.COUNTER_RESET,
        Code.IN_TURN,
        Code.LABELS_COLLIDE,
        Code.NO_SERIES,
        Code.NOTHING_COUNTED,
        Code.PROCESS_ENDED,
        Code.RAW_DIFFERS,
        Code.RESTARTED,
        Code.SCRAPES_MISSING,
        Code.TARGET_DOWN,
        Code.TARGET_GONE,
    },
)
