"""Prometheus rule files: YAML -> rules, their durations scaled for a run, and YAML again.

What Prometheus reads is documented at
https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/. It is longer than other modules because
each key that Prometheus would refuse is refused here first, by name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import PurePath
from typing import Any

import yaml

from harness import promql
from harness.core.errors import UsageError
from harness.core.panel import Panel
from harness.core.rule import Rule
from harness.core.text import shorten
from harness.promql import syntax

EVALUATION = "harness_rule_evaluation"
"""Recorded by the harness itself in each group of rules that it loads: one sample for each evaluation."""
EVALUATION_INTERVAL_S = 15.0
"""Between two evaluations of a group that does not say so itself, before it is scaled; as production has it."""
LONGEST_S = 292 * 31_536_000
"""The longest duration that Prometheus has (model.ParseDuration)."""
LONGEST_LIMIT = 12
"""Digits."""
MOST_NODES = 50_000
"""Values of a file, those that an alias repeats counted each time."""
_GROUP_KEYS = frozenset({"name", "interval", "limit", "labels", "query_offset", "rules"})
_RULE_KEYS = frozenset({"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"})
_ALERT_KEYS = frozenset({"for", "keep_firing_for", "annotations"})
SHOWN = 300
"""Characters of a value that an error repeats."""
_RECORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DURATION = r"(?:\d{1,12}(?:ms|[smhdwy])){1,7}"
"""Each unit at most once, as Prometheus has it, and no number that a clock cannot count."""
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PARTS = re.compile(r"(\d+)(ms|[smhdwy])")
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\#[^\n]*)"""
    rf"|(?P<range>\[\s*{_DURATION}\s*(?::\s*(?:{_DURATION})?\s*)?\])"
    rf"|(?P<offset>\boffset\s*-?\s*{_DURATION})",
    re.DOTALL,
)
"""Where a duration stands in an expression, and the texts and comments in which none does."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A piece of YAML, and the line on which it begins."""

    value: "str | Sequence[_Node] | Mapping[str, _Node]"
    line: int


def parse(text: str, source: str) -> tuple[Rule, ...]:
    """Read a rule file; `source` names it in errors. Raises UsageError with file, group, rule and line."""
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        node = _Node("", 1) if root is None else _node(root, source, count(1))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UsageError(f"{source}{where}: not valid YAML: {reason}; `promtool check rules` says more") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{source}: nested too deeply; a rule file is a list of groups") from None
    groups = _items(_keys(node, frozenset({"groups"}), source).get("groups"), f"{source}: groups")
    rules: list[Rule] = []
    names: set[str] = set()
    for group in groups:
        read = _group(group, source)
        name = read[0].group
        if name in names:
            raise UsageError(f"{source}, line {group.line}: group {name!r} is there twice; give each its own name")
        names.add(name)
        rules += read
    if not rules:
        raise UsageError(f"{source}: it has no rules; write `groups:` with a list of groups, or remove the file")
    return tuple(rules)


def check_unique(rules: Iterable[Rule]) -> None:
    """Check that no two rules make the same series. Raises UsageError that names both."""
    seen: dict[tuple[object, ...], Rule] = {}
    for rule in rules:
        key = (rule.alert, rule.name, tuple(sorted(rule.labels.items())))
        if key in seen:
            raise UsageError(
                f"{place(rule)} is also {place(seen[key])}: both make the same series; remove one or give it a label"
            )
        seen[key] = rule


def place(rule: Rule) -> str:
    """Where a rule stands, for errors."""
    return f"{rule.file}, line {rule.line}: group {rule.group!r}, rule {rule.name!r}"


def scaled(rules: Iterable[Rule], factor: float) -> tuple[Rule, ...]:
    """Every duration of the rules times `factor`: ranges, offsets, steps, `for`, and the interval of the evaluation.

    Raises UsageError when the durations of an expression cannot be found.
    """
    return tuple(
        replace(
            rule,
            expression=_scaled(rule, factor),
            for_s=rule.for_s * factor,
            keep_firing_for_s=rule.keep_firing_for_s * factor,
            interval_s=rule.interval_s * factor,
        )
        for rule in rules
    )


def documents(rules: Iterable[Rule]) -> dict[str, dict[str, Any]]:
    """Rule files by name, as Prometheus loads them: each group ends in a record of its own evaluation."""
    files: dict[str, dict[str, list[Rule]]] = {}
    for rule in rules:
        files.setdefault(rule.file, {}).setdefault(rule.group, []).append(rule)
    return {
        file: {"groups": [_written_group(file, name, group) for name, group in groups.items()]}
        for file, groups in files.items()
    }


def panels(rules: Iterable[Rule]) -> tuple[Panel, ...]:
    """The rules' expressions as what is asked: by file, group and name."""
    return tuple(
        Panel(rule.file, rule.group, rule.name, rule.expression, rule=True, step_s=rule.interval_s) for rule in rules
    )


def _written_group(file: str, name: str, rules: Sequence[Rule]) -> dict[str, Any]:
    evaluation = {"record": EVALUATION, "expr": "vector(1)", "labels": {"file": file, "rule_group": name}}
    group = {"name": name, "interval": promql.duration(rules[0].interval_s)}
    return {**group, "limit": rules[0].limit, "rules": [*map(_written, rules), evaluation]}


def _written(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = {"alert" if rule.alert else "record": rule.name, "expr": rule.expression}
    for key, seconds in (("for", rule.for_s), ("keep_firing_for", rule.keep_firing_for_s)):
        if seconds:
            written[key] = promql.duration(seconds)
    if rule.labels:
        written["labels"] = dict(rule.labels)
    if rule.annotations:
        written["annotations"] = dict(rule.annotations)
    return written


def _group(node: _Node, source: str) -> list[Rule]:
    where = f"{source}, line {node.line}"
    table = _keys(node, _GROUP_KEYS, where)
    name = _text(table.get("name"), f"{where}: a group's name")
    where = f"{where}: group {name!r}"
    interval_s = _seconds(table["interval"], f"{where}, interval") if "interval" in table else EVALUATION_INTERVAL_S
    if not interval_s:
        interval_s = EVALUATION_INTERVAL_S  # as Prometheus takes it
    limit = _text(table["limit"], f"{where}, limit") if "limit" in table else "0"
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= LONGEST_LIMIT):
        raise UsageError(f"{where}, limit: {shorten(limit, SHOWN)!r} is not a whole number")
    if "query_offset" in table and _seconds(table["query_offset"], f"{where}, query_offset"):
        raise UsageError(f"{where}, query_offset: not supported by the harness; remove it")
    common = _labels(table.get("labels"), f"{where}, labels")
    items = _items(table.get("rules"), f"{where}, rules")
    if not items:
        raise UsageError(f"{where}: it has no rules; add one, or remove the group")
    place_ = PurePath(source).name
    rules = [_rule(item, source, name) for item in items]
    return [
        replace(
            rule,
            file=place_,
            group=name,
            interval_s=interval_s,
            limit=int(limit),
            labels={**common, **rule.labels},  # as Prometheus 3.0 and later take those of the group
        )
        for rule in rules
    ]


def _rule(node: _Node, source: str, group: str) -> Rule:
    where = f"{source}, line {node.line}: group {group!r}"
    table = _keys(node, _RULE_KEYS, f"{where}, rule")
    kinds = [key for key in ("record", "alert") if key in table]
    if len(kinds) != 1:
        raise UsageError(
            f"{where}: a rule has either `record` or `alert`; this one has {' and '.join(kinds) or 'none'}"
        )
    name, alert = _text(table[kinds[0]], f"{where}, {kinds[0]}"), kinds[0] == "alert"
    where = f"{where}, rule {name!r}"
    if not alert and not _RECORD.fullmatch(name):
        raise UsageError(f"{where}: it is not a metric name; use letters, digits, `_` and `:`")
    if not alert and (odd := sorted(_ALERT_KEYS & set(table))):
        raise UsageError(f"{where}: `{odd[0]}` belongs to an alert; a record has none")
    if "expr" not in table:
        raise UsageError(f"{where}: `expr` is missing; give its expression")
    written = _text(table["expr"], f"{where}, expr").strip()
    try:
        syntax.parse(written)
    except ValueError as error:
        raise UsageError(f"{where}: the expression cannot be read ({error}): {shorten(written, SHOWN)}") from None
    labels = _labels(table.get("labels"), f"{where}, labels")
    annotations = _named(table.get("annotations"), f"{where}, annotations")
    durations = {
        key: _seconds(table[key], f"{where}, {key}") if key in table else 0.0 for key in ("for", "keep_firing_for")
    }
    return Rule(
        file="",
        group="",
        name=name,
        alert=alert,
        expression=written,
        for_s=durations["for"],
        keep_firing_for_s=durations["keep_firing_for"],
        labels=labels,
        annotations=annotations,
        line=node.line,
    )


def _labels(node: _Node | None, where: str) -> dict[str, str]:
    labels = _named(node, where)
    for label in labels:
        if not _LABEL.fullmatch(label) or label == "__name__":
            raise UsageError(f"{where}: {label!r} is not a label name; use letters, digits and `_`")
    return labels


def _named(node: _Node | None, where: str) -> dict[str, str]:
    return {key: _text(value, f"{where}.{key}", empty=True) for key, value in _table(node, where).items()}


def _scaled(rule: Rule, factor: float) -> str:
    """The expression with each duration times `factor`; the parser must find the same ones, so scaled, in both."""

    def put(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return match[0]
        return re.sub(_DURATION, lambda found: _ms(_duration_s(found[0]) * factor), match[0])

    written = _TOKEN.sub(put, rule.expression)
    before, after = (list(syntax.durations(syntax.parse(text))) for text in (rule.expression, written))
    if [_ms(each * factor) for each in before] != [_ms(each) for each in after]:
        raise UsageError(f"{place(rule)}: its durations cannot be scaled: {rule.expression}; write them as 5m or 30s")
    return written


def _ms(seconds: float) -> str:
    return promql.duration(max(seconds, 0.001)) if seconds else "0s"


def _duration_s(written: str) -> float:
    return float(sum(int(number) * _UNITS_S[unit] for number, unit in _PARTS.findall(written)))


def _seconds(node: _Node, where: str) -> float:
    written = _text(node, where)
    if written == "0":
        return 0.0
    if not re.fullmatch(_DURATION, written) or _duration_s(written) > LONGEST_S:
        raise UsageError(f"{where}: {shorten(written, SHOWN)!r} is not a duration; write for example 5m or 30s")
    return _duration_s(written)


def _text(node: _Node | None, where: str, *, empty: bool = False) -> str:
    if node is None:
        raise UsageError(f"{where} is missing")
    if not isinstance(node.value, str) or not (node.value or empty):
        raise UsageError(f"{where} must be text")
    return node.value


def _items(node: _Node | None, where: str) -> Sequence[_Node]:
    if node is None or isinstance(node.value, str | Mapping):
        raise UsageError(f"{where} must be a list; a rule file is `groups:`, each with `name:` and `rules:`")
    return node.value


def _table(node: _Node | None, where: str) -> Mapping[str, _Node]:
    if node is None or node.value == "":  # a key without a value
        return {}
    if not isinstance(node.value, Mapping):
        raise UsageError(f"{where}: line {node.line} must be a table of keys and values")
    return node.value


def _keys(node: _Node, known: frozenset[str], where: str) -> Mapping[str, _Node]:
    """A table with no other keys than those that are known."""
    table = _table(node, where)
    for key, item in table.items():
        if key not in known:
            raise UsageError(
                f"{where}: unknown key {shorten(key, SHOWN)!r} on line {item.line}; it takes {', '.join(sorted(known))}"
            )
    return table


def _node(node: yaml.Node, source: str, numbers: Iterator[int]) -> _Node:
    line = node.start_mark.line + 1
    if next(numbers) > MOST_NODES:
        raise UsageError(f"{source}, line {line}: more than {MOST_NODES:,} values; aliases count each time")
    if isinstance(node, yaml.MappingNode):
        table: dict[str, _Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError(f"{source}, line {key.start_mark.line + 1}: a key must be text")
            if str(key.value) in table:
                raise UsageError(
                    f"{source}, line {key.start_mark.line + 1}: {shorten(key.value, SHOWN)!r} is there twice; keep one"
                )
            table[str(key.value)] = _node(value, source, numbers)
        return _Node(table, line)
    if isinstance(node, yaml.SequenceNode):
        return _Node([_node(item, source, numbers) for item in node.value], line)
    return _Node(str(node.value), line)
