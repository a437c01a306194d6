"""Ad hoc filters: matchers that Grafana adds to every selector of every query of a dashboard.

Source: grafana-prometheus, `addLabelToQuery` and `enhanceExprWithAdHocFilters`.
"""

import re
from collections.abc import Sequence

from harness.monitoring.dashboards.board import Filter
from harness.promql.query_text import label_value

_ONE_OF = {"=|": "=~", "!=|": "!~"}
_OPERATORS = frozenset({"=", "!=", "=~", "!~", *_ONE_OF})
_TOKEN = re.compile(
    r"""(?P<skip>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|`[^`]*+`?|\#[^\n]*|\[[^\[\]]*+\]|@\s*[\w.]+|[\d.]\w*)"""
    r"|(?P<labels>\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*+\))"
    r"|(?P<name>[a-zA-Z_:][\w:]*)?(?P<gap>(?<!\s)\s*+)(?P<braces>\{(?:[^{}\"'`]|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})"
    r"|(?P<aggregation>\b(?:sum|min|max|avg|group|stddev|stdvar|count|count_values|topk|bottomk|quantile|limitk|limit_ratio)"
    r"(?=\s*(?:by|without)\b))"
    r"|(?P<call>[a-zA-Z_:][\w:]*(?=\s*\())"
    r"|(?P<word>\b(?:and|or|unless|atan2|bool|offset|by|without|on|ignoring|group_left|group_right|inf|nan)\b)"
    r"|(?P<bare>[a-zA-Z_:][\w:]*)",
    re.DOTALL | re.IGNORECASE,
)


def unknown_operator(filters: Sequence[Filter]) -> str:
    """The first operator of filters that PromQL does not have; empty without any."""
    return next((each.operator for each in filters if each.operator not in _OPERATORS), "")


def filtered(expression: str, filters: Sequence[Filter]) -> str:
    """An expression with the filters in each of its selectors, whose operators are all known."""
    added = ", ".join(map(_matcher, filters))
    if not added:
        return expression

    def put(match: re.Match[str]) -> str:
        if match["bare"] is not None:
            return f"{match['bare']}{{{added}}}"
        if match["braces"] is None:
            return match[0]
        inside = match["braces"][1:-1].strip().rstrip(",")
        joined = f"{inside}, {added}" if inside else added
        return f"{match['name'] or ''}{match['gap']}{{{joined}}}"

    return _TOKEN.sub(put, expression)


def _matcher(each: Filter) -> str:
    if each.operator in _ONE_OF:
        pattern = "|".join(re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\1", value) for value in each.values)
        return f"{each.label}{_ONE_OF[each.operator]}{label_value(pattern)}"
    return f"{each.label}{each.operator}{label_value(each.values[0] if each.values else '')}"
