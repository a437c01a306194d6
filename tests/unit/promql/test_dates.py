"""Parts of dates beside those of the standard library, and beyond what it knows."""

import calendar
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.promql import UnsupportedError
from harness.promql.dates import PARTS

CYCLE_S = 146_097 * 86_400
"""After 400 years everything but the year is the same."""


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_the_parts_are_those_of_the_date(seconds: int) -> None:
    """From the year 1 to 9999."""
    moment = datetime.fromtimestamp(seconds, UTC)
    expected = {
        "minute": moment.minute,
        "hour": moment.hour,
        "day_of_week": moment.isoweekday() % 7,
        "day_of_month": moment.day,
        "day_of_year": moment.timetuple().tm_yday,
        "days_in_month": calendar.monthrange(moment.year, moment.month)[1],
        "month": moment.month,
        "year": moment.year,
    }
    assert {name: part(float(seconds)) for name, part in PARTS.items()} == expected


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(-70_000, 70_000))
def test_the_calendar_repeats(seconds: int, cycles: int) -> None:
    """After 400 years, for as long as dates are computed."""
    for name, part in PARTS.items():
        later = part(float(seconds + cycles * CYCLE_S))
        assert later - part(float(seconds)) == (400 * cycles if name == "year" else 0)


def test_a_fraction_goes_towards_zero() -> None:
    """As Go converts numbers."""
    assert (PARTS["year"](-0.9), PARTS["year"](-1.0), PARTS["hour"](3599.9)) == (1970, 1969, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e16])
def test_what_is_no_time_has_no_parts(value: float) -> None:
    """Better none than one of this machine."""
    for part in PARTS.values():
        with pytest.raises(UnsupportedError, match="is no time"):
            part(value)
