"""Whether a scrape is quiet: nothing in flight, and nobody else seen since the scrape before it.

Requests that bear the view label of the metrics or of the declared background are known, whoever made them: further
Prometheis, probes and health checks are no traffic. They are taken off by their responses, of which the counter by view
has as many as the counter of all; what arrived and was not answered yet is in flight.

A target writes its counters out one after the other. A known request that comes in between is in those that are written
later and not in those before: such a scrape is torn. It shows by the counters that have each response once, as those
that were timed or those by view: in whole scrapes they are always as far from the responses as before. The page of an
app that has several processes is read file by file, so that its counters and its histograms are of different moments.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.core.query import Reading
from harness.evidence.lives import GAP
from harness.evidence.targets import Targets

Points = Mapping[float, float]
"""Values by time."""
ALIKE = 3
"""So many scrapes in a row with the same distances are whole: two may be torn alike by chance."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """The newest scrape of all targets that count requests."""

    time_s: float
    """Of the last one of them, on Prometheus's clock."""
    flying: int
    """Requests that had arrived and were not answered, the scrapes left aside."""
    strange: int
    """Requests by others since the scrape before."""
    ended: int
    """Responses to others since then, to requests of before it too."""
    others: int
    """Requests of known views that were answered since then, this Prometheus's own scrapes left aside."""
    torn: int | None
    """By how many responses the counters written later moved against all of them, over the last `ALIKE` scrapes; None:
    so many have not come yet."""
    asked: int
    """As `others`, since the first of these scrapes."""
    views: tuple[str, ...]
    """View labels of these, as far as they are known."""
    times: Mapping[str, float]
    """Of the scrape of each target, by its name."""
    targets: Targets

    @property
    def is_still(self) -> bool:
        """Nothing of others began and nothing ended since the scrape before."""
        return self.strange == 0 and self.ended == 0

    @property
    def is_known(self) -> bool:
        """Nothing of others was seen, and what is in flight or tore a scrape may be scrapes or probes: many enough."""
        return self.is_still and self.flying <= self.others and (self.torn or 0) <= self.asked

    def is_whole(self, *, background: bool) -> bool:
        """Nothing was in flight, and nothing that is known came while the counters were written out.

        With `background`, what is declared may have come unseen: a quick probe is in the later counters alone then.
        """
        return self.flying == 0 and (self.torn == 0 or not (self.others or background))

    @property
    def jobs(self) -> tuple[str, ...]:
        """The `job` labels of these targets; none where one has none."""
        own = [each for same in self.targets.known.values() for each in same if self.targets.name(each) in self.times]
        found = {each.get("job", "") for each in own}
        return () if "" in found else tuple(sorted(found))


def judge(
    up: Reading,
    arrived: Reading,
    answered: Reading,
    by_view: Reading | None,
    later: Sequence[Reading],
    view: str,
    own: Collection[str],
    after_s: float,
    interval_s: float,
) -> Scrape | None:
    """Judge raw samples of the last scrapes; None where a target has no whole scrape after `after_s` yet.

    `view` is the label of `by_view` (responses) that says which view answered, `own` its values that are no traffic. A
    target that is no longer scraped well is not waited for, as long as another is. `later` are counters that have each
    response once, written after `answered`; without them nothing shows that a scrape is torn.

    `interval_s` is that of the scrapes.
    """
    known = Targets.of(series.labels for series in up.series)
    scrapes = {known.name(series.labels): series.points for series in up.series}
    requests, responses = _sums(arrived, known), _sums(answered, known)
    newest_s = max((scrapes[name][-1][0] for name in requests if name in scrapes), default=0.0)
    there = [name for name in requests if name in scrapes and _is_there(scrapes[name], newest_s, interval_s)]
    counted = [_sums(each, known) for each in later]
    times: dict[str, float] = {}
    flying = strange = ended = others = asked = 0
    torn: int | None = 0
    views: set[str] = set()
    for name in there or requests:
        points, answers = requests[name], responses.get(name, {})
        if len(points) < 2 or len(answers) < 2:
            return None
        before_s, now_s = sorted(points)[-2:]
        if now_s <= after_s or now_s != max(answers) or before_s not in answers:
            return None  # a scrape was stored between two questions: they are of different moments
        itself = 1 if points[now_s] - answers[now_s] >= 1 else 0  # the scrape, when Django serves it
        flying += int(points[now_s] - answers[now_s]) - itself
        grown = _by_view(by_view, known, name, view, before_s, now_s)
        seen = sum(number for each, number in grown.items() if each in own)
        strange += max(int(points[now_s] - points[before_s]) - max(itself, seen), 0)
        ended += max(int(answers[now_s] - answers[before_s]) - max(itself, seen), 0)
        others += max(seen - itself, 0)
        recent = sorted(time_s for time_s in answers if time_s > after_s)
        apart = _moved(answers, [each[name] for each in counted if name in each], recent)
        torn = None if torn is None or apart is None else torn + apart
        if len(recent) >= ALIKE:
            since = _by_view(by_view, known, name, view, recent[-ALIKE], now_s)
            asked += max(sum(since.get(each, 0) for each in own) - itself * (ALIKE - 1), 0)
        views |= {each for each, number in grown.items() if number and each not in own}
        times[name] = now_s
    if not times:
        return None
    return Scrape(max(times.values()), flying, strange, ended, others, torn, asked, tuple(sorted(views)), times, known)


def _moved(answers: Points, later: Sequence[Points], recent: Sequence[float]) -> int | None:
    """By how many responses counters moved against `answers` over the last of the `recent` scrapes.

    None where there are too few scrapes, or a counter that was there has no sample of the newest one. What a tear adds,
    a later scrape takes back. A distance that goes on and on in one direction is the target's own fault: it is no tear,
    and what the checks find by it is not excused.
    """
    if not later:
        return 0
    if len(recent) < ALIKE:
        return None
    furthest = 0
    for points in later:
        distances = [points[at_s] - answers[at_s] for at_s in recent if at_s in points]
        if len(distances) < ALIKE or recent[-1] not in points:
            return None
        steps = [after - before for before, after in pairwise(distances)]
        one_way = all(step >= 0 for step in steps) or all(step <= 0 for step in steps)
        if len(steps) >= ALIKE and one_way and sum(step != 0 for step in steps) > 1:
            continue
        furthest = max(furthest, int(max(distances[-ALIKE:]) - min(distances[-ALIKE:])))
    return furthest


def _is_there(points: Sequence[tuple[float, float]], newest_s: float, interval_s: float) -> bool:
    """A target that is gone has older scrapes than others, or two that failed in a row."""
    failed = all(value != 1 for _, value in points[-2:])
    return not failed and points[-1][0] >= newest_s - GAP * interval_s


def _by_view(
    reading: Reading | None, known: Targets, name: str, view: str, before_s: float, now_s: float
) -> dict[str, int]:
    """How many responses of each view a target counted between two scrapes; a new series counts from zero."""
    grown: dict[str, int] = {}
    for series in reading.series if reading else ():
        points = dict(series.points)
        if now_s in points and known.name(series.labels) == name:
            label = series.labels.get(view, "")
            grown[label] = grown.get(label, 0) + int(points[now_s] - points.get(before_s, 0.0))
    return grown


def _sums(reading: Reading, known: Targets) -> dict[str, dict[float, float]]:
    """A counter of each target at each scrape, added up over the labels that an app gave it."""
    sums: dict[str, dict[float, float]] = {}
    for series in reading.series:
        points = sums.setdefault(known.name(series.labels), {})
        for time_s, value in series.points:
            points[time_s] = points.get(time_s, 0.0) + value
    return sums


def is_whole(samples: Reading, kept: Reading, scrape: Scrape) -> bool:
    """True when every sample of the scrape is visible: as many as were kept, or each series has a later one already.

    `samples` are the raw samples of the last scrapes of all the targets' series, `kept` how many samples each scrape
    kept. A server that gets its samples by remote write has some of a scrape before others, in no order.
    """
    known = scrape.targets
    wanted = {known.name(series.labels): dict(series.points) for series in kept.series}
    newest: dict[str, list[float]] = {}
    there: dict[str, int] = {}
    for series in samples.series:
        name = known.name(series.labels)
        if at := scrape.times.get(name):
            times = [time_s for time_s, _ in series.points]
            there[name] = there.get(name, 0) + (at in times)
            newest.setdefault(name, []).append(times[-1])
    return all(
        there.get(name, 0) >= wanted.get(name, {}).get(at, float("inf")) or (min(newest.get(name, [at])) > at)
        for name, at in scrape.times.items()
    )
