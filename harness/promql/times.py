"""When the parts of an expression are evaluated: `offset`, `@` and the steps of subqueries.

Sources: promql/engine.go (`setOffsetForAtModifier`, the case of `SubqueryExpr`) at v2.42.0 and v3.5.0.
"""

from typing import Any

from harness.promql._time import in_ms
from harness.promql.dialect import Dialect
from harness.promql.vectors import UnsupportedError

DEFAULT_STEP_S = 60.0
"""The step of a subquery that names none, where the server's `evaluation_interval` is the default."""
MOST_STEPS = 11_000
"""Steps of the subqueries of an expression, one inside the other; as many points as Prometheus gives in one curve."""


def offset_s(node: Any) -> float:
    """How much before its time a selector or subquery is evaluated; below zero for after it."""
    return float(node.offset.total_seconds()) if node.offset is not None else 0.0


def is_pinned(node: Any) -> bool:
    """True for a selector or subquery with `@`, which is evaluated at the same time in each step around it."""
    return node.at is not None


def fixed_s(node: Any) -> float | None:
    """The time that `@` names, in Unix seconds; None without one, and for `start()` and `end()`.

    Raises UnsupportedError for a time before 1970.
    """
    if node.at is None:
        return None
    try:
        moment = node.at.at
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the parser's own, which is no Exception
            raise
        raise UnsupportedError("@ with a time before 1970 is not evaluated") from None
    return float(moment.timestamp()) if moment is not None else None


def moment_s(node: Any, at_s: float, query_s: float) -> float:
    """When a selector or subquery is evaluated inside of what is evaluated at `at_s`, by a query at `query_s`.

    `start()` and `end()` are both the time of the query, which is one of an instant. Raises UnsupportedError.
    """
    fixed = fixed_s(node)
    if fixed is None:
        fixed = query_s if is_pinned(node) else at_s
    shift_s = offset_s(node)
    return (in_ms(fixed) - in_ms(shift_s)) / 1000 if shift_s else fixed


def steps(end_s: float, range_s: float, step_s: float, dialect: Dialect, most: int = MOST_STEPS) -> list[float]:
    """The times at which a subquery evaluates its expression: multiples of the step in the range, in Unix seconds.

    Raises UnsupportedError for more than `most`.
    """
    step, end = in_ms(step_s), in_ms(end_s)
    start = end - in_ms(range_s)
    if step <= 0:
        raise UnsupportedError("a subquery with a step below a millisecond is not evaluated")
    first = -(-start // step) * step
    if dialect.left_open and first == start:
        first += step
    found = range(first, end + 1, step)
    if len(found) > most:
        raise UnsupportedError(
            f"the subquery has {len(found):,} steps, of which {max(most, 0):,} are evaluated; give it a longer step"
        )
    return [at / 1000 for at in found]
