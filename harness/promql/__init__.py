"""PromQL: the text of queries, the reference functions and an engine over raw samples; knows no Django."""

from harness.promql.dialect import AGREEMENT, NEWEST, ROUNDING, Dialect, agree
from harness.promql.extrapolation import (
    EXTRAPOLATION_THRESHOLD,
    Point,
    delta,
    increase,
    irate,
    rate,
    select_range,
)
from harness.promql.quantile import SMALL_DELTA, histogram_quantile
from harness.promql.query_text import duration, label_value, raw, selector

__all__ = [
    "AGREEMENT",
    "EXTRAPOLATION_THRESHOLD",
    "NEWEST",
    "ROUNDING",
    "SMALL_DELTA",
    "Dialect",
    "Point",
    "agree",
    "delta",
    "duration",
    "histogram_quantile",
    "increase",
    "irate",
    "label_value",
    "rate",
    "raw",
    "select_range",
    "selector",
]
