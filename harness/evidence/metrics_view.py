"""Which view serves the scrapes: the one whose count grows with each of them, whatever it is called.

A scrape finds the response to the scrape before it in the counters and its own request not answered yet. So between
any two scrapes of a process the view of the metrics has grown by one at least, and by exactly one where nobody else
asks for them. No view of the app does so while the load is off; a probe may, by chance or because it is quick.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from harness.core.query import Series

FEWEST_INTERVALS = 2
"""Between scrapes: one alone is kept by too many views."""
_NAMED = re.compile(r"metric|prom", re.IGNORECASE)

Key = tuple[str, ...]
Growth = Mapping[str, float]
"""By view, between two scrapes of one target."""


class Basis(StrEnum):
    """What the answer rests on."""

    USUAL = "usual"
    """The instrumentation's own name for it grows with the scrapes."""
    GROWTH = "growth"
    """One view alone does."""
    NAME = "name"
    """Several do, and one of them is named like it."""
    EVEN = "even"
    """Several do, and one of them by exactly one each time."""
    SEVERAL = "several"
    """Several do, and nothing tells them apart."""
    NONE = "none"
    """None does: the metrics are served past the middlewares, or come from a job between."""
    TOO_FEW = "too few"
    """There are too few scrapes to tell."""


@dataclass(frozen=True, slots=True)
class MetricsView:
    """What was found."""

    basis: Basis
    view: str = ""
    """Empty when it is not known."""
    candidates: tuple[str, ...] = ()
    """All views that grow with each scrape."""
    by_others: float = 0.0
    """Requests for the metrics between two scrapes that this Prometheus did not make; the median."""
    redirected: bool = False
    """A request that no route matched comes with each scrape: the scraped path leads to another one."""


def growths(series: Iterable[Series], target: Sequence[str], view: str) -> tuple[tuple[Growth, ...], ...]:
    """The growth of each view between the scrapes of each target, from raw samples of responses by view.

    `target` are the names of the labels that make a target, `view` that of the view. An interval in which a counter
    fell is left out: the process began again.
    """
    found: dict[Key, dict[float, dict[str, float]]] = {}
    for each in series:
        key = tuple(each.labels.get(name, "") for name in target)
        for time_s, value in each.points:
            views = found.setdefault(key, {}).setdefault(time_s, {})
            name = each.labels.get(view, "")
            views[name] = views.get(name, 0.0) + value
    return tuple(_between([counts for _, counts in sorted(scrapes.items())]) for scrapes in found.values())


def _between(scrapes: Sequence[Mapping[str, float]]) -> tuple[Growth, ...]:
    grown = []
    for before, after in pairwise(scrapes):
        growth = {view: value - before.get(view, 0.0) for view, value in after.items()}
        if before.keys() <= after.keys() and min(growth.values(), default=0.0) >= 0:
            grown.append(growth)
    return tuple(grown)


def find(targets: Sequence[Sequence[Growth]], usual: str, unrouted: str, *, unanswered: bool | None) -> MetricsView:
    """The view of the scrapes, by the growth between them.

    `usual` is the instrumentation's own name for it, `unrouted` the label of requests that no route matched;
    `unanswered` says whether each scrape found a request without its answer, which must be its own; None: not known.
    """
    intervals = [growth for target in targets for growth in target]
    if len(intervals) < FEWEST_INTERVALS:
        return MetricsView(Basis.TOO_FEW)
    views = {view for growth in intervals for view in growth}
    candidates = tuple(sorted(view for view in views if all(growth.get(view, 0.0) >= 1 for growth in intervals)))
    if not candidates or unanswered is False:
        return MetricsView(Basis.NONE, candidates=candidates)
    routed = tuple(view for view in candidates if view != unrouted)
    basis, view = _chosen(routed or candidates, usual, intervals)
    if not view:
        return MetricsView(basis, candidates=candidates)
    redirected = view != unrouted and unrouted in candidates
    by_others = median(growth.get(view, 0.0) for growth in intervals) - 1
    return MetricsView(basis, view, candidates, by_others, redirected)


def _chosen(candidates: Sequence[str], usual: str, intervals: Sequence[Growth]) -> tuple[Basis, str]:
    if usual in candidates:
        return Basis.USUAL, usual
    if len(candidates) == 1:
        return Basis.GROWTH, candidates[0]
    named = [view for view in candidates if _NAMED.search(view)]
    if len(named) == 1:
        return Basis.NAME, named[0]
    even = [view for view in named or candidates if all(growth[view] == 1 for growth in intervals)]
    return (Basis.EVEN, even[0]) if len(even) == 1 else (Basis.SEVERAL, "")


def found_unanswered(arrived: Iterable[Series], answered: Iterable[Series]) -> bool | None:
    """Whether each scrape found a request without its answer; None when no scrape is in both counters."""
    requests, responses = _sums(arrived), _sums(answered)
    both = requests.keys() & responses.keys()
    return all(requests[key] - responses[key] >= 1 for key in both) if both else None


def _sums(series: Iterable[Series]) -> dict[tuple[str, str, float], float]:
    sums: dict[tuple[str, str, float], float] = {}
    for each in series:
        for time_s, value in each.points:
            key = (each.labels.get("job", ""), each.labels.get("instance", ""), time_s)
            sums[key] = sums.get(key, 0.0) + value
    return sums
