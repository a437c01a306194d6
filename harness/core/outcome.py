"""The status of several verdicts together, and its exit code."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from harness.core.errors import ExitCode
from harness.core.verdict import Status, Verdict

EXIT_CODES: Mapping[Status, ExitCode] = MappingProxyType(
    {Status.PASS: ExitCode.PASSED, Status.FAIL: ExitCode.FAILED, Status.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
)


def overall(verdicts: Iterable[Verdict]) -> Status:
    """FAIL outranks INCONCLUSIVE outranks PASS; nothing judged is inconclusive: missing data is never a PASS."""
    found = {verdict.status for verdict in verdicts}
    for status in (Status.FAIL, Status.INCONCLUSIVE, Status.PASS):
        if status in found:
            return status
    return Status.INCONCLUSIVE
