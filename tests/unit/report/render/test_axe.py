"""axe-core finds nothing on the pages: contrast, landmarks, labels, headers of tables.

It needs Chromium. The lock has the axe that a Python package brings; HARNESS_AXE names the file of another one, e.g. of
`npm pack axe-core`.
"""

import importlib.resources
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import live
from harness.report.render import html, live_page
from harness.runtime.page_server import PageServer
from tests.unit.report.render.browser import PROGRAM, Browser, browser
from tests.unit.report.render.sample import REPORTS
from tests.unit.report.render.sample_gate import gated
from tests.unit.report.render.test_live_page import document, shows, text

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here")
PAGES = {**{name: REPORTS[name] for name in ("passing", "named", "inconclusive", "coarse", "hostile")}, "gate": gated()}
FOUND = """axe.run(document, {resultTypes: ["violations"]}).then((result) =>
  result.violations.map((each) => [each.id, each.nodes.map((node) => node.html + " " + node.failureSummary)]))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def axe() -> str:
    named = os.environ.get("HARNESS_AXE")
    file = Path(named) if named else importlib.resources.files("axe_core_python") / "axe.min.js"
    return file.read_text(encoding="utf-8")


def violations(page: Browser) -> Any:
    page.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.ask("Runtime.evaluate", expression=axe())
    return page.run(FOUND)


def dressed(page: Browser, scheme: str) -> None:
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_report(page: Browser, tmp_path: Path, name: str, scheme: str) -> None:
    """With all that is folded open, on a wide screen and on a phone."""
    file = tmp_path / "report.html"
    file.write_text(html.render(PAGES[name]), encoding="utf-8")
    dressed(page, scheme)
    for width in (1400, 360):
        page.open(file, width)
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_live_page(page: Browser, scheme: str) -> None:
    """While a load is on."""
    server = PageServer("127.0.0.1", 0, live_page.render(document()), live.encode(document()))
    server.start()
    try:
        dressed(page, scheme)
        page.open(server.address, 1400)
        assert shows(page, text("requests"), "1,234")
        assert violations(page) == []
    finally:
        server.close()
