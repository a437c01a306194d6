"""The shape of the package: rooms, lengths of modules, and what no module may have."""

import ast
import statistics
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[2] / "harness"
MODULES = sorted(HARNESS.rglob("*.py"))
LONG = 300
REASON = "longer than other modules"


def lines_of(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())


def test_there_are_thirteen_rooms_at_most() -> None:
    """Packages; beside them stand the package's own file, its command and the marker of its types."""
    entries = {path.name for path in HARNESS.iterdir() if path.name != "__pycache__"}
    assert entries >= {"__init__.py", "__main__.py", "py.typed"}
    assert len(entries - {"__init__.py", "__main__.py", "py.typed"}) <= 13


@pytest.mark.parametrize("package", sorted({path.parent for path in MODULES}), ids=lambda path: str(path.name))
def test_a_package_says_what_belongs_in_it(package: Path) -> None:
    """In the docstring of its `__init__`; a directory of scripts that run elsewhere is no package."""
    if package.name != "target_side":
        assert (package / "__init__.py").read_text(encoding="utf-8").startswith('"""')


@pytest.mark.parametrize("module", [path for path in MODULES if lines_of(path) > LONG], ids=lambda path: str(path.stem))
def test_a_long_module_says_why(module: Path) -> None:
    """In its first lines."""
    head = " ".join(module.read_text(encoding="utf-8").split('"""')[1].split())
    assert REASON in head


def test_modules_are_short() -> None:
    """The median one is read without scrolling far."""
    assert statistics.median(map(lines_of, MODULES)) <= 120


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    """What belongs nowhere has not been thought about."""
    assert not [path for path in MODULES if path.stem.strip("_") == name]


def test_nothing_is_told_apart_by_where_it_lies_in_memory() -> None:
    """What is gone leaves its `id` to another: series were taken for one, and counted with each other's samples."""
    asked = [
        f"{module.relative_to(HARNESS)}:{node.lineno}"
        for module in MODULES
        if module.name != "same.py"
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
    ]
    assert not asked
