"""When the counters of the window were read, and what the client must and may have done by then, on its own clock.

A sample has the time at which its scrape began. Prometheus may have moved that time by up to `ALIGNMENT_S` onto its
grid (scrape/scrape.go, `ScrapeTimestampTolerance`) and rounds it to a millisecond; the target then read its counters at
some moment before the scrape had ended, `scrape_duration_seconds` later. A sample with another time than that of a
scrape was stamped by who exported it, so it was read within the duration of the scrape that fetched it.

The client's clock is compared with Prometheus's at each end of the window, exact to `CLOCKS_S`; between them it is as
far off as at one of the two ends. A Prometheus that the harness started, and whose clock does not differ by more than
that, reads the same clock as the client; both take the time in one step and begin their work in the next, and may lose
the processor for `PAUSE_S` in between. The times of workers on other hosts are moved onto this machine's clock, and may
be wrong by the error of that. So what the client had answered before `answered_s` is in the counter, and what it sent
after `sent_s` is not. Both are further apart where the client's own times are coarse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from harness.core.points import Block
from harness.core.query import Reading
from harness.core.run import Run
from harness.evidence.lives import WHOLE, Life
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S, Evidence, lives_of, raw_query, targets
from harness.evidence.targets import Targets
from harness.instrumentation import registry
from harness.promql.own_series import SCRAPE_DURATION

CLOCKS_S = 0.05
"""How well two clocks can be compared by a few questions and answers."""
PAUSE_S = 0.01
"""How long a process may stand still between two steps: some time slices of Linux, of 3 ms each."""
ALIGNMENT_S = 0.002
"""How far Prometheus moves the time of a scrape, at the most."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of the target's counters: the newest of each target when one of them was new."""

    time_s: float
    """Of the newest sample, on Prometheus's clock."""
    read_s: Mapping[str, float]
    """Of the newest sample of each target, on Prometheus's clock."""
    answered_s: float
    """A response that the client had by then is counted; on the client's clock."""
    sent_s: float
    """A request that the client sent later is not counted; on the client's clock."""


def metrics(run: Run) -> tuple[str, ...]:
    """The metrics whose raw samples say when counters were read."""
    names = registry.of(run)
    return (names.arrived, names.answered, names.requests_by_view, names.responses_by_view, SCRAPE_DURATION)


def moments(run: Run, evidence: Evidence) -> tuple[Moment, ...]:
    """Every reading after t0 up to t1, in time order; none when the samples are not known."""
    *counters, duration = metrics(run)
    begin_s, end_s = (at + CLOCK_RESOLUTION_S for at in (run.window.start_s, run.window.end_s))
    times: dict[str, set[float]] = {}
    lived = lives_of(run, evidence)
    known = targets(run, evidence)
    seen: set[tuple[str, Block]] = set()
    for metric in counters:
        reading = evidence.read(raw_query(run, metric))
        for series in reading.series if isinstance(reading, Reading) else ():
            stamps = times.setdefault(name := known.name(series.labels), set())
            points = series.columns
            if (name, points.block) not in seen:
                seen.add((name, points.block))
                stamps.update(points.seconds[points.seconds <= end_s].tolist())
    took = _durations(evidence.read(raw_query(run, duration)), known)
    changes = sorted({time_s for stamps in times.values() for time_s in stamps if time_s > begin_s})
    newest = {name: max(before) for name, stamps in times.items() if (before := [at for at in stamps if at <= begin_s])}
    least_s, most_s = _skews(run)
    coarse_s = run.generator.start_resolution_s
    spans = []
    for time_s in changes:
        newest |= {name: time_s for name, stamps in times.items() if time_s in stamps}
        there = [name for name in newest if not _has_left(lived.get(name, WHOLE), time_s)] or list(newest)
        each = [_span(name, newest[name], took, run.window.scrape_interval_s) for name in there]
        if any(life.joined and name not in newest for name, life in lived.items()):
            each.append((run.window.start_s, time_s))  # a replica may have answered long before its first scrape
        spans.append((time_s, dict(newest), min(first for first, _ in each), max(last for _, last in each)))
    # What had been answered by a later reading includes what had been by this one, and what had been sent, likewise.
    answered_s = list(accumulate(reversed([first for *_, first, _ in spans]), min))[::-1]
    sent_s = accumulate((last for *_, last in spans), max)
    return tuple(
        Moment(
            time_s,
            read,
            first + least_s - CLOCK_RESOLUTION_S - coarse_s,
            last + most_s + ALIGNMENT_S + CLOCK_RESOLUTION_S + coarse_s,
        )
        for (time_s, read, *_), first, last in zip(spans, answered_s, sent_s, strict=True)
    )


def _has_left(life: Life, time_s: float) -> bool:
    """What a target that left had counted is known of its last scrape alone, whatever was answered later."""
    return life.left and time_s > life.last_s + CLOCK_RESOLUTION_S


def _skews(run: Run) -> tuple[float, float]:
    """The least and the most that the client's clock minus Prometheus's can have been in the window."""
    window, generator_s, error_s = run.window, run.generator.clock_skew_s, run.generator.clock_error_s
    end_s = window.clock_skew_s if window.clock_skew_end_s is None else window.clock_skew_end_s
    least_s, most_s = sorted((window.clock_skew_s, end_s))
    if run.embedded and not generator_s and least_s >= -CLOCKS_S and most_s <= CLOCKS_S:
        return -PAUSE_S - error_s, PAUSE_S + error_s
    known_s = (2 * CLOCKS_S if generator_s else CLOCKS_S) + error_s
    return least_s + generator_s - known_s, most_s + generator_s + known_s


def _durations(reading: object, known: Targets) -> dict[str, dict[float, float]]:
    """How long each scrape took, by target and time."""
    found: dict[str, dict[float, float]] = {}
    for series in reading.series if isinstance(reading, Reading) else ():
        found.setdefault(known.name(series.labels), {}).update(series.points)
    return found


def _span(
    instance: str, time_s: float, took: Mapping[str, Mapping[float, float]], longest_s: float
) -> tuple[float, float]:
    """The first and the last moment at which a sample can have been read; no scrape takes longer than its interval."""
    own = took.get(instance, {})
    if time_s in own:
        return time_s, time_s + own[time_s]
    if not own:
        return time_s, time_s + longest_s
    return time_s - max(own.values()), time_s + max(own.values())
