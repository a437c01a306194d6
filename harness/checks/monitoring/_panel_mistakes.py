"""What the author of an expression gets wrong, in words."""

from collections.abc import Mapping

from harness.monitoring.dashboards.corrections import Correction

WRONG_FORM = "wrong"
"""The value of a verdict's label that names a mistake of the expression."""
EXPRESSION, CORRECTED = "expression", "corrected"
"""Labels of a verdict with the expression as it is, its variables filled in, and as it should be."""
WRONG: Mapping[Correction, str] = {
    Correction.BACKGROUND: "it counts scrapes or health checks as traffic: exclude their views",
    Correction.AVERAGES: "it averages percentiles, and an average of percentiles is not a percentile: sum the buckets "
    "by le first, then apply histogram_quantile()",
    Correction.FILTERS: "it filters buckets by their value inside histogram_quantile(), so empty buckets are missing "
    "and the lowest one left is taken to start at 0: remove the filter",
    Correction.RESETS: "it takes rate() of a sum, so a reset of one series counts as a reset of all: write "
    "sum(rate(...))",
    Correction.UNNAMED: "it excludes <unnamed view>, and with it every request that no URL pattern matched, such as "
    "those of a broken link: exclude only the views of scrapes and health checks",
}
"""What an expression gets wrong, and how to write it."""
WRONG_THROUGH_RECORDS: Mapping[Correction, str] = {
    **WRONG,
    Correction.RATIOS: "it averages ratios, and each counts the same however many requests it stands for: divide the "
    "sum of the numerators by the sum of the denominators",
    Correction.RATES: "it takes rate() of a record that is a rate already, and shows how that changes: read the "
    "record as it is",
    Correction.PARTS: "it takes for a whole what is recorded in parts: the record's name says by which labels it is a "
    "sum, its rule keeps more; correct the rule's `by`, or add up the parts with sum()",
}
"""The same, with what shows only where an expression is followed through the records that it reads."""
