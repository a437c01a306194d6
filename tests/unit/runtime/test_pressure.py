"""For how long processes waited for a processor."""

from pathlib import Path

import pytest

from harness.runtime import pressure
from harness.runtime.pressure import Pressure

NOW = Pressure(5.0, 100.0)
TEXT = "some avg10=0.00 avg60=1.23 avg300=0.50 total=4897195398\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(TEXT, 4897.195398), (TEXT.splitlines()[1], None), ("some avg10=0.00", None), ("", None), ("some total=x", None)],
)
def test_the_seconds_in_which_some_waited_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: float | None
) -> None:
    """And nothing where the kernel writes something else."""
    file = tmp_path / "cpu"
    file.write_text(text)
    monkeypatch.setattr(pressure, "FILE", file)
    found = pressure.read()
    assert (found and found.waited_s) == expected


def test_a_kernel_that_does_not_count_them_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without them, or before Linux 4.20."""
    monkeypatch.setattr(pressure, "FILE", tmp_path / "nothing")
    assert pressure.read() is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [(Pressure(4.0, 90.0), 0.1), (Pressure(5.0, 90.0), 0.0), (Pressure(0.0, 98.0), 1.0), (None, None), (NOW, None)],
    ids=["a little", "never", "all the time", "not counted", "no time between"],
)
def test_the_share_is_of_the_time_between_two_readings(before: Pressure | None, expected: float | None) -> None:
    """Of each of which is known when it was."""
    assert NOW.ratio_since(before) == expected
