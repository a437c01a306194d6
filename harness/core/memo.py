"""Results that are computed once for the same objects."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def by_identity(kept: int = 64) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember a pure function's results for the same argument objects, `kept` of them, the latest ones.

    For arguments that are frozen but not hashable, or costly to hash, such as a run or its facts. The arguments are
    kept with the result, so that no other object gets the identity of one. A call that raises is not remembered.
    """

    def remembered(function: Callable[P, T]) -> Callable[P, T]:
        results: OrderedDict[tuple[int, ...], tuple[Any, T]] = OrderedDict()

        @wraps(function)
        def once(*args: P.args, **kwargs: P.kwargs) -> T:
            key = tuple(map(id, args)) + tuple(map(id, kwargs.values()))
            if (found := results.get(key)) is not None:
                return found[1]
            result = function(*args, **kwargs)
            results[key] = ((args, kwargs), result)
            if len(results) > kept:
                results.popitem(last=False)
            return result

        return once

    return remembered
