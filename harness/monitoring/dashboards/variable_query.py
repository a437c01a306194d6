"""What the query of a dashboard's variable asks of Prometheus, and which values it takes from the answer.

Source: grafana-prometheus, `metric_find_query.ts`, and `metricNamesToVariableValues`, which applies pattern and order.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.promql.query_text import label_value

LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_LABEL_NAMES = re.compile(r"label_names\((.*)\)", re.DOTALL)
_LABEL_VALUES = re.compile(rf"label_values\((?:(.+),)?\s*({LABEL})\s*\)", re.DOTALL)
_METRICS = re.compile(r"metrics\((.*)\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
_WRITTEN = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
NAME = "__name__"


@dataclass(frozen=True, slots=True)
class LabelValues:
    """The values of a label, in the series that a selector picks; of all series without one."""

    label: str
    matching: str = ""


@dataclass(frozen=True, slots=True)
class LabelNames:
    """The names of labels, as for `LabelValues`."""

    matching: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What an expression gives, each series as text: name and labels, value, and time in milliseconds."""

    expression: str


@dataclass(frozen=True, slots=True)
class SeriesNames:
    """The series that a selector picks, each as text."""

    matching: str


Question = LabelValues | LabelNames | Results | SeriesNames
Ask = Callable[[Question], Sequence[str]]
"""Whoever asks Prometheus; raises PrometheusError when it gives no answer."""


def question(text: str) -> Question | None:
    """What a variable's query asks, its own variables filled in; None where it asks nothing."""
    text = text.strip()
    if match := _LABEL_VALUES.fullmatch(text):
        return LabelValues(match[2], (match[1] or "").strip())
    if match := _LABEL_NAMES.fullmatch(text):
        return LabelNames(match[1].strip())
    if match := _METRICS.fullmatch(text):
        # The names that the pattern is found in anywhere.
        pattern = label_value(f".*(?:{match[1].strip() or '.*'}).*")
        return LabelValues(NAME, f"{{{NAME}=~{pattern}}}")
    if match := _QUERY_RESULT.fullmatch(text):
        return Results(match[1].strip())
    return SeriesNames(text) if text else None


def values(answers: Iterable[str], regex: str, order: int) -> tuple[str, ...]:
    """The values that a variable offers of the answers, each once. Raises ValueError for a pattern that is none.

    A group `value` of the pattern is the value, else its first group, else the whole answer; what it does not match is
    left out.
    """
    found: dict[str, str] = {}
    pattern, everywhere = _compiled(regex)
    for answer in answers:
        if pattern is None:
            found.setdefault(answer, answer)
            continue
        matches = list(pattern.finditer(answer))[: None if everywhere else 1]
        for match in matches if pattern.groups else matches[:1]:
            value, text = _of_match(answer, match)
            if value is not None:
                found.setdefault(value, text or value)
    texts = [(text, value) for value, text in found.items()]
    return tuple(value for _, value in _sorted(texts, order))


def _compiled(regex: str) -> tuple[re.Pattern[str] | None, bool]:
    """A pattern as JavaScript writes it, and whether it is looked for more than once."""
    if not regex.strip():
        return None, False
    written = _WRITTEN.fullmatch(regex.strip())
    body, marks = (written[1], written[2]) if written else (f"^{regex.strip()}$", "")
    flags = re.ASCII
    for mark, flag in (("i", re.IGNORECASE), ("s", re.DOTALL), ("m", re.MULTILINE)):
        flags |= flag if mark in marks else re.NOFLAG
    try:
        return re.compile(body.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"), flags), (
            "g" in marks
        )
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"its pattern {regex!r} is not evaluated: {error}") from None


def _of_match(answer: str, match: re.Match[str]) -> tuple[str | None, str | None]:
    """The value of a match, and the text that Grafana shows for it."""
    named: Mapping[str, Any] = match.groupdict()
    if "value" in named or "text" in named:
        return named.get("value") or named.get("text"), named.get("text") or named.get("value")
    return (match[1], match[1]) if match.re.groups else (answer, answer)


def _sorted(texts: list[tuple[str, str]], order: int) -> list[tuple[str, str]]:
    """By Grafana's number of an order: 0 none, then letters, numbers, letters of any case, naturally, each way."""
    keys: Mapping[int, Callable[[tuple[str, str]], Any]] = {
        0: lambda each: each[0],
        1: lambda each: float(found[0]) if (found := _NUMBER.search(each[0])) else -1.0,
        2: lambda each: each[0].lower(),
        3: lambda each: [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", each[0])],
    }
    key = keys.get((order - 1) // 2)
    if order < 1 or key is None:
        return texts
    return sorted(texts, key=key, reverse=order % 2 == 0)
