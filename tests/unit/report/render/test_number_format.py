import math

import pytest

from harness.core.verdict import Tolerance
from harness.report.render import number_format as fmt

M = fmt.MINUS


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "s", fmt.UNKNOWN),
        (0.0, "s", "0 s"),
        (3.5e-8, "s", "35.0 ns"),
        (0.00085, "s", "850 µs"),
        (0.0009996, "s", "1.00 ms"),
        (0.0123, "s", "12.3 ms"),
        (0.9999, "s", "1.00 s"),
        (1.2, "s", "1.20 s"),
        (61, "s", "61.0 s"),
        (1234.56, "s", "1,235 s"),
        (-0.0123, "s", f"{M}12.3 ms"),
        (0, "ratio", "0 %"),
        (1, "ratio", "100 %"),
        (1 / 11, "ratio", "9.09 %"),
        (0.00001, "ratio", "0.00100 %"),
        (83.333, "requests/s", "83.3 /s"),
        (2.3e-7, "requests/s", f"2.30e{M}7 /s"),
        (15654, "requests", "15,654"),
        (15654.0, "", "15,654"),
        (0.05, "", "0.05"),
        (1199.5, "responses", "1,200"),
        (1e300, "requests", "1e+300"),
        (math.nan, "s", "NaN"),
        (-math.inf, "ratio", f"{M}∞"),
    ],
)
def test_number(value: float | None, unit: str, text: str) -> None:
    """A value is shown in the unit people read it in."""
    assert fmt.number(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1199, "requests", "1,199 requests"), (1, "requests", "1 request"), (1, "series", "1 series"), (2, "s", "2.00 s")],
)
def test_quantity(value: float, unit: str, text: str) -> None:
    """A count carries its unit's word, in the singular for one."""
    assert fmt.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("expected", "observed", "unit"),
    [
        (232.131147541, 232.131147999, "requests/s"),
        (0.0331, 0.03311, "s"),
        (0.0909, 0.0895, "ratio"),
        (6400, 6399, "responses"),
    ],
)
def test_apart(expected: float, observed: float, unit: str) -> None:
    """Numbers that differ look different."""
    first, second = fmt.apart(expected, observed, unit)
    assert first != second


def test_apart_equal() -> None:
    """Equal and unknown numbers keep the short form."""
    assert fmt.apart(0.5, 0.5, "s") == ("500 ms", "500 ms")
    assert fmt.apart(None, 0.5, "s") == (fmt.UNKNOWN, "500 ms")


@pytest.mark.parametrize(
    ("tolerance", "unit", "text"),
    [
        (None, "s", fmt.UNKNOWN),
        (Tolerance(0, 0, "exact"), "requests", "0"),
        (Tolerance(0.1, 0.1, ""), "s", "± 100 ms"),
        (Tolerance(0, 3, ""), "requests", f"{M}0 to +3"),
    ],
)
def test_tolerance(tolerance: Tolerance | None, unit: str, text: str) -> None:
    """A tolerance is shown as the distance it allows."""
    assert fmt.tolerance(tolerance, unit) == text


@pytest.mark.parametrize(
    ("value", "reference", "unit", "text"),
    [
        (5, 5, "requests", "="),
        (1.0771, 1.0, "requests/s", "+7.7 %"),
        (1.00000001, 1.0, "s", "≈"),
        (0.0895, 0.0909, "ratio", f"{M}0.14 pp"),
        (6399, 6400, "requests", f"{M}1"),
        (0.001, 0.0, "s", "+1.00 ms"),
        (None, 1.0, "s", ""),
        (1.0, None, "s", ""),
        (math.nan, 1.0, "s", ""),
    ],
)
def test_difference(value: float | None, reference: float | None, unit: str, text: str) -> None:
    """A difference is told in the measure that suits its unit, and nothing is told of an unknown."""
    assert fmt.difference(value, reference, unit) == text


@pytest.mark.parametrize(
    ("unix_s", "text"), [(1769860800.0, "2026-01-31 12:00:00 UTC"), (1e300, "1e+300"), (math.nan, "nan")]
)
def test_moment(unix_s: float, text: str) -> None:
    """A time no calendar holds is shown as a number."""
    assert fmt.moment(unix_s) == text
