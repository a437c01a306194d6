"""JSON and other documents from outside: read with limits, so that no text of any kind ends the reader.

Python's parsers raise RecursionError on what is nested too deeply, ValueError on whole numbers of more than 4,300
digits, and OverflowError where such a number should become a float. What they read may still be too deep for those who
walk it.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

DEEPEST = 100
"""Levels of a document: dashboards have at most 20."""
LARGEST = 2**63
"""Whole numbers from here on are refused: TOML has none, and no key takes one."""
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}\n]', re.DOTALL)
_TOML_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:""")?'
    r"|'''(?:[^']|'(?!''))*(?:''')?"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?|#[^\n]*|[.=\n,{}\[\]]",
    re.DOTALL,
)
"""Strings, comments, and what stands between the parts of keys. An end may be missing: else each start is tried."""
_ESCAPE = re.compile(
    rb"\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|\\u[Dd][89A-Fa-f][0-9A-Fa-f]{2}|\\.", re.DOTALL
)
"""In JSON: a character beyond 16 bits in two halves, one half alone, or another escape, after which the next begins."""
BLANK = 1024
"""Bytes in which a document begins."""
_HALF = 6
"""Bytes of the escape of one half; no other match of `_ESCAPE` has as many."""
_FAILURES = (ValueError, OverflowError, RecursionError, MemoryError)


def read_json(text: str, *, finite: bool = False) -> Any:
    """What a JSON text holds; with `finite`, without NaN and infinities. Raises ValueError that names the place.

    Half a character is U+FFFD in it, as in `without_halves`.
    """
    try:
        if "\\u" in text:
            text = without_halves(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")
        return json.loads(text, **(_FINITE if finite else {}))
    except RecursionError:
        raise ValueError(f"line {_deep_line(text)}: it is nested more than {DEEPEST} deep") from None
    except MemoryError:
        raise ValueError("it does not fit into memory") from None
    except json.JSONDecodeError:
        raise
    except _FAILURES as error:
        raise ValueError(first_line(error)) from None


def without_halves(body: bytes) -> bytes:
    r"""JSON as it was sent, with U+FFFD for each half of a character, such as `\ud800`: UTF-8 cannot hold one.

    JSON may (RFC 8259, section 8.2), so that what reads it gets a text that nothing can write.
    """
    if body[:BLANK].lstrip()[:1] not in (b"{", b"[") or not (b"\\ud" in body or b"\\uD" in body):
        return body
    return _ESCAPE.sub(lambda match: rb"\ufffd" if len(match[0]) == _HALF else match[0], body)


def check(document: object) -> None:
    """See that a document is neither too deep nor holds a number too large. Raises ValueError with the place."""
    level: list[tuple[str, object]] = [("", document)]
    for _ in range(DEEPEST):
        below: list[tuple[str, object]] = []
        for place, each in level:
            if isinstance(each, int) and not -LARGEST <= each < LARGEST:
                raise ValueError(f"{place or 'it'}: a whole number of more than 64 bits")
            if isinstance(each, Mapping):
                below += [(f"{place}.{key}" if place else str(key), item) for key, item in each.items()]
            elif isinstance(each, list):
                below += [(f"{place}[{index}]", item) for index, item in enumerate(each)]
        level = below
        if not level:
            return
    raise ValueError(f"{level[0][0][:60]}...: it is nested more than {DEEPEST} deep")


def check_toml(text: str) -> None:
    """See that no key of a TOML text has too many parts, with which `tomllib` takes hours.

    It walks all parts of a key again for each of them. Raises ValueError with the line.
    """
    line, parts = 1, 0
    for match in _TOML_TOKEN.finditer(text):
        token = match[0]
        line += token.count("\n")
        parts = parts + 1 if token == "." else parts if token[0] in "\"'" else 0
        if parts > DEEPEST:
            raise ValueError(f"line {line}: a key of more than {DEEPEST} parts")


def first_line(error: BaseException) -> str:
    """What an error says, on one line; its name when it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def unknown_key(document: object, kind: Any, place: str = "$") -> str:
    """The place of the first key that the dataclass `kind`, or one in it, does not have; empty when there is none."""
    for part, inner, below in _parts(document, kind, place):
        if found := part if inner is None else unknown_key(part, inner, below):
            return str(found)
    return ""


def _parts(document: object, kind: Any, place: str) -> Iterable[tuple[Any, Any, str]]:
    """What stands below a value: the value, its type and its place; an unknown key as its place without a type."""
    if is_dataclass(kind) and isinstance(document, Mapping):
        hints = get_type_hints(kind)
        names = {item.name for item in fields(kind)}
        for key, item in document.items():
            here = f"{place}.{key}"
            yield (item, hints[key], here) if key in names else (here, None, here)
        return
    options = get_args(kind)
    if isinstance(document, Mapping) and len(options) == 2:
        yield from ((item, options[1], f"{place}.{key}") for key, item in document.items())
    elif isinstance(document, Sequence) and not isinstance(document, str) and options:
        yield from ((item, options[0], f"{place}[{index}]") for index, item in enumerate(document))
    else:
        yield from ((document, option, place) for option in options if is_dataclass(option))


def _deep_line(text: str) -> int:
    line, depth = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        line += token.count("\n")
        depth += 1 if token in "[{" else -1 if token in "]}" else 0
        if depth > DEEPEST:
            break
    return line


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


_FINITE: Mapping[str, Any] = {"parse_constant": _no_number, "parse_float": _finite}
