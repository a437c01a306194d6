"""The arithmetic of a comparison: an effect, its standard error, and what they prove. Numbers in, numbers out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core import statistics
from harness.gate.decision.plan import CONFIDENCE, POWER

LEAST_SD = 0.005
"""Floor of the standard deviation of a logarithm: less spread is luck, or a clock that is too coarse."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Candidate minus base on the scale of `measurement.value`; a positive effect is worse."""

    base: float
    """Mean over the base's units."""
    effect: float
    """theta."""
    se: float
    """Standard error of the effect, floor applied; above 0."""
    df: int
    ratios: tuple[float, float] | None = None
    """Of an error ratio: those of base and candidate as they were counted, for a reader."""

    @property
    def p_value(self) -> float:
        """One-sided: the chance of at least this effect when there is none.

        Source: Student, The probable error of a mean, Biometrika 6 (1908).
        """
        return statistics.student_t_sf(self.effect / self.se, self.df)

    @property
    def low(self) -> float:
        """The effect is above it with `CONFIDENCE`."""
        return self.effect - statistics.student_t_quantile(CONFIDENCE, self.df) * self.se

    @property
    def high(self) -> float:
        """The effect is below theta + t(.95, df) * se with `CONFIDENCE`.

        A pass compares it with the margin: the two one-sided tests' half that matters. Source: Schuirmann, J.
        Pharmacokin. Biopharm. 15 (1987).
        """
        return self.effect + statistics.student_t_quantile(CONFIDENCE, self.df) * self.se

    def detectable(self, alpha: float, endpoints: int) -> float:
        """The minimum detectable effect: (t(1 - alpha/m, df) + t(.8, df)) * se.

        An effect this large is distinguished from none with a chance of about 80 %, also as the last of m endpoints in
        Holm's order. Source: Bloom, Evaluation Review 19 (1995).
        """
        threshold = statistics.student_t_quantile(1 - alpha / endpoints, self.df)
        return (threshold + statistics.student_t_quantile(POWER, self.df)) * self.se


def paired(base: Sequence[float], candidate: Sequence[float], least_variance: float) -> Contrast:
    """The paired t: d_j = y_cand - y_base, theta = mean d, se = s_d / sqrt(k), df = k - 1; s_d^2 >= `least_variance`.

    What disturbs both sides of a pair alike drops out. Source: Student 1908, as above. Raises ValueError for fewer than
    two pairs or values without partner.
    """
    gaps = [after - before for before, after in zip(base, candidate, strict=True)]
    k = len(gaps)
    if k < 2:
        raise ValueError(f"{k} pairs have no spread")
    effect = math.fsum(gaps) / k
    variance = max(_squares(gaps) / (k - 1), least_variance)
    return Contrast(math.fsum(base) / k, effect, math.sqrt(variance / k), k - 1)


def stored(base: Sequence[float], candidate: Sequence[float], least_variance: float) -> Contrast:
    """The two-sample t with pooled variance: theta = mean_c - mean_b, se = s sqrt(1/M + 1/N), df = N + M - 2.

    With one candidate (M = 1) it is the prediction interval of one more unit of the base. Source: Student 1908; Hahn
    and Meeker, Statistical Intervals, 4.8. Raises ValueError when a side is empty or both have one unit only.
    """
    n, m = len(base), len(candidate)
    if not n or not m or n + m < 3:
        raise ValueError(f"{n} and {m} units have no spread")
    before, after = math.fsum(base) / n, math.fsum(candidate) / m
    variance = max((_squares(base) + _squares(candidate)) / (n + m - 2), least_variance)
    return Contrast(before, after - before, math.sqrt(variance * (1 / m + 1 / n)), n + m - 2)


def least_error_variance(requests: Sequence[int]) -> float:
    """Mean of 1/(4n): what chance alone gives to transformed error ratios (Anscombe 1948, see `measurement.value`).

    A pair's difference has that of both its sides: the sum of this for either side.
    """
    return math.fsum(1 / (4 * n) for n in requests) / len(requests)


def holm(p_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which hypotheses are rejected so that any true one is with a chance of at most `alpha`, in the given order.

    From the smallest p up: the i-th of m (from 0) is rejected while p <= alpha / (m - i). A p that is not a number is
    never rejected. Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
    """
    order = sorted(range(len(p_values)), key=lambda i: (math.isnan(p_values[i]), p_values[i]))
    rejected = [False] * len(p_values)
    for place, index in enumerate(order):
        if not p_values[index] <= alpha / (len(order) - place):
            break
        rejected[index] = True
    return tuple(rejected)


def _squares(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)
