"""The oracle shares nothing with what it judges, and leaves no check out unsaid."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.checks import CHECKS, UNNAMED
from tests.oracle.coverage import LAWS, NOT_COVERED

HERE = Path(__file__).parent
MODULES = sorted(path for path in HERE.rglob("*.py") if not path.name.startswith("test_"))
ALLOWED = sys.stdlib_module_names | {"numpy", "pandas", "pyarrow", "scipy"}


def imported(source: str) -> Iterator[str]:
    """Each module that a source imports, wherever in it, also by `import_module` and `__import__`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module):
                yield module or ""
            case ast.Name(id="__import__") | ast.Attribute(attr="import_module"):
                yield "anything"
            case _:
                pass


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_the_oracle_imports_nothing_of_the_harness(module: Path) -> None:
    """Only Python, the libraries of tables and statistics, and its own modules."""
    foreign = [name for name in imported(module.read_text()) if name.partition(".")[0] not in ALLOWED]
    assert all(f"{name}.".startswith("tests.oracle.") for name in foreign), foreign


@pytest.mark.parametrize(
    "source",
    [
        "from harness.core import statistics",
        "def f():\n    import harness",
        "import importlib\nimportlib.import_module('harness')",
        "from tests.recorded import stored",
    ],
)
def test_the_scan_sees_every_way_to_import(source: str) -> None:
    """Otherwise it would prove nothing."""
    foreign = [name for name in imported(source) if name.partition(".")[0] not in ALLOWED]
    assert [name for name in foreign if not f"{name}.".startswith("tests.oracle.")]


def test_every_check_is_judged_again_or_named_with_a_reason() -> None:
    """Never both; a check that is new must be put into coverage.py."""
    assert {*LAWS, *NOT_COVERED} == {check.id for check in CHECKS}
    assert not {*LAWS} & {*NOT_COVERED}
    assert all(len(reason) > 20 for reason in NOT_COVERED.values())


def test_a_run_that_names_no_checks_is_judged_by_those_of_its_time() -> None:
    """As the harness does."""
    assert [check for check, law in LAWS.items() if not law.named_only] == [
        check for check in UNNAMED if check not in NOT_COVERED
    ]
