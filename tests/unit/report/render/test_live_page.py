"""The live page in a real browser, fed by its own server."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from harness.core.report import RatePoint
from harness.core.text import clean
from harness.report import live
from harness.report.live import Client, Document, Figure, Law, Stage
from harness.report.render import html, live_page
from harness.runtime.page_server import PageServer
from tests.unit.report.render.browser import PROGRAM, Browser, browser
from tests.unit.report.render.sample import HOSTILE, passing

T0_S = 1_800_000_000.0
POINTS = tuple(
    RatePoint(float(i), 100.0 + i, 99.0 + i if i > 3 else None, 1.0, 0.9, 0.05 + i / 1000, 0.06) for i in range(20)
)


def document(name: str = "demo") -> Document:
    return Document(
        "20270115-080000-aabbccdd",
        name,
        name,
        T0_S + 20,
        Stage(f"load: {name}", T0_S, 60.0),
        client=Client("measure", 10, 1234, 105.3, 7, 0.042, 0.31, 0.003),
        t0_s=T0_S,
        interval_s=1.0,
        scraped_s=19.0,
        behind_s=1.0,
        figures_at_s=19.0,
        figures=(Figure("requests", "rate", 119.0, 118.0), Figure("p95", "s", 0.069, None)),
        points=POINTS,
        laws=(Law("scrapes", "pass", "all 19 since t0 succeeded"), Law("running-counts", "fail", f"{name}: 3 behind")),
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def server() -> Iterator[PageServer]:
    made = PageServer("127.0.0.1", 0, live_page.render(document()), live.encode(document()))
    made.start()
    yield made
    made.close()


def shows(page: Browser, script: str, wanted: object) -> bool:
    until = time.monotonic() + 30
    while (found := page.run(script)) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    assert found == wanted, script
    return True


def text(ident: str) -> str:
    return f"document.getElementById('{ident}')?.textContent"


def test_it_asks_nobody_but_its_server() -> None:
    """By its own policy, whatever stands on it."""
    made = live_page.render(document(HOSTILE[0]))
    assert "<script>alert(1)</script>" not in made
    assert re.search(r"content=\"default-src 'none';[^\"]*connect-src 'self'\"", unescape(made))
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", made)


def test_a_reader_watches(page: Browser, server: PageServer, tmp_path: Path) -> None:
    """Numbers, bar, chart and laws; what comes later is added; nothing scrolls sideways; then the report is there."""
    for width in (360, 1400):
        page.open(server.address, width)
        assert shows(page, text("requests"), "1,234")
        assert page.run(text("stage")) == "load: demo"
        assert page.run("document.querySelectorAll('#over-time canvas').length") == 3
        assert page.run("document.getElementById('bar').hidden") is False
        assert page.run("[...document.querySelectorAll('#figures tr')].map((row) => row.innerText)") == [
            "requests\t119 /s\t118 /s",
            "p95\t69.0 ms\t\N{EN DASH}",
        ]
        assert page.run("[...document.querySelectorAll('#laws li')].map((each) => each.className)") == [
            "check-line pass",
            "check-line fail",
        ]
        assert page.run("document.documentElement.scrollWidth") <= width
        page.picture(tmp_path / f"live-{width}.png")
    later = replace(document(), client=Client("measure", 10, 2000, 100.0, 7, 0.04, 0.3, 0.0), problem="no answer")
    server.publish(live.encode(later), live.encode(replace(later, points=POINTS[-2:])))
    assert shows(page, text("requests"), "2,000")
    assert shows(page, "document.getElementById('problem').innerText", "no answer")
    server.become(html.render(passing()), live.encode(replace(later, over=True)))
    assert shows(page, "document.querySelectorAll('#view-table tbody tr').length > 3", True)
    elsewhere = [each for each in page.complaints() if not each.startswith(server.address)]
    assert elsewhere == []


def test_names_from_outside_are_text(page: Browser, server: PageServer) -> None:
    """Also those that the script puts there."""
    for name in HOSTILE:
        own = document(clean(name))
        server.publish(live.encode(own), live.encode(own))
        page.open(server.address, 360)
        assert shows(page, "document.querySelectorAll('#laws li').length", 2)
        assert page.run("document.querySelectorAll('#laws script, #laws img, #laws b').length") == 0, name
        assert page.run("document.documentElement.scrollWidth") <= 360, name
