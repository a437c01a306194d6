"""In what versions of Prometheus differ, and how closely two numbers must agree."""

import math
import re
from dataclasses import dataclass

AGREEMENT = 1e-9
"""Largest relative difference between Prometheus and the reference: the order of a float sum."""

ROUNDING = 1e-12
"""So far from zero may be what is left of a difference of equal values."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)\b")


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what versions of Prometheus differ."""

    left_open: bool
    """A range, and a lookback, leaves out a sample exactly at its start (3.0, prometheus/prometheus#13904)."""
    threshold_first: bool
    """The threshold is applied before the clamp to zero (2.51, prometheus/prometheus#13725)."""
    small_deltas_ignored: bool
    """A bucket count that rises by no more than rounding does not rise (2.49, prometheus/prometheus#13153)."""
    unnamed_angles: bool
    """`atan2` drops the metric's name, as other arithmetic does (2.47, prometheus/prometheus#12595)."""
    dot_is_any: bool
    """In a pattern a dot is also a line break (3.0, docs/migration.md, "The . pattern in regular expressions")."""

    @classmethod
    def of(cls, version: str) -> "Dialect":
        """The dialect of a version such as `2.42.0+ds`; raises ValueError when it is not one."""
        match = _VERSION.match(version)
        if match is None:
            if not version:
                raise ValueError(
                    "what the server evaluates as is not a Prometheus version, so the result of its rate() is unknown"
                )
            raise ValueError(f"{version!r} is not a Prometheus version, so the result of its rate() is unknown")
        number = (int(match[1]), int(match[2]))
        return cls(
            left_open=number >= (3, 0),
            threshold_first=number >= (2, 51),
            small_deltas_ignored=number >= (2, 49),
            unnamed_angles=number >= (2, 47),
            dot_is_any=number >= (3, 0),
        )


NEWEST = Dialect(left_open=True, threshold_first=True, small_deltas_ignored=True, unnamed_angles=True, dot_is_any=True)
"""As released last, without feature flags: `use-start-timestamps` (3.12) makes `rate()` another function."""


def agree(a: float, b: float) -> bool:
    """True when both are NaN or within `AGREEMENT` of each other."""
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=AGREEMENT, abs_tol=ROUNDING)
