"""A wrong panel whose mend is known, in the formats that show it."""

from dataclasses import replace

from harness.core.codes import Code
from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from harness.report.render import console, html
from tests.unit.report.render.sample import passing

BROKEN, MENDED = (
    "histogram_quantile(0.9, sum(rate(x_bucket[5m])))",
    "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
)


def wrong(**labels: str) -> Report:
    why = "histogram_quantile() gets sums without le"
    verdict = Verdict(
        "dashboards", "Board / p90 / A", Status.FAIL, why, code=Code.IMPOSSIBLE, labels={"file": "board.json", **labels}
    )
    return replace(passing(), status=Status.FAIL, exit_code=1, verdicts=(*passing().verdicts, verdict))


def test_both_expressions_stand_beside_each_other() -> None:
    """With a button to copy the right one, on the card and in the board's table; and with -v."""
    report = wrong(expression=BROKEN, corrected=MENDED)
    page = html.render(report)
    assert page.count(f"<code data-copy>{MENDED}</code>") == 2
    assert page.count(f'<del><bdi class="name">{BROKEN}</bdi></del>') == 2
    printed = console.render(report, width=160, color=False, verbose=True)
    assert f"expression  {BROKEN}" in printed
    assert f"corrected   {MENDED}" in printed


def test_without_a_certain_mend_there_is_none() -> None:
    """Nothing is guessed."""
    report = wrong()
    assert "<del>" not in html.render(report)
    assert "corrected " not in console.render(report, width=160, color=False, verbose=True)


def test_an_expression_is_text() -> None:
    """Whatever stands in it."""
    page = html.render(wrong(expression='<script>x{a="&"}', corrected="<b>y</b>"))
    assert "&lt;script&gt;x{a=&#34;&amp;&#34;}" in page
    assert "<b>y</b>" not in page
