"""What the words beside a curve say that it is: which percentile, which class of statuses. Where unsure, nothing."""

import re

WHOLE = "100"
_LABEL = re.compile(r"\{\{[^{}]*\}\}")
"""In a legend, the value of a label."""
_PERCENTILE = re.compile(r"(?:(?<![A-Za-z0-9])[pP]|(?<=[a-z])P)(\d\d(?:[._]\d+(?![0-9A-Za-z]))?|9\d{2,4}|100)(?!\d)")
_ORDINAL = re.compile(
    r"(?<![\d.])(\d\d(?:\.\d+)?)(?:st|nd|rd|th)?\s?(?:-\s?)?(?:%?-?iles?|percentiles?|quantiles?)\b", re.IGNORECASE
)
_MEDIAN = re.compile(r"(?<![A-Za-z0-9])medians?(?![A-Za-z0-9])", re.IGNORECASE)
_UNSURE = re.compile(
    r"\d,\d|(?<![A-Za-z])(?:vs|versus|targets?|goals?|slos?|objectives?|budgets?|limits?|thresholds?|than)(?![A-Za-z])",
    re.IGNORECASE,
)
"""A comma is one of decimals or of a list, and another number may be meant than the curve's."""
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9]+")
_OF_STATUS = frozenset(
    {
        *("all", "and", "by", "each", "http", "django", "in", "of", "per", "sum", "the", "total", "totals", "number"),
        *("class", "code", "codes", "count", "counts", "error", "errors", "method", "status", "statuses"),
        *("view", "views", "minute", "second", "seconds", "s", "req", "reqs", "request", "requests", "rps"),
        *("percent", "percentage", "rate", "rates", "ratio", "ratios", "share", "shares", "response", "responses"),
    }
)
"""Words beside a class of statuses that leave it what it says."""


def percentiles(text: str) -> frozenset[float]:
    """Those that a title, a legend or a rule's name says, as quantiles: `p95`, `P999`, `95th percentile`, `median`."""
    text = _LABEL.sub(" ", text)
    if _UNSURE.search(text):
        return frozenset()
    named = [match[1] for pattern in (_PERCENTILE, _ORDINAL) for match in pattern.finditer(text)]
    found = {1.0 if each == WHOLE else float(f"0.{each.replace('.', '').replace('_', '')}") for each in named}
    return frozenset(found | ({0.5} if _MEDIAN.search(text) else set()))


def status_class(text: str) -> str:
    """The one class of statuses that it says is shown, by its first digit: `5xx errors`; empty for none or several."""
    words = [word.lower() for word in _WORD.findall(_LABEL.sub(" ", text).replace("_", " "))]
    found = {match[1] for word in words if (match := _CLASS.fullmatch(word))}
    plain = all(word in _OF_STATUS or _CLASS.fullmatch(word) for word in words) and not re.search(r"[!<>=~]", text)
    return next(iter(found)) if len(found) == 1 and plain else ""
