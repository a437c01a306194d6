"""Numbers as people read them. Units are those of the model's verdicts; ratios are 0-1 and become percent only here.

Every function returns plain text without control characters. `None` is "not known" and shows as a dash, never as 0.
"""

import math
from datetime import UTC, datetime

from harness.core.verdict import MOST_SHOWN, Tolerance

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_IN_NUMBER = ("", "s", "ratio", "requests/s")
_SINGULAR = {"processes": "process", "series": "series"}
_PRECISIONS = (3, 4, 5, 6, 8, 10, 12)
_NEAR = 5e-5
"""Relative difference below which two numbers are shown as nearly equal."""


def number(value: float | None, unit: str = "", digits: int = 3) -> str:
    """Return a value in its unit: `12.3 ms`, `9.09 %`, `83.3 /s`; counts keep every digit and carry no unit word."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    match unit:
        case "s":
            text = _seconds(value, digits)
        case "ratio":
            text = f"{_significant(value * 100, digits)} %"
        case "requests/s":
            text = f"{_significant(value, digits)} /s"
        case _:
            text = _count(value, digits)
    return text.replace("-", MINUS)


def quantity(value: float | None, unit: str, digits: int = 3) -> str:
    """Return `number` with the unit's word where the number alone does not show it: `1,199 requests`, `1 request`."""
    text = number(value, unit, digits)
    if value is None or unit in _IN_NUMBER:
        return text
    return f"{text} {_SINGULAR.get(unit, unit.removesuffix('s')) if value == 1 else unit}"


def apart(expected: float | None, observed: float | None, unit: str) -> tuple[str, str]:
    """Return both quantities with as many digits as it takes to see that they differ (up to 12)."""
    texts = quantity(expected, unit), quantity(observed, unit)
    if expected is None or observed is None or expected == observed:
        return texts
    for digits in _PRECISIONS:
        texts = quantity(expected, unit, digits), quantity(observed, unit, digits)
        if texts[0] != texts[1]:
            break
    return texts


def tolerance(value: Tolerance | None, unit: str) -> str:
    """Return the allowed distance: `0`, `± 0.1 ms`, `-0 to +3`; a dash when no tolerance applies."""
    if value is None:
        return UNKNOWN
    if value.below == value.above == 0:
        return "0"
    if value.below == value.above:
        return f"± {number(value.above, unit)}"
    return f"{MINUS}{number(value.below, unit)} to +{number(value.above, unit)}"


def difference(value: float | None, reference: float | None, unit: str) -> str:
    """Return how far `value` lies from `reference`: `=`, `≈` (under 0.005 %), `+7.7 %`, `+0.9 pp`, `-1`.

    Seconds and rates differ by a percentage of the reference, ratios by percentage points, counts by a count. Empty
    when one of them is not known or not finite.
    """
    if value is None or reference is None or not (math.isfinite(value) and math.isfinite(reference)):
        return ""
    gap = value - reference
    if gap == 0:
        return "="
    if abs(gap) < _NEAR * abs(reference):
        return "≈"
    sign = "+" if gap > 0 else MINUS
    if unit == "ratio":
        return f"{sign}{_significant(abs(gap) * 100, 2)} pp"
    if unit in ("s", "requests/s") and reference != 0:
        return f"{sign}{_significant(abs(gap / reference) * 100, 2)} %"
    return f"{sign}{number(abs(gap), unit)}"


def change(share: float, unit: str) -> str:
    """Return a gate's change with its sign: `+12.3 %` of the base; of a ratio `+0.12 pp`, its difference in points.

    Above `MOST_SHOWN` it is `> +10,000 %`.
    """
    digits, points = (2, " pp") if unit == "ratio" else (1, " %")
    if share > MOST_SHOWN:
        return f"> {MOST_SHOWN * 100:+,.0f}{points}"
    return f"{share * 100:+,.{digits}f}{points}".replace("-", MINUS)


def rules(count: int, scale: float) -> str:
    """How many rules Prometheus was given, and by what their durations were multiplied; empty without rules."""
    if not count:
        return ""
    return f"{quantity(count, 'rules')}, durations times {scale:.4g}" if scale != 1 else quantity(count, "rules")


def moment(unix_s: float) -> str:
    """Return a Unix time as `2026-01-31 12:00:00 UTC`; the bare number when it is not a date."""
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"{unix_s:g}"


def _seconds(value: float, digits: int) -> str:
    if value == 0:
        return "0 s"
    rounded = abs(float(f"{value:.{digits - 1}e}"))  # 999.6 µs is 1.00 ms, so the scale follows the rounded value
    scale, name = next((pair for pair in _SCALES if rounded >= pair[0]), _SCALES[-1])
    return f"{_significant(value / scale, digits)} {name}"


def _count(value: float, digits: int) -> str:
    if abs(value) >= 1e15:
        return f"{value:.6g}"
    if value == round(value):
        return f"{value:,.0f}"
    text = _significant(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(value: float, digits: int) -> str:
    """At least `digits` significant digits; an exponent only below 0.00001."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent < -5:
        return f"{value / 10.0**exponent:.{digits - 1}f}e{exponent}"
    return f"{rounded if exponent < digits else value:,.{max(digits - 1 - exponent, 0)}f}"
