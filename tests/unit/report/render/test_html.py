import re
from html.parser import HTMLParser

import pytest

from harness.core.text import shorten
from harness.report.render import html
from tests.unit.report.render.sample import HOSTILE, REPORTS, failing, inconclusive, partly, passing

VOID = {"meta", "br"}
TAGS = {
    "a", "article", "bdi", "body", "caption", "circle", "code", "dd", "desc", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "head", "header", "html", "li", "main", "meta",
    "p", "path", "section", "small", "span", "strong", "style", "summary", "svg", "table", "tbody", "td",
    "text", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip


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
    """Elements nest, none comes from data: no script, no handler, no style attribute, no image."""
    page = Page(html.render(REPORTS[name]))
    assert set(page.tags) <= TAGS
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("style", "src", "srcset")]


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
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.of("content")


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


def test_unsettled_open_and_passed_folded() -> None:
    """Failed and inconclusive verdicts are cards, passed ones lie in closed <details>."""
    text = html.render(failing())
    assert text.count('<article class="card fail">') == 3
    assert text.count('<article class="card inconclusive">') == 1
    assert "<details open" not in text
    assert '<details class="passed">' in text
    assert "6,399 responses" in text


def test_gaps_break_the_line() -> None:
    """Where the metric has no value its line is not drawn; a report without any rate has no plot."""
    text = html.render(passing())
    paths = re.findall(r'class="line metric" d="([^"]*)"', text[text.index("rate-wide") : text.index("rate-narrow")])
    assert paths[0].count("M") == 3
    assert "rate-wide" not in html.render(inconclusive())
    assert "rate-wide" not in html.render(REPORTS["unknown"])


def test_a_plot_per_view() -> None:
    """Each view has its latency distribution, and a view without one has none."""
    assert html.render(passing()).count("latency-") >= 7
    assert 'id="latency-6-title"' in html.render(passing())
    assert "latency-0" not in html.render(REPORTS["unknown"])


def test_says_what_is_not_proved() -> None:
    """Each entry with its share, its reason and the checks that it limits; what no run shows is folded."""
    text = html.render(partly())
    part = text[
        text.index('<section aria-labelledby="not-proved">') : text.index('<section aria-labelledby="findings">')
    ]
    shown = " ".join("".join(Page(part).shown).split())
    assert "empty · 30 of 80 panels limits dashboards what empty hidesWhy: the reason of empty." in shown
    assert "never limits all checks" in shown[shown.index("2 limits of the laws, in every run") :]
    assert part.count("the reason of") == len(partly().not_proved)
    assert "not-proved" not in html.render(passing())
