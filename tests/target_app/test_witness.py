"""What the witness writes is what the harness reads: the two have no code in common."""

from collections import Counter

import pytest

from harness.evidence.client import event_counts, server_timing
from metrics_witness.account import digest
from metrics_witness.server_timing import entry, text, word

NAMES = ["work:fast", 'say "hi"', "back\\slash", "a, b; dur=9", "100%25", "-", "чай", "日本", "x\\", "two\nlines", "é"]
OUTER = 'mw-app;dur=2.000000;desc="00000000000000ff 7 web%3B1 pod=a"'


@pytest.mark.parametrize("more", ["", ", cdn;dur=1"], ids=["alone", "with another's entry"])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_survives_the_header(name: str, more: str) -> None:
    """A view, a charset, a template, an alias: the reader gets back the very text."""
    inner = f'mw-inner;desc="00000000000000fe 5 12 {word(name)} st {word(name)}"'
    counts = digest({name: Counter({"execute": 1})})
    sql = f"{entry('mw-db', 1_000_000, counts)}"
    read = server_timing.witness(f"{entry('mw-view', 1_234_567, text(name))}, {inner}, {OUTER}, {sql}{more}", "none")
    assert (read.view, read.charset, read.template, read.flags) == (name, name, name, "st")
    assert (read.witness_view_s, read.witness_app_s) == (0.001234567, 0.002)
    assert (read.inner_nonce, read.outer_nonce, read.process, read.instance, read.labels) == (
        254,
        255,
        7,
        "web;1",
        "pod=a",
    )
    assert event_counts.total(read.db, "execute") == 1


def test_an_entry_without_a_name_has_no_description() -> None:
    """A path that resolves to no named view."""
    assert server_timing.parse(entry("view", 5_000_000, "")) == {"view": server_timing.Timing(0.005, None)}
