import re

import pytest

from harness.report.render import console
from tests.unit.report.render.sample import REPORTS, failing, many_findings, named, partly, passing


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("name", REPORTS)
def test_fits_and_is_clean(name: str, width: int) -> None:
    """No line is wider than the terminal, and without colour there is no control character at all."""
    text = console.render(REPORTS[name], width=width, color=False, location="reports/x", verbose=width == 100)
    assert all(char == "\n" or (ord(char) >= 32 and not 0x7F <= ord(char) < 0xA0) for char in text)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "Reports: reports/x" in text


@pytest.mark.parametrize("name", REPORTS)
def test_colour_changes_nothing_else(name: str) -> None:
    """Only colour sequences are added, none from outside."""
    coloured = console.render(REPORTS[name], width=100, color=True)
    assert "\x1b[" in coloured
    plain = console.render(REPORTS[name], width=100, color=False)
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller decides on width and colour."""
    plain = console.render(passing(), width=100, color=True)
    for name, value in (("NO_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "dumb"), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert console.render(passing(), width=100, color=True) == plain


def test_markup_is_literal() -> None:
    """Names that look like rich markup or an emoji code are shown as they are."""
    text = console.render(REPORTS["hostile"], width=400, color=False, verbose=True)
    assert "[bold red]markup[/] [/nope] [link=http://example.org]x[/link] :smile:" in text


def test_says_what_failed() -> None:
    """Banner, a line per check, the numbers and the figures are there."""
    text = console.render(failing(), width=100, color=False, verbose=True)
    assert text.startswith("✗ FAIL  The metrics do not match what happened")
    assert re.search(r"^request-counts +✗ failed +5 +1 ", text, re.MULTILINE)
    assert "observed   6,399 responses  (−1)" in text  # noqa: RUF001  # the minus sign is what is printed
    assert "? INCONCLUSIVE  blind-spot  p95" in text
    assert "fault injected on purpose: dropped-request" in text
    assert re.search(r"^  p95 +14\.1 ms +8\.79 ms +9\.06 ms +\+3\.1 % +9\.16 ms +\+4\.2 %$", text, re.MULTILINE)


def test_no_verdicts_is_no_pass() -> None:
    """A report that claims a pass without verdicts is shown as not judged."""
    assert console.render(REPORTS["empty"], width=80, color=False).startswith("? INCONCLUSIVE  Could not be judged")


@pytest.mark.parametrize("width", [80, 120])
def test_what_is_not_proved_takes_few_lines(width: int) -> None:
    """One per limitation, with the number of each entry; what no run shows is only counted."""
    text = console.render(partly(), width=width, color=False, verbose=True)
    part = text[text.index("Not proved\n") : text.index("\n\nFindings")].splitlines()
    assert part == [
        "Not proved",
        "  proved in part     few 4, foreign 2 verdicts",
        "  panels and alerts  empty 30, odd 1 panel, alarms 1 alert",
        "  not judged         silent 2, dropped 1 check",
        "  not seen           lost 3 requests",
        "  other              later 1 moon",
        "  in no run          2 limits of the laws: docs/conservation.md",
    ]
    assert "Not proved" not in console.render(passing(), width=width, color=False, verbose=True)


@pytest.mark.parametrize("name", sorted(set(REPORTS) - {"hostile"}))
def test_the_default_fits_one_screen(name: str) -> None:
    """Verdict, what is proved, three numbers, failed checks and where the reports are, in at most 40 lines."""
    text = console.render(REPORTS[name], width=100, color=False, location="reports/x")
    assert len(text.splitlines()) <= 40
    assert "with -v" in text


def test_the_default_shows_what_a_reader_needs_first() -> None:
    """The cause with its evidence and what goes with it, then the shares, the numbers, each failed check."""
    text = console.render(named(), width=100, color=False)
    order = [
        "Likely cause  dropped-responses: responses are dropped",
        "evidence      ✗ request-counts work:fast GET 200",
        "with it       2 more verdicts: rate 1, timer-span 1",
        "harness explain dropped-responses",
        "proved ",
        "wrong     3 of 27 verdicts",
        "users saw",
        "✗ rate",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "Findings" not in text


def test_findings_are_folded_by_kind() -> None:
    """One sentence that many subjects share stands once."""
    text = console.render(many_findings(), width=100, color=False, verbose=True)
    assert text.count("nothing of this kind happened") == 1
    assert "board / panel 0, board / panel 1" in text
    assert "and 34 more" in text
