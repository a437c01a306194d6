"""From a response header to a witness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.samples import Timing, known_delay, parse_server_timing


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('view;dur=12.5;desc="work:fast"', {"view": Timing(0.0125, "work:fast")}),
        ("app;dur=1, queue;dur=0.25", {"app": Timing(0.001, None), "queue": Timing(0.00025, None)}),
        ('a;desc="x, y; dur=9";dur=3', {"a": Timing(0.003, "x, y; dur=9")}),
        (r'a;desc="say \"hi\" \\ there"', {"a": Timing(None, 'say "hi" \\ there')}),
        ("miss", {"miss": Timing(None, None)}),
        (" cache ; desc = hit ; dur = 2 ", {"cache": Timing(0.002, "hit")}),
        ("a;dur=1, a;dur=2", {"a": Timing(0.001, None)}),
        (
            'view;dur=1.5;desc="a:b", app;dur=2.0, queue;dur=0.5',
            {"view": Timing(0.0015, "a:b"), "app": Timing(0.002, None), "queue": Timing(0.0005, None)},
        ),
        ("view;dur=1.5, app;dur=2.0", {"view": Timing(0.0015, None), "app": Timing(0.002, None)}),
        ("a;dur=1;dur=2", {"a": Timing(0.001, None)}),
        ("a;dur=soon, b;dur=-1, c;dur=inf", {n: Timing(None, None) for n in "abc"}),
        ("", {}),
        (";;;", {}),
        ("cdn-cache; desc=HIT, edge; dur=1", {"cdn-cache": Timing(None, "HIT"), "edge": Timing(0.001, None)}),
    ],
)
def test_server_timing_is_read_as_the_standard_says(header: str, expected: dict[str, Timing]) -> None:
    """Quoted strings, escapes, spaces, repeats and nonsense."""
    assert parse_server_timing(header) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_the_reader(header: str) -> None:
    """Whatever a proxy adds."""
    parse_server_timing(header)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/wait?ms=20", 0.02),
        ("http://h/wait?a=1&ms=2.5", 0.0025),
        ("http://h/wait", None),
        ("http://h/wait?ms=", None),
        ("http://h/wait?ms=long", None),
    ],
)
def test_a_known_delay_is_read_from_the_url(url: str, expected: float | None) -> None:
    """In milliseconds, or not told at all."""
    assert known_delay(url, "ms") == expected
