r"""How Grafana writes the values of a variable into a text: the formats of `${name:format}`.

Source: public/app/features/variables and @grafana/scenes, `formatRegistry`; without a format, the Prometheus data
source's own escaping (`interpolateQueryExpr`). The format `regex` escapes with one backslash, as Grafana does, which
PromQL takes in backquotes only.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

_REGEX = re.compile(r"([\\^$*+?.()|\[\]{}/])")
_PROMQL_REGEX = re.compile(r"([$^*{}\[\]'+?.()|])")
_LUCENE = re.compile(r'([!*+\-=<>\s&|()\[\]{}^~?:\\/"])')


def plain(values: Sequence[str], *, several: bool) -> str:
    """Without a format, in PromQL: escaped for a text, or for a regular expression where `several` can be chosen."""
    if not several:
        return values[0].replace("\\", "\\\\").replace('"', '\\"')
    escaped = [_PROMQL_REGEX.sub(r"\\\\\1", value.replace("\\", "\\" * 4)) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _regex(_: str, values: Sequence[str]) -> str:
    escaped = [_REGEX.sub(r"\\\1", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _glob(_: str, values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{{{','.join(values)}}}"


def _lucene(_: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return _LUCENE.sub(r"\\\1", values[0]) or "__empty__"
    quoted = (f'"{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for value in values)
    return f"({' OR '.join(quoted)})"


def _distributed(name: str, values: Sequence[str]) -> str:
    return ",".join(value if place == 0 else f"{name}={value}" for place, value in enumerate(values))


def _quoted(mark: str, escape: str) -> "Format":
    return lambda _, values: ",".join(f"{mark}{value.replace(mark, escape)}{mark}" for value in values)


def _percent(_: str, values: Sequence[str]) -> str:
    return quote(values[0] if len(values) == 1 else _glob("", values), safe="")


def _json(_: str, values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else json.dumps(list(values))


def _joined(separator: str) -> "Format":
    return lambda _, values: separator.join(values)


Format = Callable[[str, Sequence[str]], str]
"""The variable's name and its values -> text."""
FORMATS: Mapping[str, Format] = {
    "csv": _joined(","),
    "distributed": _distributed,
    "doublequote": _quoted('"', '\\"'),
    "glob": _glob,
    "html": lambda _, values: ", ".join(values).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "json": _json,
    "lucene": _lucene,
    "percentencode": _percent,
    "pipe": _joined("|"),
    "queryparam": lambda name, values: "&".join(f"var-{name}={quote(value, safe='')}" for value in values),
    "raw": _joined(","),
    "regex": _regex,
    "singlequote": _quoted("'", "\\'"),
    "sqlstring": _quoted("'", "''"),
    "text": _joined(" + "),
    "uriencode": lambda _, values: quote(_glob("", values), safe="!#$&'()*+,/:;=?@[]~"),
}
"""By the name that stands behind the colon."""
