"""Order statistics and limits for counts: what a finite run can say about what it did not see.

The distribution functions are scipy's; the statements built on them are ours. `scipy.stats` is not used, since it takes
a second to import.
"""

import math
from collections.abc import Sequence

from scipy import special

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


def quantile_interval(n: int, q: float, confidence: float) -> tuple[int, int] | None:
    """1-based ranks between which quantile `q` of the law lies with at least `confidence`; None when n is too small.

    The count of values at or below the quantile is binomial, so the interval needs no assumption about the law.
    Source: David and Nagaraja, Order Statistics, 7.1.
    """
    if n < 1 or not 0 < q < 1 or not 0 < confidence < 1:
        raise ValueError(f"no interval for n={n!r}, q={q!r}, confidence={confidence!r}")
    tail = (1 - confidence) / 2
    low = binomial_quantile(n, q, 1 - tail)
    high = binomial_quantile(n, q, tail) + 1
    return (low, high) if low >= 1 and high <= n else None


def binomial_upper(k: int, n: int, alpha: float) -> float:
    """Upper limit of a probability after `k` hits in `n` trials, exceeded with a chance of at most `alpha`.

    Source: Clopper and Pearson, Biometrika 26 (1934).
    """
    _check_counts(k, n, alpha)
    return 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 1 - alpha))


def binomial_lower(k: int, n: int, alpha: float) -> float:
    """Lower limit of a probability after `k` hits in `n` trials; source as for `binomial_upper`."""
    _check_counts(k, n, alpha)
    return 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, alpha))


def binomial_quantile(n: int, p: float, alpha: float) -> int:
    """Smallest K with P(Bin(n, p) > K) <= alpha."""
    if n < 0 or not 0 <= p <= 1 or not 0 < alpha < 1:
        raise ValueError(f"no binomial quantile for n={n!r}, p={p!r}, alpha={alpha!r}")
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if float(special.bdtrc(middle, n, p)) <= alpha:
            high = middle
        else:
            low = middle + 1
    return low


def poisson_upper_count(mean: float, alpha: float) -> int:
    """Smallest K with P(Poisson(mean) > K) <= alpha; raises ValueError unless mean >= 0 is finite and 0 < alpha < 1."""
    if not 0 <= mean < math.inf or not 0 < alpha < 1:
        raise ValueError(f"no limit for a count of mean {mean!r} at alpha={alpha!r}")
    low, high = -1, math.ceil(mean) + 1
    while float(special.pdtrc(high, mean)) > alpha:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if float(special.pdtrc(middle, mean)) <= alpha:
            high = middle
        else:
            low = middle
    return high


def poisson_binomial_upper(mean: float, alpha: float) -> int:
    """A K with P(S > K) <= alpha, S being how many of any number of independent events happen, `mean` on average.

    The events may have different probabilities. From the mean upwards no such S has a heavier tail than the binomial
    of the same mean (Hoeffding, Ann. Math. Stat. 27 (1956), theorem 4); events of probability zero may be added without
    end, and in the limit that binomial is the Poisson law. Below its mean a K would be unproven, so none is given.
    Errors as for `poisson_upper_count`.
    """
    return max(poisson_upper_count(mean, alpha), math.ceil(mean))


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
