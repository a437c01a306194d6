"""At every scrape: does each histogram hold, at each bound, what had been that fast by then?

A request is observed before its response leaves and after it was sent, and w, its witness's own account of its time,
is at least what the metric reports. So at each reading of the buckets, for each bound b,

    H_b since t0 >= #{answered by then, w <= b}

and from one reading to the next, with M the longest time for which a layer was held up (`latency-buckets`),

    growth of H_b <= #{not answered by the one, sent by the other, w <= b + M}

but for one request of each histogram, as there: one gap may have been longer than M. `evidence.moments` says what "by
then" is. Between two readings lie few requests, and fewer near a bound; that is why this sees single requests which
the whole window hides among others that were nearly as fast.

Whatever else may be in a histogram widens the second bound: requests without a response, scrapes and background, and
what the histogram holds beyond the client's requests at t1, which other checks judge.

It is longer than other modules because the two histograms, the two bounds and their power share one account.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.checks import running_bounds
from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.layer_cost import SPARE
from harness.core.codes import Code
from harness.core.query import NoData, Query, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence import moments, prometheus_evidence
from harness.evidence.client.summary import ALL, RunningLatency, ViewKey
from harness.evidence.moments import Moment
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "running-latency"
BASIS = "one gap of each histogram may be longer than the longest of the run"
BEHIND = (
    "buckets are older than their time (cached, held back or written in batches), observations are dropped, or "
    "latencies are recorded too high"
)
AHEAD = (
    "some latencies are recorded too low (a timer that begins late or anew, or leaves out work), or buckets hold "
    "requests that nobody had sent yet"
)

Table = npt.NDArray[np.float64]
"""A row for each reading, a column for each bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """One histogram beside what the client knows of its requests."""

    key: ViewKey
    bounds_s: Sequence[float]
    grown: Table
    """Since t0; NaN where a sample is missing."""
    least: Table
    gained: Table
    """From the reading before."""
    most: Table
    """That it may have gained."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Where one histogram is farthest off."""

    amount: float
    """Requests."""
    key: ViewKey
    bound_s: float
    place: int
    """The reading that is farthest off."""
    limit: float
    seen: float
    readings: int
    """How many are off."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets of both histograms, and when and for how long Prometheus scraped."""
    names = registry.of(run)
    buckets = (f"{histogram}_bucket" for histogram in (names.latency_by_view, names.latency_all))
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (UP, *moments.metrics(run), *buckets))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict on the histograms by view and one on that of all requests; two where both bounds are broken."""
    readings, found = moments.moments(facts.run, facts.evidence), facts.client.running_latencies
    if not found.places:
        return (inconclusive(ID, "", Code.NO_SCRAPE, "no reading of the buckets after t0 is known; run again"),)
    taken = [readings[place] for place in found.places]
    names = facts.names
    return (
        *_judge(facts, taken, "latency by view", f"{names.latency_by_view}_bucket", _of_views),
        *_judge(facts, taken, "latency of all requests", f"{names.latency_all}_bucket", _of_all),
    )


def _judge(
    facts: Facts,
    readings: Sequence[Moment],
    subject: str,
    metric: str,
    accounts_of: Callable[[Facts, Sequence[Moment], str], Iterator[Account]],
) -> Iterator[Verdict]:
    labels = {"metric": metric}
    known = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
    if isinstance(known, NoData):
        yield unanswered(ID, subject, known, labels=labels)
        return
    if not known:
        why = f"{metric} has no series: {facts.names.advice.not_installed}"
        yield settled(ID, subject, Code.MISSING, why, unit="observations", labels=labels)
        return
    accounts = list(accounts_of(facts, readings, metric))
    if not accounts:
        return  # it is not known which view answered; `latency-buckets` says so
    if all(len(each.bounds_s) == 1 for each in accounts):
        why = "the histogram has no finite bucket"
        yield inconclusive(ID, subject, Code.NO_BUCKETS, why, labels=labels)
        return
    witnessed = not facts.foreign and all(_is_witnessed(facts, each.key) for each in accounts)
    seen, slow = (sum(numbers) for numbers in zip(*map(_power, accounts), strict=True))
    strength = Strength.WITNESS if witnessed and 2 * seen >= slow > 0 else Strength.ONE_SIDED
    misses: dict[Code, list[Miss]] = {Code.BEHIND: [], Code.AHEAD: []}
    for each in accounts:
        misses[Code.BEHIND] += _behind(each)
        if not facts.foreign:
            misses[Code.AHEAD] += _ahead(each)
    for code, found in misses.items():
        if found:
            is_late = code is Code.BEHIND and not facts.foreign and any(map(_catches_up, accounts))
            yield _miss(
                facts, readings, subject, {**labels, **({"late": "yes"} if is_late else {})}, code, found, strength
            )
    unseen = next((each.key for each in accounts if np.isnan(each.grown).all(axis=0).any()), None)
    if unseen is not None and not any(misses.values()):
        whose = "" if unseen == ALL else f" for {name_of(unseen)}"
        why = f"none of {len(readings)} readings has a sample of a bucket of {metric}{whose}; see series-presence"
        yield inconclusive(ID, subject, Code.NO_VALUE, why, strength=strength, labels=labels)
    elif not any(misses.values()):
        limits = "what had been that fast" + ("" if facts.foreign else " and what can have been")
        why = f"{metric} kept to {limits} by then, at each of {len(readings)} readings"
        if not facts.foreign:
            shows = f"two of {seen:,.0f} requests" if seen > SPARE else "no request"
            why += f"; reported as if they took no time, {shows} would show"
        yield settled(ID, subject, Code.AGREES, why, strength=strength, labels=labels)


def _of_views(facts: Facts, readings: Sequence[Moment], metric: str) -> Iterator[Account]:
    """Each view and method whose label is known."""
    labels, places = facts.names.labels, list(facts.client.running_latencies.places)
    everywhere = moments.moments(facts.run, facts.evidence)
    of_key: dict[ViewKey, list[Series]] = defaultdict(list)
    for series in running_bounds.series_of(facts, metric):
        of_key[(series.labels.get(labels.view, ""), series.labels.get(labels.method, ""))].append(series)
    for key, client in sorted(facts.client.running_latencies.by_view.items()):
        if key == ALL or not facts.is_known(key[0]) or key[0] in facts.background:
            continue
        counted_as = (key[0], facts.names.method_label(key[1]))
        left = running_bounds.left(facts, readings, *counted_as)
        lost = running_bounds.unanswered(facts, everywhere, counted_as).most[places]
        observed = 2 if facts.names.exceptions_timed_again else 1
        yield _account(facts, readings, key, of_key[key], client, observed * left, observed * lost)


def _of_all(facts: Facts, readings: Sequence[Moment], metric: str) -> Iterator[Account]:
    """The histogram that includes middlewares; it holds the scrapes and background too."""
    places = list(facts.client.running_latencies.places)
    others = running_bounds.others(facts, moments.moments(facts.run, facts.evidence))
    begun, ending = facts.run.window.known_spare
    less = running_bounds.left(facts, readings) + begun
    more = others.most[places] - np.append(0.0, others.least[places][:-1]) + begun + ending
    client = facts.client.running_latencies.by_view[ALL]
    yield _account(facts, readings, ALL, running_bounds.series_of(facts, metric), client, less, more)


def _account(
    facts: Facts,
    readings: Sequence[Moment],
    key: ViewKey,
    several: Sequence[Series],
    client: RunningLatency,
    less: npt.NDArray[np.float64],
    more: npt.NDArray[np.float64],
) -> Account:
    """`less` requests may be missing at each reading, and `more` may come with each."""
    bounds_s = (*facts.client.running_latencies.bounds_s, np.inf)
    sums: dict[float, npt.NDArray[np.float64]] = {}
    for series, grown in zip(several, running_bounds.growths(facts, several, readings), strict=True):
        le_s = float(series.labels.get("le", "inf"))
        sums[le_s] = sums[le_s] + grown if le_s in sums else grown
    none = np.zeros(len(readings))
    columns = [place for place, bound_s in enumerate(bounds_s) if bound_s in sums] or [len(bounds_s) - 1]
    grown = np.stack([sums.get(bounds_s[column], none) for column in columns], axis=1)
    beyond = columns if _is_witnessed(facts, key) else [-1] * len(columns)
    answered, sent = client.answered_beyond[:, beyond], client.sent_beyond[:, beyond]
    held = np.nan_to_num(grown[:, -1]).max()
    unmatched = 0.0 if key == ALL else max(held - client.sent_beyond[-1, -1], 0.0)
    return Account(
        key,
        [bounds_s[column] for column in columns],
        grown,
        np.maximum(client.answered[:, columns] - less[:, None], 0.0),
        np.diff(grown, axis=0, prepend=0.0),
        sent - np.concatenate((np.zeros((1, len(columns))), answered[:-1])) + more[:, None] + unmatched,
    )


def _power(account: Account) -> tuple[float, float]:
    """How many requests would show that were reported as taking no time, and how many take long enough for that.

    Between two readings, those above a bound below which no more can have come than did.
    """
    room, whole = np.nan_to_num(account.most - account.gained), np.nan_to_num(account.gained[:, -1:])
    slower = np.maximum(whole - np.nan_to_num(account.gained), 0.0)
    distinct = np.maximum(whole - account.most, 0.0)
    return float(np.where(room < 1, slower, 0.0).max(axis=1).sum()), float(distinct.max(axis=1).sum())


def _is_witnessed(facts: Facts, key: ViewKey) -> bool:
    """Every response has the witness that pairs with the histogram."""
    latency = facts.client.latency[key]
    return latency.is_whole(latency.outer if key == ALL else latency.inner)


def _behind(account: Account) -> Iterator[Miss]:
    off = np.nan_to_num(account.least - account.grown)
    column = int(np.argmax(off.max(axis=0)))
    place, amount = int(np.argmax(off[:, column])), float(off[:, column].max())
    if amount > 0:
        limit, seen = account.least[place, column], account.grown[place, column]
        yield _found(account, off, place, column, amount, limit, seen)


def _after_one_behind(account: Account) -> npt.NDArray[np.bool_]:
    """Readings before which a bucket was behind: what they gain may have come late."""
    found = np.zeros(len(account.grown), dtype=bool)
    found[1:] = np.nan_to_num(account.least - account.grown).max(axis=1)[:-1] > 0
    return found


def _catches_up(account: Account) -> bool:
    """A bucket that was behind gained more than can have happened since: it was late, and nothing is lost."""
    over = np.nan_to_num(account.gained - account.most).max(axis=1)[_after_one_behind(account)]
    return bool(over.max(initial=0.0) > SPARE)


def _ahead(account: Account) -> Iterator[Miss]:
    off = np.maximum(np.nan_to_num(account.gained - account.most), 0.0)
    off[_after_one_behind(account)] = 0.0
    column = int(np.argmax(off.sum(axis=0)))
    place, amount = int(np.argmax(off[:, column])), float(off[:, column].sum())
    if amount > SPARE:
        limit, seen = account.most[place, column], account.gained[place, column]
        yield _found(account, off, place, column, amount, limit, seen)


def _found(account: Account, off: Table, place: int, column: int, amount: float, limit: float, seen: float) -> Miss:
    readings = int(np.count_nonzero(off[:, column] > 0))
    return Miss(amount, account.key, account.bounds_s[column], place, float(limit), float(seen), readings)


def _miss(
    facts: Facts,
    readings: Sequence[Moment],
    subject: str,
    labels: Mapping[str, str],
    code: Code,
    found: Sequence[Miss],
    strength: Strength,
) -> Verdict:
    worst, metric = max(found, key=lambda miss: miss.amount), labels["metric"]
    at_s = readings[worst.place].time_s - facts.run.window.start_s
    whose = "" if worst.key == ALL else f" for {name_of(worst.key)}"
    others = f", and so were {len(found) - 1} other views" if len(found) > 1 else ""
    if code is Code.BEHIND:
        why = (
            f"{metric} held too few{whose}, {at_s:.3f} s after t0: at {worst.bound_s:g} s it had grown by "
            f"{worst.seen:,.10g} when {worst.limit:,.0f} answered requests had been that fast; it was behind at "
            f"{worst.readings} of {len(readings)} readings{others}: {BEHIND}"
        )
    else:
        why = (
            f"{metric} gained {worst.amount:,.10g} observations up to {worst.bound_s:g} s{whose} that no request can "
            f"have made: most of them by {at_s:.3f} s after t0, {worst.seen:,.10g} since the reading before, when at "
            f"most {worst.limit:,.0f} requests can have been that fast; it was ahead at {worst.readings} of "
            f"{len(readings)} readings{others}: {AHEAD}"
        )
    behind = code is Code.BEHIND
    return settled(
        ID,
        subject,
        code,
        why,
        expected=worst.limit if behind else 0,
        observed=worst.seen if behind else worst.amount,
        tolerance=None if behind else Tolerance(0, SPARE, BASIS),
        unit="observations",
        strength=strength,
        labels={**labels, **labels_of(worst.key)},
    )


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {Code.AGREES, Code.AHEAD, Code.BEHIND, Code.MISSING, Code.NO_BUCKETS, Code.NO_VALUE, Code.SAMPLES_UNUSABLE},
    needs_samples=True,
    unseen=(
        Unseen(
            "fast-enough-anyway",
            "Between two scrapes, a latency that is reported too low by less than the longest gap of the run, or in "
            "the same bucket; one request of each histogram whatever it is; and a delay as short as in running-counts",
            "a layer between the timer and its witness may have been held up so long, and one for longer",
        ),
    ),
)
