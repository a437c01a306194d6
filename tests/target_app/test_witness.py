"""What the witness writes is what the harness reads: the two have no code in common."""

import pytest

from harness.evidence.client import server_timing
from metrics_witness.server_timing import entry


@pytest.mark.parametrize("name", ["work:fast", 'say "hi"', "back\\slash", 'both \\" of them', "a, b; dur=9", "x\\"])
def test_a_view_name_survives_the_header(name: str) -> None:
    """Quotes and backslashes are escaped, so the reader gets back the very name and the very time."""
    read = server_timing.parse(f"own;dur=1.5, {entry('view', 1_234_567, name)}, app;dur=2.000000")
    assert read["view"] == server_timing.Timing(0.001234567, name)
    assert list(read) == ["own", "view", "app"]


def test_an_entry_without_a_name_has_no_description() -> None:
    """A path that resolves to no named view."""
    assert server_timing.parse(entry("view", 5_000_000, "")) == {"view": server_timing.Timing(0.005, None)}
