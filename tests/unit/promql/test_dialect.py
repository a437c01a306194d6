"""In what versions of Prometheus differ, and when numbers agree."""

import math

import pytest

from harness import promql
from harness.promql import AGREEMENT, ROUNDING, Dialect


@pytest.mark.parametrize(
    ("version", "left_open", "threshold_first", "small_deltas_ignored", "unnamed_angles"),
    [
        ("2.42.0", False, False, False, False),
        ("2.42.0+ds", False, False, False, False),
        ("2.46.0", False, False, False, False),
        ("2.47.0", False, False, False, True),
        ("2.48.1", False, False, False, True),
        ("2.49.0", False, False, True, True),
        ("2.50.1", False, False, True, True),
        ("2.51.0", False, True, True, True),
        ("2.55.1", False, True, True, True),
        ("3.0.0-rc.1", True, True, True, True),
        ("v3.5.0", True, True, True, True),
        ("3.14.0", True, True, True, True),
    ],
)
def test_each_version_has_its_dialect(
    version: str, left_open: bool, threshold_first: bool, small_deltas_ignored: bool, unnamed_angles: bool
) -> None:
    """The changes came with 2.47, 2.49, 2.51 and 3.0, and with that two."""
    assert Dialect.of(version) == Dialect(left_open, threshold_first, small_deltas_ignored, unnamed_angles, left_open)


@pytest.mark.parametrize("version", ["unknown", "three.five"])
def test_an_unknown_version_is_refused(version: str) -> None:
    """A prediction for an unknown server would be a guess."""
    with pytest.raises(ValueError, match="is not a Prometheus version"):
        Dialect.of(version)


@pytest.mark.parametrize("version", ["x2.42.0", "2.42rc"])
def test_a_version_is_read_from_its_start(version: str) -> None:
    """And its second number ends there."""
    with pytest.raises(ValueError, match="is unknown"):
        Dialect.of(version)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 1.0 + 0.9 * AGREEMENT, True),
        (1.0, 1.0 + 1.1 * AGREEMENT, False),
        (0.0, 0.9 * ROUNDING, True),
        (0.0, 1.1 * ROUNDING, False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
    ],
)
def test_numbers_agree_within_rounding(a: float, b: float, expected: bool) -> None:
    """Relative to their size, near zero by what a difference leaves; NaN only with NaN."""
    assert promql.agree(a, b) is expected


def test_the_newest_dialect_is_that_of_the_newest_version() -> None:
    """Of the last whose source was read."""
    assert Dialect.of("3.16.0") == promql.NEWEST


def test_the_limits_are_those_of_the_documentation() -> None:
    """A wider one would let a wrong figure through."""
    assert (AGREEMENT, ROUNDING) == (1e-9, 1e-12)
