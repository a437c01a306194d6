"""What is compared with what: the arms of a gate. An arm is one unit's side: never a request, never a slice."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.verdict import Status
from harness.evidence.comparability import UNKNOWN
from harness.gate.decision.endpoint import QUANTILES, Endpoint, Kind
from harness.gate.decision.plan import LEAST_BEYOND

ROWS_APART, ROWS_SPARE = 1.5, 100
"""Rows of a model may differ by half, and by as many as a warm-up writes to an empty table."""
MANY = 20
"""Requests of a view on one side; fewer may be missing on the other by chance."""
MOST_NAMED = 5
"""Views that a message names."""
ROUNDING = 1e-9
"""Share by which n * (1 - q) may fall short for no other reason than rounding, e.g. 2000 * (1 - 0.99)."""


@dataclass(frozen=True, slots=True)
class ViewSample:
    """The successful requests of one view in one arm."""

    n: int
    quantiles_s: Mapping[str, float]
    """By name (`p95`): nearest rank over the raw latencies. Empty without requests."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One side of one pair with all its slices together, or one stored run."""

    id: str
    """Names it in messages, e.g. a run id or `pair 3, candidate`."""
    views: Mapping[str, ViewSample]
    requests: int
    """All requests of the load, failed ones included."""
    errors: int
    """Of these, those that failed: no response, status 5xx, or a failure by the locustfile's own word."""
    verification: Status
    """What the arm's own metric verification came to. What was not verified is inconclusive."""
    job: str = ""
    """The CI job that it ran in; runs of one job are one unit."""
    throughput: float | None = None
    """Successful requests per second; None in a closed model, where it says nothing that latency does not."""
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    """Environment, load and data, by name; must be equal in all arms."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of the database by model at the start, where the target tells; must be about equal in all arms."""
    problems: tuple[str, ...] = ()
    """Why it cannot be compared: the generator was saturated, the load off plan, samples are missing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Base and candidate, run beside each other with fresh processes of both."""

    base: Measurement
    candidate: Measurement


@dataclass(frozen=True, slots=True)
class Unusable:
    """An arm has no value for an endpoint, with the reason. It is never read as a number."""

    reason: str


def value(arm: Measurement, endpoint: Endpoint) -> float | Unusable:
    """The endpoint's value on the scale on which arms are compared; larger is worse.

    Latency ln(quantile) and throughput -ln(X): a difference is the logarithm of a ratio. Errors:
    asin(sqrt((e + 3/8) / (n + 3/4))), whose variance is 1/(4n) whatever the ratio; source: Anscombe, The transformation
    of Poisson, binomial and negative-binomial data, Biometrika 35 (1948), after Freeman and Tukey.
    """
    match endpoint.kind:
        case Kind.THROUGHPUT:
            return _log(arm, "throughput", arm.throughput, -1.0)
        case Kind.ERRORS:
            return _errors(arm)
        case _:
            return _latency(arm, endpoint)


def error_value(errors: int, requests: int) -> float:
    """The transformed error ratio, see `value`; raises ValueError for counts that are none."""
    if not 0 <= errors <= requests or not 1 <= requests < math.inf:
        raise ValueError(f"{errors!r} errors in {requests!r} requests are no counts")
    return math.asin(math.sqrt((errors + 0.375) / (requests + 0.75)))


def error_ratio(value_: float) -> float:
    """The error ratio whose transform is `value_`; below and above the scale the nearest ratio, 0 or 1."""
    return math.sin(min(max(value_, 0.0), math.pi / 2)) ** 2


def differences(arms: Sequence[Measurement]) -> tuple[str, ...]:
    """Each entry of the fingerprints that is not the same in all arms: its values, and the first arm with each."""
    names = sorted({name for arm in arms for name in arm.fingerprint})
    if arms and not names:
        return (f"what the runs were made with: {UNKNOWN}",)
    found = []
    for name in names:
        seen: dict[str, str] = {}
        for arm in arms:
            seen.setdefault(arm.fingerprint.get(name, UNKNOWN), arm.id)
        if len(seen) > 1 or UNKNOWN in seen:
            found.append(f"{name}: {' / '.join(f'{text} ({first})' for text, first in seen.items())}")
    for model in sorted({model for arm in arms for model in arm.rows}):
        rows = [arm.rows.get(model, 0) for arm in arms]
        if max(rows) > ROWS_APART * min(rows) + ROWS_SPARE:
            found.append(f"data.rows.{model}: {min(rows)} to {max(rows)}")
    return tuple(found)


def views_apart(base: Sequence[Measurement], candidate: Sequence[Measurement]) -> tuple[str, ...]:
    """Views of one side that the other never answered with, though as many requests should have been of them.

    Of `MANY` that are expected none is missing by chance: a Poisson number is 0 with a chance of exp(-20).
    """
    counts = _by_view(base), _by_view(candidate)
    sizes = len(base), len(candidate)
    return tuple(
        f"view {view} answered {count} times on one side and never on the other: the same requests reach other views"
        for mine, others in ((0, 1), (1, 0))
        for view, count in sorted(counts[mine].items())
        if count * sizes[others] >= MANY * sizes[mine] and not counts[others][view]
    )


def _by_view(arms: Sequence[Measurement]) -> Counter[str]:
    """Successful requests."""
    counts: Counter[str] = Counter()
    for arm in arms:
        counts.update({view: sample.n for view, sample in arm.views.items() if sample.n})
    return counts


def _latency(arm: Measurement, endpoint: Endpoint) -> float | Unusable:
    sample, q = arm.views.get(endpoint.view), QUANTILES[endpoint.kind]
    if sample is None or sample.n < 1:
        return Unusable(f"{arm.id} has no successful request of {endpoint.view}{_instead(arm)}")
    if sample.n * (1 - q) < LEAST_BEYOND * (1 - ROUNDING):
        needed = math.ceil(LEAST_BEYOND / (1 - q) * (1 - ROUNDING))
        return Unusable(
            f"{arm.id} has {sample.n} successful requests of {endpoint.view}, {endpoint.kind} takes {needed}"
        )
    return _log(arm, endpoint.name, sample.quantiles_s.get(endpoint.kind), 1.0)


def _instead(arm: Measurement) -> str:
    """What the requests are told as, for whoever named a view that is not among it."""
    seen = sorted(name for name, sample in arm.views.items() if sample.n)
    if not seen:
        return ""
    more = f" and {len(seen) - MOST_NAMED} more" if len(seen) > MOST_NAMED else ""
    return (
        f"; its requests are of {', '.join(seen[:MOST_NAMED])}{more}: name one of these, or say in the profile's "
        "`views` of which view each sample is"
    )


def _log(arm: Measurement, name: str, number: float | None, sign: float) -> float | Unusable:
    if number is None:
        return Unusable(f"{arm.id} has no {name}")
    if not (math.isfinite(number) and number > 0):
        return Unusable(f"{arm.id}: {name} is {number:g}, not a number above 0")
    return sign * math.log(number)


def _errors(arm: Measurement) -> float | Unusable:
    if arm.requests < 1:
        return Unusable(f"{arm.id} has no request")
    try:
        return error_value(arm.errors, arm.requests)
    except ValueError as error:
        return Unusable(f"{arm.id}: {error}")
