import re
from dataclasses import replace

import pytest

from harness.report.render import markdown
from harness.report.render import number_format as fmt
from tests.unit.report.render.sample import HOSTILE, REPORTS, failing, many_findings, named, partly, passing


@pytest.mark.parametrize("name", REPORTS)
def test_tables_keep_their_columns(name: str) -> None:
    """No name adds a cell or a row: each table's lines have as many pipes as its head."""
    text = markdown.render(REPORTS[name])
    width = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        assert line.endswith(" |")
        width = width or line.count("|")
        assert line.count("|") == width


def test_only_our_own_markup() -> None:
    """The only HTML is what the module writes; nothing from outside is Markdown or HTML."""
    text = markdown.render(REPORTS["hostile"])
    allowed = {"<code>", "</code>", "<br>", "<details>", "</details>", "<summary>", "</summary>"}
    assert set(re.findall(r"<[^>]*>", text)) <= allowed
    assert not re.search(r"[`~$\\\[\]_]", text)
    assert text.count("\n## ") == 0
    assert all(char == "\n" or ord(char) >= 32 for char in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_is_one_line(text: str) -> None:
    """No line break, no pipe, no tag."""
    assert not set(markdown.escape(text)) & set("\n\r|<>`*_[]")


def test_unnamed_view_shows_literally() -> None:
    """django-prometheus' own label looks like a tag."""
    assert "<code>&#60;unnamed view&#62; GET</code>" in markdown.render(passing())


def test_says_what_failed() -> None:
    """Verdict line, the numbers, the findings and the figures are there."""
    text = markdown.render(failing())
    assert text.startswith("## ❌ The metrics do not match what happened\n")
    assert "expected **6,400 responses**, observed **6,399 responses**, tolerance 0 (exact)" in text
    assert "double-observation" in text
    assert f"| panel | {fmt.UNKNOWN} | 236 /s (+1.7 %) |" in text


def test_no_verdicts_is_no_pass() -> None:
    """A report that claims a pass without verdicts is shown as not judged."""
    assert markdown.render(REPORTS["empty"]).startswith("## ⚠️ Could not be judged\n")


@pytest.mark.parametrize(
    "text", ["https://evil.example/x", "see http://a.b", "www.evil.example", "WWW.a.b", "ftp://x.y"]
)
def test_a_url_is_no_link(text: str) -> None:
    """GitHub makes one of a bare URL; a reader must not click on what a target is called."""
    assert not re.search(r"://|www\.", markdown.escape(text), re.IGNORECASE)
    assert not re.search(r"://|www\.", markdown.code(text), re.IGNORECASE)


def test_says_what_is_not_proved() -> None:
    """A row for each entry with its share; what no run shows is folded."""
    text = markdown.render(partly())
    assert (
        "| panels and alerts | <code>empty</code> | 30 of 80 panels | what empty hides; why: the reason of empty |"
        in text
    )
    folded = text[text.index("<summary>2 limits of the laws, in every run</summary>") :]
    assert "- <code>nowhere</code>: what nowhere hides; why: the reason of nowhere" in folded
    assert text.count("the reason of never") == 1
    assert "Not proved" not in markdown.render(passing())


def test_findings_are_folded_by_kind() -> None:
    """Each sentence once with a few subjects; what showed nothing comes last, folded."""
    text = markdown.render(many_findings())
    assert text.count("nothing of this kind happened") == 1
    assert "**empty-panel**, 40 times" in text[text.index("findings of what showed nothing") :]


def test_the_cause_comes_with_its_evidence_and_the_rest_is_folded() -> None:
    """Not a line for each of the verdicts that follow from one fault."""
    text = markdown.render(named())
    assert "**Likely cause:** <code>dropped-responses</code>: responses are dropped" in text
    assert text.index("**request-counts**") < text.index("<summary>2 more verdicts with it</summary>")


def test_a_summary_that_is_too_long_says_so() -> None:
    """GitHub would drop it; what is left out is counted, and the verdict is always there."""
    base = passing()
    views = tuple(replace(base.views[1], view=f"app{index}:{'v' * 150}") for index in range(3000))
    text = markdown.render(replace(base, views=(base.views[0], *views)))
    assert len(text.encode()) < 1_048_576
    assert text.startswith("## ✅ The metrics match what happened\n")
    assert "more sections did not fit: report.html has all of it." in text
