"""YAML as a rule file is written in it: values with their lines, and errors that name these.

Nothing is interpreted: every scalar is text, as Prometheus reads it into fields of its own kinds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import yaml

from harness.core.errors import UsageError
from harness.core.text import shorten

MOST_NODES = 50_000
"""Values of a file, those that an alias repeats counted each time."""
_TOO_MANY = f"more than {MOST_NODES:,} values; aliases count each time"
SHOWN = 300
"""Characters of a value that an error repeats."""
MERGE = "<<"
"""The key of a table that another one is merged into."""


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of YAML, and the line on which it begins."""

    value: "str | Sequence[Node] | Mapping[str, Node]"
    line: int


class _LargeError(Exception):
    """A file has too many values from this line on."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Loader(yaml.BaseLoader):
    """Stops at the first value too many: reading the rest of a small file may take a minute."""

    values = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.values += 1
        if self.values > MOST_NODES:
            raise _LargeError(self.get_mark().line + 1)
        return super().compose_node(parent, index)


def documents(text: str, source: str) -> tuple[Node, ...]:
    """The documents of a file, none of an empty one; `source` names it in errors. Raises UsageError with the line."""
    try:
        numbers = count(1)
        roots = yaml.compose_all(text, Loader=_Loader)
        return tuple(_read(root, source, numbers) for root in roots)
    except _LargeError as error:
        raise UsageError(f"{source}, line {error.line}: {_TOO_MANY}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UsageError(f"{source}{where}: not valid YAML: {reason}; `promtool check rules` says more") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{source}: nested too deeply; a rule file is a list of groups") from None


def text(node: Node | None, where: str, *, empty: bool = False) -> str:
    """A scalar; `where` names it in errors. Raises UsageError for anything else, and for no text unless `empty`."""
    if node is None:
        raise UsageError(f"{where} is missing")
    if not isinstance(node.value, str) or not (node.value or empty):
        raise UsageError(f"{where} must be text")
    return node.value


def items(node: Node | None, where: str) -> Sequence[Node]:
    """A list. Raises UsageError for anything else."""
    if node is None or isinstance(node.value, str | Mapping):
        raise UsageError(f"{where} must be a list; a rule file is `groups:`, each with `name:` and `rules:`")
    return node.value


def mapping(node: Node | None, where: str) -> Mapping[str, Node]:
    """A table; an empty one of a key without a value. Raises UsageError for anything else."""
    if node is None or node.value == "":  # a key without a value
        return {}
    if not isinstance(node.value, Mapping):
        raise UsageError(f"{where}: line {node.line} must be a table of keys and values")
    return node.value


def known_keys(node: Node, known: frozenset[str], where: str) -> Mapping[str, Node]:
    """A table with no other keys than those that are known. Raises UsageError."""
    table = mapping(node, where)
    for key, item in table.items():
        if key not in known:
            raise UsageError(
                f"{where}: unknown key {shorten(key, SHOWN)!r} on line {item.line}; it takes {', '.join(sorted(known))}"
            )
    return table


def _read(node: yaml.Node, source: str, numbers: Iterator[int]) -> Node:
    line = node.start_mark.line + 1
    if next(numbers) > MOST_NODES:
        raise UsageError(f"{source}, line {line}: {_TOO_MANY}")
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError(f"{source}, line {key.start_mark.line + 1}: a key must be text")
            if key.value == MERGE:
                read = _read(value, source, numbers)
                for each in read.value if isinstance(read.value, Sequence) else (read,):
                    if isinstance(each, Node) and isinstance(each.value, Mapping):
                        merged = {**each.value, **merged}
                continue
            if str(key.value) in table:
                raise UsageError(
                    f"{source}, line {key.start_mark.line + 1}: {shorten(key.value, SHOWN)!r} is there twice; keep one"
                )
            table[str(key.value)] = _read(value, source, numbers)
        return Node({**merged, **table}, line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_read(item, source, numbers) for item in node.value], line)
    return Node(str(node.value), line)
