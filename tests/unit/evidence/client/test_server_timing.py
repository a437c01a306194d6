"""From a response header to a witness."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.client.server_timing import NO_WITNESS, Timing, Witness, labels_in, parse, witness
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


OLD = 'view;dur=1.500000;desc="a:b", app;dur=2.000000'
INNER = 'mw-view;dur=1.500000;desc="%D0%B4:b", mw-inner;desc="00000000000000a1 5 12 utf-8 -"'
OUTER = 'mw-app;dur=2.000000;desc="00000000000000a2 7 10.0.0.1:80 pod=x%20y app=z"'
SEEN = Witness(
    "д:b",
    0.0015,
    0.002,
    inner_nonce=0xA1,
    outer_nonce=0xA2,
    process=7,
    instance="10.0.0.1:80",
    labels="pod=x%20y app=z",
    request_bytes=5,
    response_bytes=12,
    charset="utf-8",
    flags="",
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", NO_WITNESS),
        ("cdn;dur=3", NO_WITNESS),
        ("db;dur=53, app;dur=47.2", NO_WITNESS),
        ("view;dur=1.5, app;dur=2.25", NO_WITNESS),
        ('db;dur=4;desc="5 queries", cache;desc=HIT', NO_WITNESS),
        ('model;desc="note insert=1", cdn;dur=1', NO_WITNESS),
        (f"{OLD}, queue;dur=0.500000", Witness("a:b", 0.0015, 0.002, queue_s=0.0005)),
        (OLD, Witness("a:b", 0.0015, 0.002)),
        (f"app;dur=47.2, {OLD}", Witness("a:b", 0.0015, 0.002)),
        ("view;dur=1.500000, app;dur=2.000000", Witness(UNNAMED_VIEW, 0.0015, 0.002)),
        ("app;dur=2.000000", Witness(None, witness_app_s=0.002)),
        (
            'view;dur=1.500000;desc="a:b", raised;dur=1.250000;desc="KeyError", app;dur=2.000000',
            Witness("a:b", 0.0015, 0.002, witness_raised_s=0.00125, exception="KeyError"),
        ),
        (
            f'{OLD}, db;dur=4.000000;desc="default execute=11 many=1", cache;desc="a hit=2"',
            Witness("a:b", 0.0015, 0.002, db_queries=12, db_s=0.004, db="default execute=11 many=1", cache="a hit=2"),
        ),
        (f"{INNER}, {OUTER}", SEEN),
        (f'{INNER}, view;dur=1.500;desc="%D0%B4:b", {OUTER}, app;dur=2.000', SEEN),
        (f"db;dur=53, app;dur=47.2, {OLD}, {INNER}, cdn;dur=1, {OUTER}", SEEN),
        (f"{INNER}, {OUTER}, mw-queue;dur=0.500000, app;dur=2.000", SEEN._replace(queue_s=0.0005)),
        (f"{INNER}, {OUTER}, mw-between, app;dur=2.000", SEEN._replace(between=True)),
        (
            f'{INNER}, mw-raised;dur=1.250000;desc="%D0%96", {OUTER}',
            SEEN._replace(witness_raised_s=0.00125, exception="Ж"),
        ),
        (
            f'{INNER}, {OUTER}, mw-db;dur=4.000000;desc="%D0%B4 execute=1; a%3Bb error.%D0%96=1"',
            SEEN._replace(db_queries=1, db_s=0.004, db="д execute=1; a%3Bb error.Ж=1"),
        ),
        (
            OUTER,
            SEEN._replace(
                **dict.fromkeys(("view", "witness_view_s", "inner_nonce", "request_bytes")),
                **dict.fromkeys(("response_bytes", "charset", "flags")),
            ),
        ),
        (
            INNER.replace("5 12 utf-8 -", "5 - koi8-r sat a%20b.html") + f", {OUTER}",
            SEEN._replace(response_bytes=None, charset="koi8-r", template="a b.html", flags="sat"),
        ),
        (f'mw-view;dur=9.000000, mw-app;dur=9.500000, mw-db;dur=1.000000;desc="x execute=1", {INNER}, {OUTER}', SEEN),
    ],
)
def test_a_witness_is_read_from_the_header(header: str, expected: Witness) -> None:
    """Of both versions: whole, in part, with others' entries, and not there at all."""
    assert witness(header, UNNAMED_VIEW) == expected


NUMBER = st.from_regex(r"[0-9]{1,6}\.[0-9]{6}", fullmatch=True)


@given(NUMBER, st.none() | st.text(max_size=20), st.none() | NUMBER, st.integers(0, 2**64 - 1), st.text(max_size=9))
def test_the_short_cut_reads_as_the_standard_does(
    dur: str, view: str | None, queue: str | None, nonce: int, instance: str
) -> None:
    """The most common header is matched in one go; an entry behind it forces the whole reader."""
    quoted = f';desc="{quote(view, errors="replace")}"' if view else ""
    inner = f'mw-view;dur={dur}{quoted}, mw-inner;desc="{nonce:016x} 0 5 utf-8 -"'
    outer = f'mw-app;dur={dur};desc="{nonce:016x} 9 {quote(instance, errors="replace") or "-"}"'
    header = f"{inner}, {outer}" + ("" if queue is None else f", mw-queue;dur={queue}")
    assert witness(header, UNNAMED_VIEW) == witness(f"{header}, other", UNNAMED_VIEW)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_breaks_the_reader_of_a_witness(before: str, after: str) -> None:
    """Also around the entries of a witness."""
    witness(f"{before}{INNER}{after}", UNNAMED_VIEW)
    witness(f"mw-{before}, {OUTER}, mw-{after}", UNNAMED_VIEW)


def test_labels_are_read_back() -> None:
    """Each by its name."""
    assert labels_in("pod=x%20y app=z") == {"pod": "x y", "app": "z"}
    assert labels_in(None) == labels_in("") == {}


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("mw-view;dur=1.5;desc=" + "x" * 100_000 + '"', []),
        ('a;desc="' + '\\"' * 50_000, []),
        ("a" + '"\\' * 50_000, []),
        (", " * 50_000 + "b;dur=1", ["b"]),
        ('a;desc="' + "," * 100_000 + '", b', ["a", "b"]),
        ("a;dur=1, " + ";" * 100_000 + ", b", ["a", "b"]),
    ],
)
def test_a_long_header_is_read_once(header: str, names: list[str]) -> None:
    """Not once more for each place at which an entry might begin: that took minutes, in the recorder."""
    assert list(parse(header)) == names
    assert witness(header, "none") == NO_WITNESS
