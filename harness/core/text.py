"""Names from outside (views, labels, reasons) made safe to show: no control characters, no runaway length.

Escaping for a format (HTML, Markdown, rich markup) is the format's own affair and comes on top.
"""

import re

from harness.core import secret

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SPACE = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_FORBIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 and C1: terminals act on them, XML 1.0 forbids most (https://www.w3.org/TR/xml/#charsets)
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls reorder the text around them
    "\ud800-\udfff\ufffe\uffff"  # lone surrogates and non-characters: not UTF-8, not XML
    "]"
)
_HALF = re.compile("[\ud800-\udfff]")
_HASHES = re.compile(r"(##)(?=[\w.-]*\[)")
_COLONS = re.compile(r"(\s*)::")
_IN_JSON = re.compile("(?<=#)#|[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")


def whole(text: str) -> str:
    """Return the text with U+FFFD for each lone surrogate, half a character that UTF-8 cannot hold."""
    return _HALF.sub(REPLACEMENT, text)


def defuse(line: str) -> str:
    """Return a line that no CI server takes for a command.

    GitHub's runner executes `::command::` at the start of a line, blanks left aside, and `##[command]` anywhere;
    Azure's and TeamCity's execute `##vso[command]` and `##teamcity[command]`.
    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    if "##" in line:
        line = _HASHES.sub(r"\1 ", line)
    if "::" in line and (start := _COLONS.match(line)):
        line = f"{start[1]}: :{line[start.end() :]}"
    return line


def inert(text: str) -> str:
    """Return lines that neither a terminal nor a CI server acts on; the line breaks and the indentation stay."""
    return "\n".join(
        f"{line[: len(line) - len(line.lstrip(' '))]}{clean(line.lstrip(' '))}" for line in text.split("\n")
    )


def inert_json(text: str) -> str:
    """Return a JSON text that means the same and has nothing in it that a terminal or a CI server acts on.

    What is escaped stands in strings alone: JSON has none of it elsewhere.
    """
    return _IN_JSON.sub(lambda match: "".join(f"\\u{ord(each):04x}" for each in match[0]), text)


def encodable(text: str, encoding: str) -> str:
    """Return a JSON text that an output of this encoding can hold: what it lacks is escaped."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        units = (each.encode("utf-16-be", "surrogatepass").hex() if each > "~" else each for each in text)
        return "".join(
            "".join(f"\\u{unit[at : at + 4]}" for at in range(0, len(unit), 4)) if len(unit) > 1 else unit
            for unit in units
        )
    return text


def clean(text: str) -> str:
    """Return `text` on one line without control characters and commands to a CI server.

    Line breaks and tabs become a space; every other control character becomes U+FFFD, so that it neither acts on the
    reader's terminal nor hides: two names that differ only in such a character still look unlike their plain form.
    """
    return defuse(_FORBIDDEN.sub(REPLACEMENT, _SPACE.sub(" ", text)))


def shorten(text: str, limit: int) -> str:
    """Return `text` cleaned and cut in the middle to at most `limit` characters: both ends of a long name matter.

    A secret is masked first: cut in two it would not be known any more.
    """
    text = clean(secret.mask(text))
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"
