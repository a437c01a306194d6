"""PromQL: the text of queries, the reference functions and an engine over raw samples; knows no Django.

`engine` evaluates the trees of `syntax` on raw samples, `functions` is the registry of all that it can call, `vectors`
holds labelled values and the operators between them. The names below are those that other rooms use.
"""

from harness.core.points import Point
from harness.promql.dialect import AGREEMENT, NEWEST, ROUNDING, Dialect, agree
from harness.promql.engine import LOOKBACK_S, Engine, Samples
from harness.promql.extrapolation import (
    EXTRAPOLATION_THRESHOLD,
    delta,
    increase,
    irate,
    rate,
    select_range,
)
from harness.promql.functions import FUNCTIONS
from harness.promql.quantile import SMALL_DELTA, histogram_quantile
from harness.promql.query_text import duration, label_value, raw, selector
from harness.promql.selection import Matcher, Selection
from harness.promql.syntax import parse
from harness.promql.vectors import Labels, UnsupportedError, Value, Vector

__all__ = [
    "AGREEMENT",
    "EXTRAPOLATION_THRESHOLD",
    "FUNCTIONS",
    "LOOKBACK_S",
    "NEWEST",
    "ROUNDING",
    "SMALL_DELTA",
    "Dialect",
    "Engine",
    "Labels",
    "Matcher",
    "Point",
    "Samples",
    "Selection",
    "UnsupportedError",
    "Value",
    "Vector",
    "agree",
    "delta",
    "duration",
    "histogram_quantile",
    "increase",
    "irate",
    "label_value",
    "parse",
    "rate",
    "raw",
    "select_range",
    "selector",
]
