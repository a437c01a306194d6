"""The text of queries."""

import re
from collections.abc import Mapping

from harness.promql._time import in_ms

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def duration(seconds: float) -> str:
    """A PromQL duration in whole milliseconds; raises ValueError when it is not above zero."""
    milliseconds = in_ms(seconds)
    if milliseconds <= 0:
        raise ValueError(f"{seconds!r} s is not a PromQL duration")
    return f"{milliseconds}ms"


def label_value(text: str) -> str:
    """A label value as a quoted PromQL string.

    U+FFFD is escaped since the lexer takes it for broken UTF-8 (promql/parser/lex.go, `lexString`).
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\ufffd", "\\ufffd")
    return f'"{escaped}"'


def selector(metric: str, matchers: str, exact: Mapping[str, str] | None = None) -> str:
    """An instant selector; raises ValueError when a name in `exact` is not a label name.

    `matchers` is PromQL text such as `job="django"`, or empty; `exact` adds labels that must equal a value.
    """
    parts = [text] if (text := matchers.strip().removesuffix(",")) else []
    for name, value in (exact or {}).items():
        if _LABEL_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not a label name")
        parts.append(f"{name}={label_value(value)}")
    return f"{metric}{{{','.join(parts)}}}"


def raw(metric: str, matchers: str, range_s: float, exact: Mapping[str, str] | None = None) -> str:
    """A range selector: the raw samples of the last `range_s` seconds; arguments as for `selector`."""
    return f"{selector(metric, matchers, exact)}[{duration(range_s)}]"
