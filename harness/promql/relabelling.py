"""`label_replace()`, `label_join()` and `count_values()`: labels made from labels and values (promql/functions.go)."""

import math
import re
from decimal import Decimal
from typing import Any

from harness.promql import vectors
from harness.promql.vectors import NAME, Labels, UnsupportedError, Vector

_GROUP = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
"""Go's template of a regular expression: `$1`, `${1}`, `$name`, `$$` (regexp.Expand)."""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
FLAGS = re.DOTALL | re.ASCII
"""As in RE2, a dot is any character, and `\\d`, `\\w` and `\\s` know no more than ASCII."""


def replaced(
    vector: Vector, made: str, template: str, source: str, pattern: str, *, any_character: bool = True
) -> Vector:
    """`label_replace(vector, made, template, source, pattern)`: what matches gets a label of the template.

    A dot of the pattern is `any_character`, or any but a line break. Raises UnsupportedError for a pattern that Python
    does not read as Prometheus does, and for labels that meet.
    """
    try:
        compiled = re.compile(pattern, FLAGS if any_character else re.ASCII)
    except (re.error, OverflowError) as error:
        raise UnsupportedError(f"the pattern {pattern!r} is not evaluated: {error}") from None
    _check_label(made)
    results: Vector = {}
    for labels, value in vector.items():
        match = compiled.fullmatch(dict(labels).get(source, ""))
        changed = labels if match is None else _with(labels, made, _expanded(template, match))
        _add(results, changed, value, "label_replace")
    return results


def joined(vector: Vector, made: str, separator: str, *sources: str) -> Vector:
    """`label_join(vector, made, separator, sources...)`: the values of labels in one. Raises UnsupportedError."""
    for name in (made, *sources):
        _check_label(name)
    results: Vector = {}
    for labels, value in vector.items():
        given = dict(labels)
        text = separator.join(given.get(source, "") for source in sources)
        _add(results, _with(labels, made, text), value, "label_join")
    return results


def count_values(label: str, modifier: Any, vector: Vector) -> Vector:
    """`count_values(label, vector)`: how many series have each value, which becomes a label's.

    Raises UnsupportedError for what is no label's name.
    """
    if _LABEL.fullmatch(label) is None:
        raise UnsupportedError(f"count_values() with {label!r}, which is no label name, is not evaluated")
    names = frozenset(modifier.labels) if modifier is not None else frozenset[str]()
    by = modifier is None or vectors.keeps(modifier)
    found: Vector = {}
    for labels, value in vector.items():
        marked = tuple(sorted({**dict(labels), label: _written(value)}.items()))
        kept = names | {label} if by else names | {NAME}
        group = tuple(pair for pair in marked if (pair[0] in kept) == by)
        found[group] = found.get(group, 0.0) + 1
    return found


def _written(value: float) -> str:
    """A number as Go writes it without an exponent (strconv.FormatFloat, 'f')."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _check_label(name: str) -> None:
    if _LABEL.fullmatch(name) is None:
        raise UnsupportedError(f"{name!r} is not a label name")


def _add(results: Vector, labels: Labels, value: float, function: str) -> None:
    if labels in results:
        raise UnsupportedError(f"{function}() makes two series of the same labels")
    results[labels] = value


def _with(labels: Labels, name: str, value: str) -> Labels:
    return tuple(sorted((key, text) for key, text in {**dict(labels), name: value}.items() if text))


def _expanded(template: str, match: re.Match[str]) -> str:
    """The template with the groups of a match filled in; a group that there is not is empty, as in Go."""

    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except (IndexError, KeyError):
            return ""

    return _GROUP.sub(fill, template)
