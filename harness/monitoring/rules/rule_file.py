"""Prometheus rule files: YAML -> rules, their durations scaled for a run, and YAML again.

What Prometheus reads is documented at
https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/. It is longer than other modules because
each key that Prometheus would refuse is refused here first, by name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from harness import promql
from harness.core.errors import UsageError
from harness.core.panel import Panel
from harness.core.rule import Rule
from harness.core.text import shorten
from harness.monitoring.rules import rule_yaml
from harness.monitoring.rules.rule_yaml import SHOWN, Node
from harness.promql import syntax

EVALUATION = "harness_rule_evaluation"
"""Recorded by the harness itself in each group of rules that it loads: one sample for each evaluation."""
EVALUATION_INTERVAL_S = 15.0
"""Between two evaluations of a group that does not say so itself, before it is scaled; as production has it."""
LONGEST_S = 292 * 31_536_000
"""The longest duration that Prometheus has (model.ParseDuration)."""
_FILE_KEYS = frozenset({"groups", "namespace"})
"""Of Prometheus, and of Mimir's tool."""
_GROUP_KEYS = frozenset(
    {
        *("name", "interval", "limit", "labels", "query_offset", "rules"),
        *("source_tenants", "evaluation_delay", "align_evaluation_time_on_interval", "remote_write"),  # Mimir
        "partial_response_strategy",  # Thanos
    }
)
_RULE_KEYS = frozenset({"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"})
_ALERT_KEYS = frozenset({"for", "keep_firing_for", "annotations"})
_LIMIT = re.compile(r"-?\d{1,12}", re.ASCII)
_RECORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DURATION = r"(?:\d{1,12}(?:ms|[smhdwy])){1,7}"
"""Each unit at most once, as Prometheus has it, and no number that a clock cannot count."""
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PARTS = re.compile(r"(\d+)(ms|[smhdwy])")
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|`[^`]*+`?|\#[^\n]*)"""
    rf"|(?P<range>\[\s*{_DURATION}\s*(?::\s*(?:{_DURATION})?\s*)?\])"
    rf"|(?P<offset>\boffset\s*-?\s*{_DURATION})",
    re.DOTALL,
)
"""Where a duration stands in an expression, and the texts and comments in which none does."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What a rule file holds."""

    rules: tuple[Rule, ...]
    unread: tuple[Panel, ...] = ()
    """Rules whose expressions the harness cannot read, where Prometheus perhaps can."""


def parse(text: str, source: str) -> RuleFile:
    """Read a rule file; `source` names it in errors. Raises UsageError with file, group, rule and line.

    It is a file of Prometheus, of Mimir or Thanos, or one of resources of the Prometheus operator. Of several documents
    Prometheus reads the first; of resources each is a file of its own.
    """
    documents = rule_yaml.documents(text, source)
    resources = [spec for document in documents for spec in _specs(document, source)]
    if not resources:
        roots = [rule_yaml.known_keys(each, _FILE_KEYS, source) for each in documents[:1]]
        return _file([root.get("groups") for root in roots], source, PurePath(source).name)
    name = PurePath(source)
    files = [
        _file([spec.get("groups")], source, name.name if place == 0 else f"{name.stem}-{place + 1}{name.suffix}")
        for place, spec in enumerate(resources)
    ]
    return RuleFile(
        tuple(rule for each in files for rule in each.rules), tuple(panel for each in files for panel in each.unread)
    )


def _specs(document: Node, source: str) -> Iterator[Mapping[str, Node]]:
    """The `spec` of each PrometheusRule in a document: itself, or those of a list."""
    table = document.value if isinstance(document.value, Mapping) else {}
    kind = table["kind"].value if "kind" in table else ""
    if kind == "PrometheusRule":
        yield rule_yaml.mapping(table.get("spec"), f"{source}: spec")
    elif kind in ("List", "PrometheusRuleList"):
        for item in rule_yaml.items(table.get("items"), f"{source}: items"):
            yield from _specs(item, source)


def _file(roots: Sequence[Node | None], source: str, file: str) -> RuleFile:
    """The groups of one file, which may be none."""
    rules: list[Rule] = []
    unread: list[Panel] = []
    names: set[str] = set()
    for root in roots:
        for group in _optional(root, f"{source}: groups"):
            name, read, odd = _group(group, source, file)
            if name in names:
                raise UsageError(f"{source}, line {group.line}: group {name!r} is there twice; give each its own name")
            names.add(name)
            rules += read
            unread += odd
    return RuleFile(tuple(rules), tuple(unread))


def _optional(node: Node | None, where: str) -> Sequence[Node]:
    """A list; none where it is left out, or has no value."""
    return () if node is None or node.value in ("", "null", "~") else rule_yaml.items(node, where)


def same_series(rules: Sequence[Rule]) -> frozenset[int]:
    """The places of rules that make the same series as another: which of them made a sample does not show."""
    keys = [(rule.alert, rule.name, tuple(sorted(rule.labels.items()))) for rule in rules]
    return frozenset(place for place, key in enumerate(keys) if keys.count(key) > 1)


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
        Panel(
            rule.file,
            rule.group,
            rule.name,
            rule.expression,
            caption=rule.name,
            rule=True,
            step_s=rule.interval_s,
        )
        for rule in rules
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


def _group(node: Node, source: str, file: str) -> tuple[str, list[Rule], list[Panel]]:
    """A group's name, its rules, and those that cannot be read."""
    where = f"{source}, line {node.line}"
    table = rule_yaml.known_keys(node, _GROUP_KEYS, where)
    name = rule_yaml.text(table.get("name"), f"{where}: a group's name")
    where = f"{where}: group {name!r}"
    interval_s = _seconds(table["interval"], f"{where}, interval") if "interval" in table else EVALUATION_INTERVAL_S
    if not interval_s:
        interval_s = EVALUATION_INTERVAL_S  # as Prometheus takes it
    limit = rule_yaml.text(table["limit"], f"{where}, limit") if "limit" in table else "0"
    if not _LIMIT.fullmatch(limit):
        raise UsageError(f"{where}, limit: {shorten(limit, SHOWN)!r} is not a whole number")
    if "query_offset" in table:
        _seconds(table["query_offset"], f"{where}, query_offset")
    common = _labels(table.get("labels"), f"{where}, labels")
    rules: list[Rule] = []
    unread: list[Panel] = []
    for item in _optional(table.get("rules"), f"{where}, rules"):
        rule = _rule(item, source, name)
        rule = replace(
            rule,
            file=file,
            group=name,
            interval_s=interval_s,
            limit=max(int(limit), 0),
            labels={**common, **rule.labels},  # as Prometheus 3.0 and later take those of the group
        )
        try:
            syntax.parse(rule.expression)
        except ValueError as error:
            why = (
                f"the harness cannot read its expression ({error}); `promtool check rules` says whether Prometheus can"
            )
            expression = shorten(rule.expression, SHOWN)
            unread.append(Panel(file, name, rule.name, expression, problem=why, source=source, rule=True))
        else:
            rules.append(rule)
    return name, rules, unread


def _rule(node: Node, source: str, group: str) -> Rule:
    where = f"{source}, line {node.line}: group {group!r}"
    table = rule_yaml.known_keys(node, _RULE_KEYS, f"{where}, rule")
    kinds = [key for key in ("record", "alert") if key in table]
    if len(kinds) != 1:
        raise UsageError(
            f"{where}: a rule has either `record` or `alert`; this one has {' and '.join(kinds) or 'none'}"
        )
    name, alert = rule_yaml.text(table[kinds[0]], f"{where}, {kinds[0]}"), kinds[0] == "alert"
    where = f"{where}, rule {name!r}"
    if not alert and not _RECORD.fullmatch(name):
        raise UsageError(f"{where}: it is not a metric name; use letters, digits, `_` and `:`")
    if not alert and (odd := sorted(_ALERT_KEYS & set(table))):
        raise UsageError(f"{where}: `{odd[0]}` belongs to an alert; a record has none")
    if "expr" not in table:
        raise UsageError(f"{where}: `expr` is missing; give its expression")
    written = rule_yaml.text(table["expr"], f"{where}, expr").strip()
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


def _labels(node: Node | None, where: str) -> dict[str, str]:
    labels = _named(node, where)
    for label in labels:
        if not _LABEL.fullmatch(label) or label == "__name__":
            raise UsageError(f"{where}: {label!r} is not a label name; use letters, digits and `_`")
    return labels


def _named(node: Node | None, where: str) -> dict[str, str]:
    return {
        key: rule_yaml.text(value, f"{where}.{key}", empty=True)
        for key, value in rule_yaml.mapping(node, where).items()
    }


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


def _seconds(node: Node, where: str) -> float:
    written = rule_yaml.text(node, where)
    if written == "0":
        return 0.0
    if not re.fullmatch(_DURATION, written) or _duration_s(written) > LONGEST_S:
        raise UsageError(f"{where}: {shorten(written, SHOWN)!r} is not a duration; write for example 5m or 30s")
    return _duration_s(written)
