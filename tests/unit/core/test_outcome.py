"""What verdicts come to together."""

from collections.abc import Sequence

import pytest

from harness.core.codes import Code
from harness.core.outcome import EXIT_CODES, overall
from harness.core.verdict import Status, Verdict


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((), "inconclusive"), (("pass",), "pass"), (("pass", "inconclusive"), "inconclusive"),
     (("pass", "inconclusive", "fail"), "fail")],
)  # fmt: skip
def test_the_worst_verdict_decides(statuses: Sequence[str], expected: str) -> None:
    """Nothing judged is inconclusive."""
    assert overall([Verdict("c", "", Status(status), "", code=Code.UNKNOWN) for status in statuses]) == expected


@pytest.mark.parametrize(("status", "code"), [("pass", 0), ("fail", 1), ("inconclusive", 3)])
def test_each_status_has_its_exit_code(status: str, code: int) -> None:
    """As docs/exit-codes.md says."""
    assert EXIT_CODES[Status(status)] == code
