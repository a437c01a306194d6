import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.core.report import RatePoint
from harness.core.text import shorten
from harness.report.render import html, plots, report_script
from tests.unit.report.render.sample import HOSTILE, REPORTS, inconclusive, named, partly, passing

VOID = {"meta", "br", "input"}
TAGS = {
    "a", "article", "bdi", "body", "circle", "code", "dd", "desc", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "head", "header", "html", "input", "label", "li", "main", "meta", "noscript", "option",
    "p", "path", "pre", "script", "section", "select", "small", "span", "strong", "style", "summary", "svg", "table",
    "tbody", "td", "text", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip
VENDOR = Path(html.__file__).parent / "vendor"


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.shown: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.shown.append(data)

    def of(self, name: str) -> list[str]:
        return [value or "" for key, value in self.attributes if key == name]


@pytest.mark.parametrize("name", REPORTS)
def test_only_our_own_elements(name: str) -> None:
    """Elements nest, none comes from data: no script but our own, no handler, no style attribute, no image."""
    page = Page(html.render(REPORTS[name]))
    assert set(page.tags) <= TAGS
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("style", "src", "srcset")]
    assert page.tags.count("script") == 1 + len(report_script.scripts())


@pytest.mark.parametrize("name", REPORTS)
def test_loads_nothing(name: str) -> None:
    """Links lead to the page itself only, the style sheet imports nothing, and the policy forbids the rest."""
    text = html.render(REPORTS[name])
    page = Page(text)
    identities = page.of("id")
    assert len(identities) == len(set(identities))
    assert all(link.startswith("#") and link[1:] in identities for link in page.of("href"))
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [value for value in page.of("content") if value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


@pytest.mark.parametrize("name", REPORTS)
def test_references_resolve(name: str) -> None:
    """Every label that a screen reader follows exists."""
    page = Page(html.render(REPORTS[name]))
    labels = {label for value in page.of("aria-labelledby") for label in value.split()}
    assert labels <= set(page.of("id"))


def test_hostile_names_show_literally() -> None:
    """Each name is there as text, without its control characters."""
    page = Page(html.render(REPORTS["hostile"]))
    shown = " ".join("".join(page.shown).split())
    for text in HOSTILE:
        assert " ".join(shorten(text, html.NAME_LIMIT).split()) in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "".join(page.shown))


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("passing", "The metrics match what happened"),
        ("failing", "The metrics do not match what happened"),
        ("inconclusive", "Could not be judged"),
        ("empty", "Could not be judged"),
    ],
)
def test_banner(name: str, headline: str) -> None:
    """The verdict is said in words; without verdicts it is never a pass."""
    assert f"<h1>{headline}</h1>" in html.render(REPORTS[name])


def test_a_failure_stands_above_all_numbers() -> None:
    """Cause and evidence are open, what follows from it and the checks are folded."""
    text = html.render(named())
    assert "<details open" not in text
    order = ("Likely cause", "6,399 responses", "2 more verdicts failed with it", "users saw")
    places = [text.index(part) for part in (*order, ">Over time", ">Views", ">Checks")]
    assert places == sorted(places)


def test_checks_without_anything_to_judge_are_grey() -> None:
    """They are neither passed nor failed, and said so in words."""
    text = html.render(partly())
    lines = re.findall(r'<p class="check-line none">.*?</p>', text, re.DOTALL)
    assert len(lines) == 2
    assert all("nothing to judge; not counted as passed" in line for line in lines)


def test_gaps_break_the_line() -> None:
    """Where the metric has no value its line is not drawn; a report without any rate has no plot."""
    text = html.render(passing())
    still = text[text.index("time-wide-0") : text.index("time-narrow-0")]
    paths = re.findall(r'class="line metric" d="([^"]*)"', still)
    assert paths[0].count("M") == 3
    assert "time-wide-0" not in html.render(inconclusive())
    assert "time-wide-0" not in html.render(REPORTS["unknown"])


def test_a_detail_per_view() -> None:
    """Each view has its row, its distribution and its accounts; one without a distribution has none."""
    text = html.render(passing())
    assert text.count("data-detail=") == len(passing().views) - 1
    assert 'id="latency-5-title"' in text
    assert "latency-0" not in html.render(REPORTS["unknown"])


def test_a_thousand_views_stay_bearable() -> None:
    """Rows beyond the first 200 are data that the page's script draws; a day of scrapes is thinned."""
    base = passing()
    views = [replace(base.views[1 + index % 6], view=f"app:view-{index}") for index in range(1000)]
    day = [RatePoint(float(t), 100.0 + t % 7, 100.0, 1.0, 1.0, 0.02, 0.02) for t in range(0, 86400, 15)]
    text = html.render(replace(base, views=(base.views[0], *views), rate=tuple(day)))
    assert len(text.encode()) < 3_000_000
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    assert len(data["rows"]) == 800
    assert len(data["time"]) < 2000


@pytest.mark.parametrize(("figures", "kept"), [([1.0] * 10, 10), ([0.0] * 5000 + [9.0] + [0.0] * 5000, None)])
def test_thinning_keeps_peaks(figures: list[float | None], kept: int | None) -> None:
    """Short lines stay whole; of long ones no highest value is lost."""
    places = plots.thinned(figures, 100)
    assert kept in (None, len(places))
    assert max(figures[place] or 0 for place in places) == max(value or 0 for value in figures)
    assert len(places) <= 302


def test_names_cannot_end_the_data() -> None:
    """The data of rows is JSON in which no `<` stands."""
    assert "<" not in report_script.embedded(list(HOSTILE[:-2]))


def test_vendored_files_are_what_was_published() -> None:
    """UPlot 1.6.32 as npm has it, and its licence beside it."""
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}
    assert found == {
        "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
        "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    }


def test_says_what_is_not_proved() -> None:
    """Each entry with its share, its reason and the checks that it limits; what no run shows is folded."""
    text = html.render(partly())
    part = text[text.index('<section aria-labelledby="not-proved">') : text.index('<section aria-labelledby="run">')]
    shown = " ".join("".join(Page(part).shown).split())
    assert "empty · 30 of 80 panels limits dashboards what empty hidesWhy: the reason of empty." in shown
    assert "never limits all checks" in shown[shown.index("2 limits of the laws, in every run") :]
    assert part.count("the reason of") == len(partly().not_proved)
    assert "not-proved" not in html.render(passing()).split("</style>")[1].split("<script")[0]
