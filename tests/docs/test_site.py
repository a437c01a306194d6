"""The documentation as a site: built strictly, whole, and without a request to anybody."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADED = re.compile(r"<(?:script|img|iframe)\b[^>]*\ssrc=\"(?:https?:)?//|<link\b[^>]*\shref=\"(?:https?:)?//")
CODE = re.compile(r"<pre.*?</pre>|<code.*?</code>|<style.*?</style>|<script.*?</script>", re.DOTALL)


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without making what it names."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)  # noqa: ARG005 - as PyYAML calls it


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning of the strict build ends the test."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return place


def bodies(site: Path) -> dict[str, str]:
    """The text of each page, without code."""
    found = {}
    for page in sorted(site.rglob("*.html")):
        _, article, rest = page.read_text(encoding="utf-8").partition("<article")
        if article:
            found[page.relative_to(site).as_posix()] = CODE.sub("", rest.partition("</article>")[0])
    return found


def test_every_page_of_docs_is_in_it(site: Path) -> None:
    """README.md is a directory's first page."""
    for page in DOCS.rglob("*.md"):
        place = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert (site / re.sub(r"README\.html$", "index.html", place)).exists(), page


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    """No font, script, style or picture."""
    pages = list(site.rglob("*.html"))
    assert pages
    assert [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []
    styles = [
        style
        for style in site.rglob("*.css")
        if re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text())
    ]
    assert styles == []


def test_lists_tables_and_code_are_what_they_look_like(site: Path) -> None:
    """What GitHub takes for a list or a block of code is none here when it is indented by too little."""
    for page, text in bodies(site).items():
        for paragraph in re.findall(r"<p>(.*?)</p>", text, re.DOTALL):
            assert "```" not in paragraph, page
            assert not re.search(r"^(?:\| |[-*] (?!\d)|\d+\. )", paragraph, re.MULTILINE), (page, paragraph)


def test_the_navigation_has_the_four_kinds() -> None:
    """Tutorial, how-to, reference, explanation."""
    parts = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), _Loader)["nav"]
    assert [name for part in parts for name in part] == ["Home", "Tutorial", "How-to", "Reference", "Explanation"]
