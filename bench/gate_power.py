"""How often a gate is wrong and how often it sees a regression, by simulation with the decision functions that ship.

Each gate has ten pairs of one view, looked at after five and ten. Requests come at 200 a second; latency is lognormal
with one slow request in thirty, times the machine's noise: an AR(1) process by the second, bursts of neighbours that
slow the machine for seconds, and 5 % from run to run, most of it shared by what runs beside each other and 2 % from
process to process. Base and candidate take turns in slices of 5 s, so both sides of a pair see the same noise, slice by
slice. A regression multiplies the candidate's latencies, all of them or those of p95 and p99 only; one request in five
hundred fails on either side.
The fixed threshold fails when p50, p95 or p99 of one run of the candidate is more than 10 % above that of another run
of the base: the same data, read as two CI jobs.
"""

import itertools
import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import signal

from bench import measure
from harness.core import statistics
from harness.core.verdict import Status
from harness.gate.decision import Measurement, Pair, Plan, ViewSample, decide
from harness.gate.decision.endpoint import QUANTILES

Floats = npt.NDArray[np.float64]

GATES = 2000
JOBS = 2
VIEW = "view"
PLAN = Plan((VIEW,))
SIDES_S = (25, 100)
NONE = "none (A/A)"
REGRESSIONS: Mapping[str, tuple[float, float, float]] = {
    NONE: (1.0, 1.0, 1.0),
    "+5 %": (1.05, 1.05, 1.05),
    "+10 %": (1.1, 1.1, 1.1),
    "+20 %": (1.2, 1.2, 1.2),
    "+10 %, tail only": (1.0, 1.1, 1.1),
    "+20 %, tail only": (1.0, 1.2, 1.2),
}
"""By what p50, p95 and p99 of the candidate are multiplied."""
SLICE_S = 5
RATE = 200
MEDIAN_S, SPREAD = 0.02, 0.5
SLOW_SHARE, SLOW_FACTOR = 1 / 30, 4.0
AR, AR_SD = 0.98, 0.05
"""Correlation from one second to the next, and standard deviation, of the logarithm."""
BURST_EVERY_S, BURST_S = 60.0, 4.0
BURST_SHARE, BURST_FACTOR = 0.25, 3.0
"""In a burst so many requests, those that lose their core, take so much longer."""
MACHINE_SD, PROCESS_SD = 0.045, 0.02
"""Run to run: together 5 %."""
ERROR_RATIO = 0.002
FIXED = 1.1


@dataclass(frozen=True, slots=True)
class Seen:
    """One simulated gate at one regression."""

    status: Status
    pairs: int
    fixed: tuple[bool, ...]
    """Whether p50, p95 and p99 are beyond the fixed threshold."""


def measure_all() -> str:
    """The table."""
    lines = [
        "| side length | regression | gates | FAIL | PASS | INCONCLUSIVE | decided after 5 pairs | fixed +10 % fails |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    alarms = []
    for side_s in SIDES_S:
        measure.progress(f"gates with sides of {side_s} s")
        with ProcessPoolExecutor(JOBS) as pool:
            gates = list(pool.map(simulate, itertools.repeat(side_s), range(GATES), chunksize=20))
        lines += [_row(side_s, regression, [gate[regression] for gate in gates]) for regression in REGRESSIONS]
        alarms.append(f"on runs of {side_s} s in {_alarms([gate[NONE].fixed for gate in gates])}")
    return (
        "\n".join(lines) + f"\n\n{_note()}Without any regression the fixed threshold fails {', and '.join(alarms)}.\n"
    )


def _row(side_s: int, regression: str, gates: Sequence[Seen]) -> str:
    counts = Counter(gate.status for gate in gates)
    numbers = [counts[status] for status in (Status.FAIL, Status.PASS, Status.INCONCLUSIVE)]
    numbers.append(sum(gate.pairs < PLAN.looks[-1] for gate in gates))
    numbers.append(sum(any(gate.fixed) for gate in gates))
    shares = " | ".join(f"{number / len(gates):.2%}".replace("%", " %") for number in numbers)
    return f"| {side_s} s | {regression} | {len(gates):,} | {shares} |"


def _alarms(fixed: Sequence[tuple[bool, ...]]) -> str:
    shares = (sum(column) / len(fixed) for column in zip(*fixed, strict=True))
    return ", ".join(f"{share:.0%} of {kind}".replace("%", " %") for kind, share in zip(QUANTILES, shares, strict=True))


def _note() -> str:
    return (
        f"With {GATES:,} gates a share of 1 % is known to about 0.4 points either way (95 %). A gate with sides of "
        "25 s measures for eight minutes, with sides of 100 s for half an hour.\n"
    )


def simulate(side_s: int, number: int) -> Mapping[str, Seen]:
    """One gate, by regression: the same noise with a candidate that is so much slower."""
    random = np.random.default_rng([zlib.crc32(b"gate-power"), side_s, number])
    pairs = list(_pairs(random, side_s))
    return {name: _decide(pairs, factors) for name, factors in REGRESSIONS.items()}


def _decide(pairs: Sequence[Pair], factors: Sequence[float]) -> Seen:
    slowed = [Pair(pair.base, _slowed(pair.candidate, factors)) for pair in pairs]
    base, candidate = slowed[0].base.views[VIEW].quantiles_s, slowed[1].candidate.views[VIEW].quantiles_s
    fixed = tuple(candidate[name] > FIXED * base[name] for name in base)
    first, last = PLAN.looks
    if (early := decide(slowed[:first], PLAN)).goes_on:
        return Seen(decide(slowed[:last], PLAN).status, last, fixed)
    return Seen(early.status, first, fixed)


def _slowed(arm: Measurement, factors: Sequence[float]) -> Measurement:
    sample = arm.views[VIEW]
    quantiles = {str(kind): sample.quantiles_s[kind] * factor for kind, factor in zip(QUANTILES, factors, strict=True)}
    return replace(arm, views={VIEW: ViewSample(sample.n, quantiles)})


def _pairs(random: np.random.Generator, side_s: int) -> Iterator[Pair]:
    """Pairs one after the other on one machine, the order of the sides turning from pair to pair (ABBA)."""
    k = PLAN.looks[-1]
    noise = _noise(random, 2 * side_s * k)
    for j in range(k):
        seconds = noise[2 * side_s * j : 2 * side_s * (j + 1)].reshape(-1, SLICE_S, 2)
        turns = seconds[0::2].reshape(-1, 2), seconds[1::2].reshape(-1, 2)
        first_base = j % 4 in (0, 3)
        base_noise, candidate_noise = turns if first_base else turns[::-1]
        machine = random.normal(0, MACHINE_SD)
        yield Pair(
            _measurement(random, f"pair {j}, base", base_noise, machine),
            _measurement(random, f"pair {j}, candidate", candidate_noise, machine),
        )


def _noise(random: np.random.Generator, length: int) -> Floats:
    """By the second: the logarithm of the machine's slowness, and the share of it that is in a burst."""
    start = random.normal(0, AR_SD)
    steps = random.normal(0, AR_SD * math.sqrt(1 - AR**2), length)
    steps[0] = start
    noise = np.asarray(signal.lfilter([1.0], [1.0, -AR], steps), dtype=np.float64)
    burst, at = np.zeros(length), 0.0
    while (at := at + random.exponential(BURST_EVERY_S)) < length:
        end = at + random.exponential(BURST_S)
        burst += np.clip(end - np.arange(length), 0, 1) - np.clip(at - np.arange(length), 0, 1)
    return np.stack([noise, burst.clip(max=1)], axis=1)


def _measurement(random: np.random.Generator, id: str, noise: Floats, machine: float) -> Measurement:
    n = RATE * len(noise)
    log_s = math.log(MEDIAN_S) + machine + random.normal(0, PROCESS_SD) + np.repeat(noise[:, 0], RATE)
    log_s += SPREAD * random.standard_normal(n)
    log_s[random.random(n) < BURST_SHARE * np.repeat(noise[:, 1], RATE)] += math.log(BURST_FACTOR)
    log_s[random.random(n) < SLOW_SHARE] += math.log(SLOW_FACTOR)
    ranks = {str(kind): statistics.rank(q, n) - 1 for kind, q in QUANTILES.items()}
    log_s.partition(list(ranks.values()))
    quantiles = {name: math.exp(log_s[place]) for name, place in ranks.items()}
    errors = int(random.binomial(n, ERROR_RATIO))
    made_with = {"machine": "simulated"}
    return Measurement(id, {VIEW: ViewSample(n, quantiles)}, n, errors, Status.PASS, fingerprint=made_with)
