"""Which of several cases of a kind `make test` runs: the first; `make test-long` runs the others."""

from collections.abc import Sequence
from typing import Any

import pytest


def mostly_long(cases: Sequence[Any], often: int = 1) -> list[Any]:
    """The first `often` cases as they are, the others marked as long."""
    return [*cases[:often], *(_long(case) for case in cases[often:])]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
