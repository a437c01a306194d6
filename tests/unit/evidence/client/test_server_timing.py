"""From a response header to a witness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.client.server_timing import NO_WITNESS, Timing, Witness, parse, witness
from harness.instrumentation.django_prometheus.metrics import UNNAMED_VIEW


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
    assert parse(header) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_the_reader(header: str) -> None:
    """Whatever a proxy adds."""
    parse(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", NO_WITNESS),
        ("cdn;dur=3", NO_WITNESS),
        ('view;dur=1.5;desc="a:b", app;dur=2.0, queue;dur=0.5', Witness("a:b", 0.0015, 0.002, queue_s=0.0005)),
        ('view;dur=1.5;desc="a:b", app;dur=2.0', Witness("a:b", 0.0015, 0.002)),
        ("view;dur=1.5, app;dur=2.0", Witness(UNNAMED_VIEW, 0.0015, 0.002)),
        ("app;dur=2.0", Witness(None, witness_app_s=0.002)),
        (
            'view;dur=1.5;desc="a:b", raised;dur=1.25;desc="KeyError", app;dur=2.0',
            Witness("a:b", 0.0015, 0.002, witness_raised_s=0.00125, exception="KeyError"),
        ),
        (
            'view;dur=1.5;desc="a:b", app;dur=2.0, db;dur=4.0;desc="default execute=11 many=1", cache;desc="a hit=2"',
            Witness("a:b", 0.0015, 0.002, db_queries=12, db_s=0.004, db="default execute=11 many=1", cache="a hit=2"),
        ),
        ('db;dur=4;desc="5 queries", cache;desc=HIT', NO_WITNESS),
        ('model;desc="note insert=1", cdn;dur=1', Witness(None, model="note insert=1")),
        ("view;dur=never, app;dur=2.0", Witness(UNNAMED_VIEW, witness_app_s=0.002)),
    ],
)
def test_a_witness_is_read_from_the_header(header: str, expected: Witness) -> None:
    """Whole, in part, with others' entries, and not there at all."""
    assert witness(header, UNNAMED_VIEW) == expected


@given(
    st.from_regex(r"[0-9]{1,6}\.[0-9]{1,6}", fullmatch=True),
    st.none() | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
    st.none() | st.from_regex(r"[0-9]{1,6}\.[0-9]{1,6}", fullmatch=True),
)
def test_the_short_cut_reads_as_the_standard_does(dur: str, view: str | None, queue: str | None) -> None:
    """The most common header is matched in one go; an entry behind it forces the whole reader."""
    quoted = "" if view is None else ';desc="' + view.replace("\\", r"\\").replace('"', r"\"") + '"'
    header = f"view;dur={dur}{quoted}, app;dur={dur}" + ("" if queue is None else f", queue;dur={queue}")
    assert witness(header, UNNAMED_VIEW) == witness(f"{header}, other", UNNAMED_VIEW)
