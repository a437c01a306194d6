"""What a gate compares: measurements. One is a unit's side: never a request, never a slice."""

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
    """The successful requests of one view in one measurement."""

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
    """Of these, those that failed: no response, status 5xx, or failed by the locustfile."""
    verification: Status
    """The result of the run's own metric verification. What was not verified is inconclusive."""
    job: str = ""
    """The CI job that it ran in; runs of one job are one unit."""
    throughput: float | None = None
    """Successful requests per second; None in a closed model, where it says nothing that latency does not."""
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    """Environment, load and data, by name; must be equal in all measurements."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of the database by model at the start, where the target reports them; must be about equal in all."""
    problems: tuple[str, ...] = ()
    """Why it cannot be compared: the generator was saturated, the load off plan, samples are missing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Base and candidate, run beside each other with fresh processes of both."""

    base: Measurement
    candidate: Measurement


@dataclass(frozen=True, slots=True)
class Unusable:
    """A measurement has no value for an endpoint, with the reason. It is never read as a number."""

    reason: str


def value(measured: Measurement, endpoint: Endpoint) -> float | Unusable:
    """The endpoint's value on the scale on which measurements are compared; larger is worse.

    Latency ln(quantile) and throughput -ln(X): a difference is the logarithm of a ratio. Errors:
    asin(sqrt((e + 3/8) / (n + 3/4))), whose variance is 1/(4n) whatever the ratio; source: Anscombe, The transformation
    of Poisson, binomial and negative-binomial data, Biometrika 35 (1948), after Freeman and Tukey.
    """
    match endpoint.kind:
        case Kind.THROUGHPUT:
            return _log(measured, "throughput", measured.throughput, -1.0)
        case Kind.ERRORS:
            return _errors(measured)
        case _:
            return _latency(measured, endpoint)


def error_value(errors: int, requests: int) -> float:
    """The transformed error ratio, see `value`; raises ValueError for impossible counts."""
    if not 0 <= errors <= requests or not 1 <= requests < math.inf:
        raise ValueError(f"{errors!r} errors in {requests!r} requests are not possible counts")
    return math.asin(math.sqrt((errors + 0.375) / (requests + 0.75)))


def error_ratio(value_: float) -> float:
    """The error ratio whose transform is `value_`; below and above the scale the nearest ratio, 0 or 1."""
    return math.sin(min(max(value_, 0.0), math.pi / 2)) ** 2


def differences(measurements: Sequence[Measurement]) -> tuple[str, ...]:
    """Each entry of the fingerprints that is not the same in all: its values, and the first measurement with each."""
    names = sorted({name for measured in measurements for name in measured.fingerprint})
    if measurements and not names:
        return (f"settings of the runs: {UNKNOWN}",)
    found = []
    for name in names:
        seen: dict[str, str] = {}
        for measured in measurements:
            seen.setdefault(measured.fingerprint.get(name, UNKNOWN), measured.id)
        if len(seen) > 1 or UNKNOWN in seen:
            found.append(f"{name}: {' / '.join(f'{text} ({first})' for text, first in seen.items())}")
    for model in sorted({model for measured in measurements for model in measured.rows}):
        rows = [measured.rows.get(model, 0) for measured in measurements]
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


def _by_view(measurements: Sequence[Measurement]) -> Counter[str]:
    """Successful requests."""
    counts: Counter[str] = Counter()
    for measured in measurements:
        counts.update({view: sample.n for view, sample in measured.views.items() if sample.n})
    return counts


def _latency(measured: Measurement, endpoint: Endpoint) -> float | Unusable:
    sample, q = measured.views.get(endpoint.view), QUANTILES[endpoint.kind]
    if sample is None or sample.n < 1:
        return Unusable(f"{measured.id} has no successful request of {endpoint.view}{_instead(measured)}")
    if sample.n * (1 - q) < LEAST_BEYOND * (1 - ROUNDING):
        needed = math.ceil(LEAST_BEYOND / (1 - q) * (1 - ROUNDING))
        return Unusable(
            f"{measured.id} has {sample.n} successful requests of {endpoint.view}, {endpoint.kind} needs {needed}"
        )
    return _log(measured, endpoint.name, sample.quantiles_s.get(endpoint.kind), 1.0)


def _instead(measured: Measurement) -> str:
    """The views that the requests are reported under, for whoever named another."""
    seen = sorted(name for name, sample in measured.views.items() if sample.n)
    if not seen:
        return ""
    more = f" and {len(seen) - MOST_NAMED} more" if len(seen) > MOST_NAMED else ""
    return (
        f"; its requests are of {', '.join(seen[:MOST_NAMED])}{more}: name one of these, or map the samples' names to "
        "views in the profile's `views`"
    )


def _log(measured: Measurement, name: str, number: float | None, sign: float) -> float | Unusable:
    if number is None:
        return Unusable(f"{measured.id} has no {name}")
    if not (math.isfinite(number) and number > 0):
        return Unusable(f"{measured.id}: {name} is {number:g}, not a number above 0")
    return sign * math.log(number)


def _errors(measured: Measurement) -> float | Unusable:
    if measured.requests < 1:
        return Unusable(f"{measured.id} has no request")
    try:
        return error_value(measured.errors, measured.requests)
    except ValueError as error:
        return Unusable(f"{measured.id}: {error}")
