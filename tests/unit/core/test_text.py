import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import text as texts
from harness.core.text import REPLACEMENT, clean, shorten


@given(st.text(alphabet=st.characters(codec=None)))
def test_clean_leaves_no_control_character(text: str) -> None:
    """Whatever comes in, one line without control characters or surrogates comes out."""
    cleaned = clean(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in cleaned)
    assert cleaned.splitlines() in ([], [cleaned])
    cleaned.encode("utf-8")


def test_clean_shows_what_it_replaced() -> None:
    """An escape sequence loses its power but not its place; bidirectional overrides go too."""
    assert clean("\x1b[31ma\nb\u202ec") == f"{REPLACEMENT}[31ma b{REPLACEMENT}c"


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_shorten_keeps_the_limit(text: str, limit: int) -> None:
    """Never longer than asked for, and both ends survive."""
    short = shorten(text, limit)
    assert len(short) <= limit
    if limit >= 3 and len(clean(text)) > limit:
        assert (short[0], short[-1]) == (clean(text)[0], clean(text)[-1])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("  ::stop-commands::x", "  : :stop-commands::x"),
        ("a ##[add-matcher]x", "a ## [add-matcher]x"),
        ("###[group]", "### [group]"),
        ("##vso[task.setvariable]x", "## vso[task.setvariable]x"),
        ("##teamcity[x]", "## teamcity[x]"),
        ("shop::item ## heading", "shop::item ## heading"),
    ],
)
def test_no_line_is_a_command_of_a_ci_server(line: str, shown: str) -> None:
    """Wherever the server would look for one; other colons and hashes stay."""
    assert texts.defuse(line) == shown
    assert texts.inert(f"harness: x\n{line}\n") == f"harness: x\n{shown}\n"


def test_lines_keep_their_breaks_and_lose_what_a_terminal_acts_on() -> None:
    """Escape sequences and carriage returns of a log."""
    assert texts.inert("a\x1b]0;t\x07\n  b\rc\n") == "a\ufffd]0;t\ufffd\n  b c\n"


@pytest.mark.parametrize("value", ["##[command]", "\x9b2J", "\u202egnp", "\x7f", "plain"])
def test_json_means_the_same_and_is_inert(value: str) -> None:
    """What acts is written as an escape."""
    written = texts.inert_json(json.dumps({"name": value}, ensure_ascii=False))
    assert json.loads(written) == {"name": value}
    assert not re.search("##\\[|[\x7f-\x9f\u202e]", written)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "no-such-one"])
def test_json_fits_into_any_output(encoding: str) -> None:
    """Also outside of the basic plane."""
    document = {"marks": "✓ ü 🐢"}
    written = texts.encodable(json.dumps(document, ensure_ascii=False), encoding)
    assert json.loads(written) == document
    written.encode("utf-8" if encoding == "no-such-one" else encoding)
