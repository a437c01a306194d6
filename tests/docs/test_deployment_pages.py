"""docs/deployments: the profiles are read, the named tests are there, the preflight has the named rows."""

import re
from pathlib import Path

import pytest

from harness.config import toml_file
from harness.config.hosts import check_hosts

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "docs" / "deployments"
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted(DEPLOYMENTS.glob("*.md"))}
INDEX = PAGES.pop("README.md")
SECTIONS = ["Profile", "What is proved there", "What is not", "Obstacles"]
BLOCKS = [(name, block) for name, text in PAGES.items() for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
SHAPES = set(re.findall(r'^    "([^"]+)": Shape\(', (ROOT / "tests/e2e/test_deployments.py").read_text(), re.MULTILINE))


def part(text: str, heading: str) -> str:
    """What stands below a heading of level 2."""
    return text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def test_the_index_links_every_page() -> None:
    """And no other in the directory."""
    assert set(re.findall(r"^\| \[[^]]+\]\(([a-z-]+\.md)\)", INDEX, re.MULTILINE)) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_sections(name: str) -> None:
    """In order, and a profile in the first."""
    assert re.findall(r"^## (.+)$", PAGES[name], re.MULTILINE) == SECTIONS
    assert "```toml" in part(PAGES[name], "Profile")


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_profile_can_be_copied(name: str, block: str) -> None:
    """It is a whole file, reaches a running target and may load its host."""
    read = toml_file.parse(block, name)
    assert read.profiles
    for profile in read.profiles:
        check_hosts(read.profile(profile))


@pytest.mark.parametrize("name", PAGES)
def test_each_claim_names_a_test_that_there_is(name: str) -> None:
    """A shape, a test in a linked file, or a fault."""
    rows = [line for line in part(PAGES[name], "What is proved there").splitlines() if line.startswith("| ")][2:]
    assert rows
    for row in rows:
        by = row.split("|")[2]
        assert re.search(r"shape \*|`test_|\(\.\./faults/", by), row
        assert set(re.findall(r"shape \*([^*]+)\*", by)) <= SHAPES, row
    for test in re.findall(r"`(test_\w+)`", PAGES[name]):
        files = [DEPLOYMENTS / file for file in re.findall(r"\]\(([^)]+\.py)\)", PAGES[name])]
        assert any(f"def {test}(" in file.read_text(encoding="utf-8") for file in files), test


@pytest.mark.parametrize("name", PAGES)
def test_each_obstacle_is_a_row_of_the_preflight(name: str) -> None:
    """As docs/doctor.md lists them."""
    preflight = part((ROOT / "docs" / "doctor.md").read_text(encoding="utf-8"), "Preflight")
    known = set(re.findall(r"^\| `([a-z-]+)` \|", preflight, re.MULTILINE))
    named = re.findall(r"^\| `([a-z-]+)`", part(PAGES[name], "Obstacles"), re.MULTILINE)
    assert named
    assert set(named) <= known
