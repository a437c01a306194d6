"""From when to when each target of the app was scraped, and when its process began anew.

Where replicas come and go (autoscaling, a rolling restart, a crashed pod) these are facts. Of a stack that the harness
started they would be faults: nobody else had a reason to touch it, so its targets have no lives here.

A target *joined* when its first scrape is after t0: then its counters began at zero. It *left* when no scrape of it
went well any more while another target was still scraped to the end. Its process *began anew* between two scrapes when
it reports another start, or, where it reports none, when what it counts of requests fell and a scrape failed or was
missing in between, or nearly nothing of it is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.core.query import Reading, Series
from harness.core.run import Run
from harness.evidence.targets import Targets

CLOCK_RESOLUTION_S = 0.0005
GAP = 1.5
"""Two scrapes further apart than this many intervals have one missing between them."""
LEFT_OVER = 0.2
"""A process that began anew reports less than this share of the requests that the last one did."""


@dataclass(frozen=True, slots=True)
class Life:
    """One target's part of the window."""

    name: str
    first_s: float
    """Its first scrape from t0 on that went well."""
    last_s: float
    """The last one."""
    joined: bool
    left: bool
    restarts: tuple[tuple[float, float], ...]
    """The last scrape of a process, and the first of the next one."""
    gone_s: float
    """When it certainly answered no more, of one that left: a scrape that failed, or else the second that was due."""

    @property
    def begun_s(self) -> tuple[float, ...]:
        """The first scrapes of processes that began in the window at its address."""
        return (*((self.first_s,) if self.joined else ()), *(first for _, first in self.restarts))

    @property
    def whole(self) -> bool:
        """One process, from t0 to t1."""
        return not (self.joined or self.left or self.restarts)


WHOLE = Life("", 0.0, 0.0, joined=False, left=False, restarts=(), gone_s=0.0)
"""Of a target of which nothing else is known."""


def find(run: Run, known: Targets, up: Reading, arrived: Reading, starts: Sequence[Series]) -> Mapping[str, Life]:
    """The targets that count requests, by name; none of an embedded stack.

    `up`, `arrived` (requests) and `starts` (of processes) are raw samples from a little before t0 to t1.
    """
    if run.embedded:
        return {}
    counted = _sums(arrived.series, known)
    begun = _sums(starts, known)
    scrapes = {
        name: _until(series.points, run.window.end_s)
        for series in up.series
        if (name := known.name(series.labels)) in counted
    }
    close_s = run.window.end_s - GAP * run.window.scrape_interval_s
    lasting = {name for name, points in scrapes.items() if any(at >= close_s and value == 1 for at, value in points)}
    return {
        name: life
        for name, points in scrapes.items()
        if (life := _life(run, name, points, counted[name], begun.get(name, {}), others=bool(lasting - {name})))
    }


def _life(
    run: Run,
    name: str,
    scrapes: Sequence[tuple[float, float]],
    counted: Mapping[float, float],
    begun: Mapping[float, float],
    *,
    others: bool,
) -> Life | None:
    window = run.window
    start_s, interval_s = window.start_s - CLOCK_RESOLUTION_S, window.scrape_interval_s
    well = [at for at, value in scrapes if value == 1 and at >= start_s - interval_s]
    if not well:
        return None
    joined = scrapes[0][0] > window.start_s + CLOCK_RESOLUTION_S
    left = others and well[-1] < window.end_s - GAP * interval_s
    failed = [at for at, value in scrapes if value != 1]
    after = [at for at in failed if at > well[-1]]
    restarts = tuple(
        (before, at)
        for before, at in pairwise(at for at in well if at in counted)
        if at > window.start_s + CLOCK_RESOLUTION_S
        and _began_anew(before, at, counted, begun, missed=at - before > GAP * interval_s or _any(failed, before, at))
    )
    gone_s = min(after[0] if after else well[-1] + 2 * interval_s, window.end_s)
    first_s = next((at for at in well if at >= start_s), well[-1])
    return Life(name, first_s, well[-1], joined, left, restarts, gone_s)


def _began_anew(
    before: float, at: float, counted: Mapping[float, float], begun: Mapping[float, float], *, missed: bool
) -> bool:
    if before in begun and at in begun:
        return begun[at] > begun[before]
    fell = counted[at] < counted[before]
    return fell and (missed or counted[at] < LEFT_OVER * counted[before])


def _any(times: Sequence[float], after_s: float, before_s: float) -> bool:
    return any(after_s < at < before_s for at in times)


def _until(points: Sequence[tuple[float, float]], end_s: float) -> Sequence[tuple[float, float]]:
    return [point for point in points if point[0] <= end_s + CLOCK_RESOLUTION_S]


def _sums(series: Sequence[Series], known: Targets) -> dict[str, dict[float, float]]:
    """What each target reports at each of its scrapes."""
    sums: dict[str, dict[float, float]] = {}
    for each in series:
        own = sums.setdefault(known.name(each.labels), {})
        for at, value in each.points:
            own[at] = own.get(at, 0.0) + value
    return sums
