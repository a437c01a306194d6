"""From a text in a header to counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.client import event_counts

WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,10}", fullmatch=True)
NUMBERS = st.dictionaries(WORDS, st.integers(1, 10**12), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("default execute=5", {"default": {"execute": 5}}),
        (
            "default execute=5 error.DataError=1; logs many=2 sets=6",
            {"default": {"execute": 5, "error.DataError": 1}, "logs": {"many": 2, "sets": 6}},
        ),
        ("note insert=1; note insert=2", {"note": {"insert": 3}}),
        ("note insert=1 insert=2", {"note": {"insert": 3}}),
    ],
)
def test_a_digest_is_counts_by_subject(text: str, counts: event_counts.Counts) -> None:
    """Repeats add up."""
    assert event_counts.parse(text) == counts


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "default",
        "default execute=0",
        "default execute=-1",
        "default execute=1.5",
        "execute=5",
        "hit",
        "5",
        "default execute=5;",
        "default  execute=5",
        "default execute=5 ",
        "default execute",
        "a b=1;c d=1",
        "a b=" + "9" * 40,
    ],
)
def test_another_text_tells_nothing(text: str | None) -> None:
    """Others use the header for words of their own."""
    assert event_counts.parse(text) == {}
    assert event_counts.total(text, "execute") is None


@given(st.dictionaries(WORDS, NUMBERS, min_size=1, max_size=3))
def test_what_is_written_is_read(counts: dict[str, dict[str, int]]) -> None:
    """The grammar holds every count above 0."""
    text = "; ".join(
        " ".join((subject, *(f"{key}={number}" for key, number in own.items()))) for subject, own in counts.items()
    )
    assert event_counts.parse(text) == counts
    assert event_counts.total(text, "nothing") == 0


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands there."""
    event_counts.parse(text)
