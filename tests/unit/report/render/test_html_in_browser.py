"""The page in a real browser: what a reader does, at every width, with names that try to inject."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.report import Report
from harness.report.render import html
from tests.unit.report.render.browser import PROGRAM, Browser, browser
from tests.unit.report.render.sample import REPORTS, passing
from tests.unit.report.render.sample_gate import gated

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here: apt-get install chromium")

OVERLAPS = """(() => {
  const shown = (node) => node.offsetParent !== null;
  const box = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };
  const cells = [...document.querySelectorAll("#view-table td, .tile dd, .statements dt")].filter(shown);
  const beyond = (own, text) => text.right > own.right + 1 || text.left < own.left - 1;
  return cells.filter((node) => beyond(node.getBoundingClientRect(), box(node))).map((node) => node.textContent);
})()"""
"""Texts that stand outside of their own cell, so on top of a neighbour."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def shown(page: Browser, report: Report, file: Path, width: int) -> None:
    file.write_text(html.render(report), encoding="utf-8")
    page.open(file, width)


def test_nothing_overlaps_scrolls_sideways_or_is_requested(page: Browser, tmp_path: Path) -> None:
    """Passed, failed, inconclusive, coarse, hostile, a gate's, from a phone to a wide screen, light and dark."""
    for name, report in {**REPORTS, "a gate that passed": gated(1.0), "a gate that failed": gated()}.items():
        for width, scheme in ((360, "dark"), (400, "light"), (1400, "light")):
            page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            shown(page, report, tmp_path / f"{name}.html", width)
            page.picture(tmp_path / f"{name}-{width}.png")
            assert page.run("document.documentElement.scrollWidth") <= width, (name, width)
            assert page.run(OVERLAPS) == [], (name, width)
            assert page.complaints() == [], (name, width)
            drawn = page.run("document.querySelectorAll('#over-time canvas').length")
            assert drawn == any(point.client is not None for point in report.rate), (name, width)


def test_a_reader_sorts_filters_and_opens(page: Browser, tmp_path: Path) -> None:
    """Of a thousand views, in under 0.3 s each."""
    base = passing()
    views = tuple(replace(base.views[1 + i % 6], view=f"app{i % 7}:view-{i}") for i in range(1000))
    shown(page, replace(base, views=(base.views[0], *views)), tmp_path / "many.html", 1400)
    first = "[...document.querySelectorAll('#view-table tbody tr')]"
    assert page.run(f"{first}.length") == 200
    took_ms = page.run(
        "(() => { const t = performance.now(); document.querySelectorAll('#view-table thead button')[5].click();"
        " document.body.offsetHeight; return performance.now() - t; })()"
    )
    keys = page.run(f"{first}.map((row) => +row.cells[5].dataset.key)")
    assert keys == sorted(keys, reverse=True)
    assert page.run("document.querySelectorAll('#view-table thead th')[5].ariaSort") == "descending"
    assert took_ms < 300 * 4  # machines of CI are slow, and shared
    page.run(
        "(() => { const f = document.getElementById('view-filter'); f.value = 'APP3:'; "
        "f.dispatchEvent(new Event('input')); })()"
    )
    assert page.run(f"{first}.every((row) => row.cells[0].textContent.startsWith('app3:'))")
    count = page.run("document.getElementById('view-count').textContent")
    assert count == f"{page.run(f'{first}.length')} of 1000"
    page.run("[...document.querySelectorAll('a[data-detail]')].find((each) => each.offsetParent).click()")
    assert page.run("document.querySelector('tr.detail svg').getBoundingClientRect().width") > 100
    page.picture(tmp_path / "opened.png")
    page.run("[...document.querySelectorAll('a[data-detail]')].find((each) => each.offsetParent).click()")
    assert page.run("document.querySelectorAll('tr.detail').length") == 0
    assert page.complaints() == []


def test_paper_and_a_pointer(page: Browser, tmp_path: Path) -> None:
    """The legend tells both values where the pointer is; the demo's report is no book on paper."""
    shown(page, REPORTS["named"], tmp_path / "named.html", 1400)
    x, y = page.run(
        "(() => { const n = document.querySelector('.u-over');"
        " n.scrollIntoView({block: 'center', behavior: 'instant'});"
        " const r = n.getBoundingClientRect(); return [r.x + r.width * 0.7, r.y + r.height / 2]; })()"
    )
    for step in (0, 5):
        page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)
    values = page.run(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
        " done([...document.querySelectorAll('.u-legend .u-value')].map((n) => n.textContent)))))"
    )
    assert len(values) == 3
    assert all(value.endswith((" s", "/s")) for value in values), values
    paper = base64.b64decode(page.ask("Page.printToPDF")["data"])
    assert paper.count(b"/Type /Page\n") <= 12


def test_a_reader_copies(page: Browser, tmp_path: Path) -> None:
    """Each command, as it stands."""
    page.ask("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    shown(page, REPORTS["named"], tmp_path / "named.html", 1400)
    page.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    texts = page.run("[...document.querySelectorAll('[data-copy]')].map((each) => each.textContent)")
    assert any(text.startswith("harness explain ") for text in texts)
    for place, text in enumerate(texts):
        button = f"document.querySelectorAll('button.copy')[{place}]"
        page.run(f"{button}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = page.run(
            f"(() => {{ const r = {button}.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        assert page.run(f"new Promise((done) => setTimeout(() => done({button}.textContent), 100))") == "copied"
        assert page.run("navigator.clipboard.readText()") == text


def test_paper_is_white(page: Browser, tmp_path: Path) -> None:
    """Also where the screen is dark."""
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    shown(page, REPORTS["named"], tmp_path / "named.html", 1400)
    behind = "getComputedStyle(document.body).backgroundColor"
    page.ask("Emulation.setEmulatedMedia", features=dark)
    screen = page.run(behind)
    page.ask("Emulation.setEmulatedMedia", media="print", features=dark)
    paper = page.run(behind)
    page.ask("Emulation.setEmulatedMedia", media="", features=[])
    assert (screen == paper) is False
    assert paper == "rgb(255, 255, 255)"
