"""The documentation says what the code does: pages, keys, columns, codes and links."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from harness.checks import CHECKS
from harness.config import connection, load_command, readers, toml_file
from harness.core.errors import ExitCode
from harness.core.limits import Budget
from harness.core.run import SCHEMA_VERSION
from harness.core.verdict import Strength
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, VERSION_KEY
from harness.faults import Fault
from tests.reference import FAULTS
from tools import check_table, fault_table

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CHECK_PAGES = DOCS / "checks"
SECTIONS = (
    "What it compares",
    "Why it holds",
    "Tolerance and where it comes from",
    "When it is inconclusive",
    "What it cannot see",
    "A failing example",
    "Related faults",
)
IDS = tuple(check.id for check in CHECKS)
PLACES = (
    ".ci",
    ".github",
    "bench",
    "docs",
    "faults",
    "harness",
    "monitoring",
    "scenarios",
    "target_app",
    "tests",
    "tools",
    "witness",
)
"""Directories whose text is committed; the files at the top level and reports/README.md come with them."""
UNCOMMITTED = {".git", "__pycache__", ".state", "node_modules"}
TEXT = {"", ".cfg", ".css", ".html", ".ini", ".j2", ".js", ".json", ".jsonl", ".log", ".lock", ".md", ".py", ".sh"} | {
    ".svg",
    ".toml",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
}
REGISTRIES = (
    ("pypi", "org"),
    ("files.pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("proxy.golang", "org"),
    ("deb.debian", "org"),
)
"""Host names in two parts, so that this file does not hold what it forbids."""

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Every Markdown page that is committed."""
    return [file for file in committed() if file.suffix == ".md"]


def committed() -> list[Path]:
    """Every text file that is committed, as far as a plain directory can tell."""
    found = [file for file in ROOT.iterdir() if file.is_file() and file.name != ".git"]  # of a worktree
    found += [file for place in PLACES for file in (ROOT / place).rglob("*") if file.is_file()]
    found += [ROOT / "reports" / "README.md"]
    return sorted(
        file
        for file in found
        if file.suffix in TEXT and file.exists() and not UNCOMMITTED & set(file.relative_to(ROOT).parts)
    )


def sections(page: Path) -> list[str]:
    """The headings of a page, code blocks left out."""
    return HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def keys_in(page: Path, heading: str) -> set[str]:
    """The words in code style in the first column of the tables below a heading of level 2, until the next one."""
    text = page.read_text(encoding="utf-8")
    part = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    first = (line.split("|")[1] for line in part.splitlines() if line.startswith("| "))
    return {word for cell in first for word in re.findall(r"`([^`]+)`", cell)}


def anchor(heading: str) -> str:
    """The fragment that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def target_paths() -> str:
    """The paths of the reference target below its `work` prefix, which are no directories of a machine."""
    urls = ROOT / "target_app" / "work" / "urls.py"
    return "|".join(re.findall(r'path\(\s*"([a-z-]+)', urls.read_text(encoding="utf-8"))) if urls.exists() else "fast"


@pytest.mark.parametrize("check", IDS)
def test_every_check_has_its_page_with_every_section(check: str) -> None:
    """docs/checks/<id>.md is headed by the check's id and has all the sections, in order."""
    headings = sections(CHECK_PAGES / f"{check}.md")
    assert headings[0] == check
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("check", IDS)
def test_every_failing_example_names_its_check(check: str) -> None:
    """The example shows a verdict of this very check."""
    example = (CHECK_PAGES / f"{check}.md").read_text(encoding="utf-8").split("## A failing example")[1]
    assert re.search(rf"^(FAIL|INCONCLUSIVE)  {check}  ", example, re.MULTILINE)


def test_the_index_has_the_question_of_every_check_in_the_order_of_reports() -> None:
    """docs/checks/README.md is made from the pages."""
    page = check_table.PAGE.read_text(encoding="utf-8")
    assert page == check_table.written(page), "run `make docs`"
    rows = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \| (.*) \|$", page, re.MULTILINE)
    assert tuple(check for check, _ in rows) == IDS
    assert [check for check, question in rows if not question.endswith("?")] == []


def test_no_page_is_about_a_check_that_is_gone() -> None:
    """Every page in docs/checks but the index belongs to a check."""
    assert {page.stem for page in CHECK_PAGES.glob("*.md")} - {"README"} == set(IDS)


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("Keys of the file", set(toml_file._TOP_KEYS)),
        ("Keys of a profile", set(toml_file.KEYS)),
        ("Keys of start", set(toml_file._START_KEYS)),
        ("Keys of load", set(load_command.KEYS)),
        ("Budget", {field.name for field in fields(Budget)}),
    ],
)
def test_every_key_of_a_profile_is_documented(heading: str, keys: set[str]) -> None:
    """The tables of docs/profiles.md name the keys that the parser takes, and no other."""
    assert keys_in(DOCS / "profiles.md", heading) == keys


def test_the_defaults_of_the_budget_are_documented() -> None:
    """The values beside the keys are those of the code."""
    text = (DOCS / "profiles.md").read_text(encoding="utf-8")
    for field in fields(Budget):
        row = re.search(rf"^\| `{field.name}` \|[^|]*\| `([^`]*)` \|", text, re.MULTILINE)
        assert row is not None
        value = getattr(Budget(), field.name)
        shown: object = (
            None
            if row[1] == "none"
            else {}
            if row[1] == "{}"
            else readers.seconds(row[1].strip('"'))
            if '"' in row[1]
            else float(row[1])
        )
        assert shown == value, field.name


def test_every_key_of_a_connection_is_documented() -> None:
    """docs/connection.md names each, beside the URL."""
    text = (DOCS / "connection.md").read_text(encoding="utf-8").split("\n## Keys\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {key for cell in cells for key in re.findall(r"`(\w+)`", cell)} == {"url", *connection.KEYS}


@pytest.mark.parametrize(
    "block",
    [
        block
        for page in ("profiles.md", "connection.md")
        for block in re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    ],
)
def test_every_example_of_a_profile_is_accepted(block: str) -> None:
    """The TOML shown is read by the parser, as a whole file or as part of a profile."""
    whole = "profiles" in tomllib.loads(block)
    assert toml_file.parse(block if whole else f"[profiles.example]\n{block}", "docs/profiles.md").profiles


def test_every_column_of_a_shard_is_documented() -> None:
    """docs/run-directory.md lists the columns of the schema in order, and its keys and version."""
    text = (DOCS / "run-directory.md").read_text(encoding="utf-8")
    table = text.split("\n## Samples\n")[1].split("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == SCHEMA.names
    assert CLOSING_KEY in text
    assert VERSION_KEY.decode() in text
    assert f"It is {SCHEMA_VERSION}," in text


def test_every_exit_code_is_documented() -> None:
    """docs/exit-codes.md has a row and a section for each code, and no other row."""
    page = DOCS / "exit-codes.md"
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(str(code.value), code.name) for code in ExitCode]
    assert {heading.split(":")[0] for heading in sections(page)} >= {str(code.value) for code in ExitCode}


def test_every_strength_is_documented() -> None:
    """docs/verification.md explains each strength that a verdict can have."""
    assert keys_in(DOCS / "verification.md", "Strengths") == {strength.value for strength in Strength}


def test_every_decision_is_in_the_index() -> None:
    """docs/decisions/README.md links every decision, and each says context, choice and price."""
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        assert f"({page.name})" in index
        assert sections(page)[1:] == ["Context", "Choice", "Price"]


def _links() -> Iterator[tuple[str, str]]:
    for page in pages():
        for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", link):
                yield str(page.relative_to(ROOT)), link


@pytest.mark.parametrize(("page", "link"), sorted(set(_links())))
def test_every_relative_link_resolves(page: str, link: str) -> None:
    """The file exists, and has a heading for the fragment."""
    path, _, fragment = link.partition("#")
    target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    assert target.exists()
    assert target.is_relative_to(ROOT)
    if fragment and target.suffix == ".md":
        assert fragment in {anchor(heading) for heading in sections(target)}


def test_no_committed_file_names_a_place_of_one_machine() -> None:
    """Absolute paths of a developer's machine and hosts of package registries do not belong into a clone."""
    work, root, home = ("/" + name + "/" for name in ("work", "root", "home"))
    paths = rf"(?<![\w.}}])(?:{work}(?!(?:{target_paths()})\b)[\w.]|{root}|{home}[a-z])"
    hosts = "|".join(re.escape(f"{name}.{suffix}") for name, suffix in REGISTRIES)
    forbidden = re.compile(rf"{paths}|{hosts}")
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for file in committed()
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


FAULT_PAGES = DOCS / "faults"
FAULT_SECTIONS = ["How it happens", "How it looks on a dashboard", "How it is caught", "How to fix it"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.id))
def test_every_fault_has_its_page_with_every_section(fault: Fault) -> None:
    """docs/faults/<id>.md names what must notice it."""
    page = FAULT_PAGES / f"{fault.id}.md"
    assert sections(page) == [fault.id, *FAULT_SECTIONS]
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in (*fault.caught_by, *fault.named_by))


def test_the_table_of_faults_is_current() -> None:
    """docs/faults/README.md shows what the fault files say, in the order of numbers."""
    page = fault_table.PAGE.read_text(encoding="utf-8")
    assert all(f"| {fault.number} | [{fault.id}]({fault.id}.md) |" in page for fault in FAULTS), "run `make docs`"
    assert fault_table.written(page, FAULTS) == page, "run `make docs`"


def test_no_page_is_about_a_fault_that_is_gone() -> None:
    """Every page in docs/faults but the index belongs to a fault."""
    assert {page.stem for page in FAULT_PAGES.glob("*.md")} - {"README"} == {fault.id for fault in FAULTS}
