"""Parts of dates in UTC, of any time: `day_of_month()` and its kin (promql/functions.go, `dateWrapper`)."""

import calendar
import math
from collections.abc import Callable, Mapping

from harness.promql.vectors import UnsupportedError

_DAY_S = 86_400
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""After which the Gregorian calendar repeats."""
_EPOCH_DAYS = 719_162
"""Days from the first of the year 1 to 1970."""
_MOST_S = 1e15
"""Seconds from 1970 up to which a date is computed: some 30 million years."""


def _seconds(value: float) -> int:
    """Whole seconds, towards zero as Go converts them. Raises UnsupportedError for what is no time."""
    if not abs(value) <= _MOST_S:
        raise UnsupportedError(
            f"{value:g} is no time, so parts of its date are not evaluated: they depend on the machine"
        )
    return math.trunc(value)


def _day(value: float) -> tuple[int, int]:
    """The year, and the day in it from 0."""
    days = _seconds(value) // _DAY_S + _EPOCH_DAYS
    cycles, days = divmod(days, _CYCLE_DAYS)
    year = days // 366 + 1  # not after the year, and at most one before it
    while days >= _days_before(year + 1):
        year += 1
    return cycles * _CYCLE_YEARS + year, days - _days_before(year)


def _days_before(year: int) -> int:
    """Days from the first of the year 1 to that of another."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400


def _length(year: int, month: int) -> int:
    return 29 if month == 2 and calendar.isleap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _date(value: float) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    year, rest = _day(value)
    month = 1
    while rest >= _length(year, month):
        rest -= _length(year, month)
        month += 1
    return year, month, rest + 1


PARTS: Mapping[str, Callable[[float], int]] = {
    "minute": lambda value: _seconds(value) // 60 % 60,
    "hour": lambda value: _seconds(value) // 3600 % 24,
    "day_of_week": lambda value: (_seconds(value) // _DAY_S + 4) % 7,
    "day_of_month": lambda value: _date(value)[2],
    "day_of_year": lambda value: _day(value)[1] + 1,
    "days_in_month": lambda value: _length(*_date(value)[:2]),
    "month": lambda value: _date(value)[1],
    "year": lambda value: _date(value)[0],
}
"""What is asked of a time in Unix seconds, by the name of the function; a week begins with Sunday, which is 0.

Each raises UnsupportedError for what is no time.
"""
