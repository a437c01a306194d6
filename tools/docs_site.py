"""What mkdocs.yml's `hooks` calls: the site holds whatever its pages link to, and its navigation may say `*`.

Pages link to files beside `docs/`: code, manifests, the witness's README. The site has no repository to link to, so
they become pages of it at their own paths: Markdown as it is, anything else as a block of code. A directory becomes a
list.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"(\[[^\]]*\]\()([^)\s#]+)(#[^)\s]*)?(\))")
FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".sh": "bash"}
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "witness/README.md")
"""Pages of other directories that the navigation names or that pages lead to."""
REPOSITORY = "repository.md"
"""Where the repository's own README is: the site's first page is that of `docs/`."""
_SOURCES: dict[str, Path] = {}
"""The file of each added page."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write out each `directory/*` of the navigation: every page there but the index, by its name."""
    config.nav = _spread(config.nav)
    return config


def _spread(nodes: Any) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, str) and node.endswith("/*"):
            pages = sorted((DOCS / node[:-2]).glob("*.md"))
            found += [page.relative_to(DOCS).as_posix() for page in pages if page.name != "README.md"]
        elif isinstance(node, dict):
            found.append({title: _spread(value) if isinstance(value, list) else value for title, value in node.items()})
        else:
            found.append(node)
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of other directories, and what any page links to."""
    waiting = [ROOT / name for name in PAGES]
    waiting += [target for page in DOCS.rglob("*.md") for target in _linked(page)]
    known: set[Path] = set()
    while waiting:
        target = waiting.pop()
        if target in known or target.is_relative_to(DOCS):
            continue
        known.add(target)
        _SOURCES[_place(target)] = target
        made = File.generated(config, _place(target), content=_content(target), inclusion=InclusionLevel.NOT_IN_NAV)
        files.append(made)
        if target.suffix == ".md":
            waiting += _linked(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - by name
    """Lead links to where the site has them."""
    source = _SOURCES.get(page.file.src_uri, DOCS / page.file.src_uri)
    return "".join(
        part if part.startswith("```") else LINK.sub(lambda match: _led(match, source, page.file.src_uri), part)
        for part in FENCE.split(markdown)
    )


def _led(match: "re.Match[str]", source: Path, here: str) -> str:
    before, link, anchor, after = match.groups()
    if re.match(r"[a-z]+:", link):
        return match[0]
    place = _place((source.parent / link).resolve())
    return f"{before}{posixpath.relpath(place, posixpath.dirname(here) or '.')}{anchor or ''}{after}"


def _linked(page: Path) -> list[Path]:
    """The files and directories that a page links to."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = [match[2] for match in LINK.finditer(text)]
    return [(page.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]


def _place(target: Path) -> str:
    """Where the site has a file, as a path below `docs/`."""
    if target.is_relative_to(DOCS):
        name = target.relative_to(DOCS).as_posix()
        return f"{name}/README.md" if target.is_dir() else name
    name = target.relative_to(ROOT).as_posix()
    if target.is_dir():
        return f"{name}/contents.md"
    if target.suffix != ".md":
        return f"{name}.md"
    if target.name != "README.md":
        return name
    # Not as the first page of a directory, for which the theme would take it.
    return REPOSITORY if target.parent == ROOT else f"{target.parent.relative_to(ROOT).as_posix()}.md"


def _content(target: Path) -> str:
    if target.suffix == ".md":
        return target.read_text(encoding="utf-8")
    name = target.relative_to(ROOT).as_posix()
    head = f"---\nsearch: {{exclude: true}}\n---\n# {name}\n\n"
    if target.is_dir():
        return head + "\n".join(f"- `{each.name}`" for each in sorted(target.iterdir()) if each.name[0] not in "._")
    text = target.read_text(encoding="utf-8")
    return f"{head}````{LANGUAGES.get(target.suffix, '')}\n{text}\n````\n"
