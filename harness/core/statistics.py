"""Order statistics and limits for counts: what a finite run can say about what it did not see.

The distribution functions are scipy's; the statements built on them are ours. `scipy.stats` is not used, since it takes
a second to import.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from scipy import special

_KEPT = 1 << 16
"""Limits that are kept: the bounds of many buckets rest on the same few."""
RANK_SLACK = 1e-15
"""Share by which q * n may exceed a whole number for no other reason than rounding, e.g. 0.07 * 100."""


def rank(q: float, n: int) -> int:
    """1-based nearest rank of quantile `q` among `n` values: the smallest k with k/n >= q.

    Raises ValueError when n < 1 or q is outside 0-1.
    """
    if n < 1 or not 0 <= q <= 1:
        raise ValueError(f"no rank for q={q!r} among {n!r} values")
    return min(max(math.ceil(q * n * (1 - RANK_SLACK)), 1), n)


def nearest_rank(ordered: Sequence[float], q: float) -> float:
    """The nearest-rank quantile of values in rising order; raises ValueError when there are none."""
    return ordered[rank(q, len(ordered)) - 1]


def normal_quantile(p: float) -> float:
    """The standard normal deviate below which the share `p` lies; raises ValueError unless 0 < p < 1."""
    if not 0 < p < 1:
        raise ValueError(f"no quantile for p={p!r}")
    return float(special.ndtri(p))


def student_t_quantile(p: float, df: float) -> float:
    """Student's t below which the share `p` lies, at `df` degrees of freedom; df may be a fraction, as Welch's is.

    Raises ValueError unless 0 < p < 1 and df > 0.
    """
    if not 0 < p < 1 or not df > 0:
        raise ValueError(f"no quantile for p={p!r}, df={df!r}")
    return normal_quantile(p) if math.isinf(df) else float(special.stdtrit(df, p))


def student_t_sf(t: float, df: float) -> float:
    """Chance that Student's t at `df` degrees of freedom exceeds `t`.

    Raises ValueError unless df > 0 and t is a number.
    """
    if math.isnan(t) or not df > 0:
        raise ValueError(f"no chance for t={t!r}, df={df!r}")
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    return float(special.ndtr(-t)) if math.isinf(df) else float(special.stdtr(df, -t))


@lru_cache(_KEPT)
def exceedances_upper(k: int, reference_n: int, n: int, alpha: float) -> int:
    """Smallest c such that more than c of `n` values beyond a limit have a chance of at most `alpha`.

    `k` of `reference_n` values of the same law lie beyond it. Given j exceedances in both samples together, those in
    the sample of n are hypergeometric. The binomial with the same mean, which is larger in convex order (Hoeffding,
    JASA 58 (1963), section 6), stands for it: c is the smallest with P(Bin(k + c + 1, n / (n + reference_n)) > c) <=
    alpha. Convex order does not order every tail; that alpha is kept is tested against the exact law.
    """
    _check_counts(k, reference_n, alpha)
    if n < 0:
        raise ValueError(f"n={n!r} must not be negative")
    share = n / (n + reference_n) if n else 0.0
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if float(special.bdtrc(middle, k + middle + 1, share)) <= alpha:
            high = middle
        else:
            low = middle + 1
    return low


def _check_counts(k: int, n: int, alpha: float) -> None:
    if not 0 <= k <= n or n < 1 or not 0 < alpha < 1:
        raise ValueError(f"no limit for {k!r} of {n!r} at alpha={alpha!r}")


def bernstein(n: int, variance: float, largest: float, alpha: float) -> float:
    """The t with P(mean of n - expectation >= t) <= alpha, for values at most `largest` above their expectation.

    t = (M L / 3 + sqrt((M L / 3)^2 + 2 n v L)) / n with L = ln(1 / alpha), v the variance and M the largest value.
    Source: S. Bernstein 1924; Boucheron, Lugosi, Massart, Concentration Inequalities, 2.8.
    """
    log = math.log(1 / alpha)
    third = largest * log / 3
    return (third + math.sqrt(third**2 + 2 * n * variance * log)) / n
