"""Did Prometheus see the target all through the window: every scrape, no gap, no reset, nothing dropped?"""

import math
import re
from collections.abc import Mapping, Sequence

from harness import promql
from harness.checks import churn, dropped
from harness.checks.background import exporters, well_scraped
from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.validity import _scrapes
from harness.core.codes import Code
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.lives import WHOLE
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.evidence.targets import Targets
from harness.instrumentation import registry
from harness.promql.own_series import OF_ALERTS, OF_SCRAPES, PROCESS_START, SAMPLES_KEPT, SCRAPE_DURATION, UP

ID = "scrape-health"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw `up`, durations of scrapes, start times and counters, and how many series were kept and are stored at t1."""
    counters = registry.of(run).counters
    raw = tuple(
        prometheus_evidence.raw_query(run, metric) for metric in (UP, SCRAPE_DURATION, PROCESS_START, *counters)
    )
    stored = (_stored(run),) if run.recorded is None else (_stored(run), _doubtful(run))
    return (*raw, *dropped.queries(run), _kept(run), *stored, *(_own_growth(run, metric) for metric in counters))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Verdicts on each instance's scrapes, then on resets, raw samples, start times, stored series and the clock."""
    return (
        *_judge_ended(facts),
        *_scrapes.judge(facts),
        _judge_resets(facts),
        _judge_raw(facts),
        *_scrapes.judge_start(facts),
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
    return Query(f"count by ({', '.join(run.target_labels or ('instance',))}) ({{{inner}}})", run.window.end_s)


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
        folded = _folded(facts, metric, items)
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


def _folded(facts: Facts, metric: str, items: Sequence[prometheus_evidence.CounterIncrease]) -> Mapping[str, float]:
    """What the raw samples give where Prometheus subtracts two values: of targets that are there at t1."""
    lives = churn.lives(facts)
    if all(life.whole for life in lives.values()):
        return {le: value for (le,), value in prometheus_evidence.by(items, "le").items()}
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
    known, window = prometheus_evidence.targets(facts.run, facts.evidence), facts.run.window
    well = well_scraped(facts)
    sums: dict[str, float] = {}
    for series in reading.series if isinstance(reading, Reading) else ():
        name = known.name(series.labels)
        now = [point for point in series.points if point[0] <= window.end_s + CLOCK_RESOLUTION_S]
        newest_s = max((at for at in well.get(name, ()) if at <= window.end_s + CLOCK_RESOLUTION_S), default=0.0)
        if not now or lives.get(name, WHOLE).left or now[-1][0] < newest_s:
            continue  # stale
        before = [value for at, value in now if at <= window.start_s + CLOCK_RESOLUTION_S]
        le = series.labels.get("le", "")
        sums[le] = sums.get(le, 0.0) + now[-1][1] - (before[-1] if before else 0.0)
    return sums


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


def _judge_stored(facts: Facts) -> list[Verdict]:
    kept, stored = facts.evidence.read(_kept(facts.run)), facts.evidence.read(_stored(facts.run))
    if isinstance(kept, NoData):
        return [unanswered(ID, "stored series", kept)]
    if isinstance(stored, NoData):
        return [unanswered(ID, "stored series", stored)]
    doubtful = facts.evidence.read(_doubtful(facts.run)) if facts.run.recorded is not None else NoSeries()
    if isinstance(doubtful, NoData) and not isinstance(doubtful, NoSeries):
        return [unanswered(ID, "stored series", doubtful)]
    known, counting = prometheus_evidence.targets(facts.run, facts.evidence), exporters(facts)
    counts, more = (_by_target(each, known) if isinstance(each, Reading) else {} for each in (stored, doubtful))
    return [
        _judge_kept(known.name(series.labels), series, counts, more)
        for series in _rising(kept)
        if facts.run.embedded or not counting or known.name(series.labels) in counting
    ]


def _by_target(reading: Reading, known: Targets) -> dict[str, float]:
    return {known.name(series.labels): series.last for series in reading.series}


def _judge_kept(instance: str, series: Series, counts: dict[str, float], doubtful: dict[str, float]) -> Verdict:
    """`doubtful` are those of `counts` that a rule may have recorded."""
    subject, observed = f"{instance} stored series", counts.get(instance, 0.0)
    same = observed - doubtful.get(instance, 0.0) <= series.last <= observed
    why = f"all {series.last:.0f} series of the last scrape are stored"
    if not same:
        why = (
            f"the last scrape kept {series.last:.0f} samples but {observed:.0f} series are stored: labels collide (a "
            "labeldrop that makes two series one), or samples with the same time were dropped"
        )
    code, labels = Code.AGREES if same else Code.LABELS_COLLIDE, {"instance": instance} if instance else {}
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
        Code.MACHINE_BUSY,
        Code.NO_SERIES,
        Code.NOTHING_COUNTED,
        Code.PROCESS_ENDED,
        Code.RAW_DIFFERS,
        Code.RESTARTED,
        Code.SCRAPES_MISSING,
        Code.SCRAPES_TIMED_OUT,
        Code.TARGET_DOWN,
        Code.TARGET_GONE,
    },
    unseen=(
        Unseen(
            "passing-collision",
            "Labels that collided and no longer did at the end",
            "only the series of the last scrape are counted",
        ),
        Unseen(
            "quick-restart",
            "A restart after which each counter exceeded its old value at the next scrape",
            "it looks like growth, and with several workers no metric has the time of the start",
        ),
    ),
)
