import unicodedata

from hypothesis import given
from hypothesis import strategies as st

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
