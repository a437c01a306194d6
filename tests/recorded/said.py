"""What every changed run of test_codes is said to be, in full, in said.json: labels, numbers, limits and sentences.

    python -m tests.recorded.said [PART OF A CASE'S NAME ...]

writes it anew, all of it in four minutes; the difference to what is committed is what a change of the code does to the
verdicts.
"""

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from harness.core.report import Report
from harness.core.verdict import Finding, Power, Status, Tolerance, Verdict
from tests.recorded.cases import CASES
from tests.recorded.stored import StoredRun

HERE = Path(__file__).parent
FILE = HERE / "said.json"
CLEAN = HERE / "runs" / "clean"
MOST = 2
"""Of one check and code; how many there are stands beside them."""
DIGITS = 6
"""Of a number: the last ones differ between processors."""

Said = dict[str, Any]


def said(report: Report) -> Said:
    """All that does not pass, the findings that the clean run does not have, and the causes."""
    kinds: dict[str, list[Said]] = {}
    numbers: Counter[str] = Counter()
    for verdict in report.verdicts:
        if verdict.status is not Status.PASS:
            kind = f"{verdict.check} {verdict.code.value}"
            numbers[kind] += 1
            if numbers[kind] <= MOST:
                kinds.setdefault(kind, []).append(_verdict(verdict))
    clean = _of_clean()
    return {
        "verdicts": {kind: [f"{numbers[kind]} in all", *rows] for kind, rows in kinds.items()},
        "findings": [row for row in _findings(report.findings) if row not in clean],
        "causes": [cause.id for cause in report.causes],
    }


def _verdict(verdict: Verdict) -> Said:
    row = {
        "subject": verdict.subject,
        "status": verdict.status.value,
        "labels": dict(verdict.labels),
        "why": verdict.why,
        "expected": _short(verdict.expected),
        "observed": _short(verdict.observed),
        "unit": verdict.unit,
        "strength": verdict.strength.value,
        "tolerance": _tolerance(verdict.tolerance),
        "power": _power(verdict.power),
    }
    return {key: value for key, value in row.items() if value not in (None, "", {})}


def _tolerance(tolerance: Tolerance | None) -> list[Any] | None:
    return None if tolerance is None else [_short(tolerance.below), _short(tolerance.above), tolerance.basis]


def _power(power: Power | None) -> Said | None:
    return None if power is None else {name: _short(getattr(power, name)) for name in power.__slots__}


def _short(number: Any) -> Any:
    return f"{number:.{DIGITS}g}" if isinstance(number, float) else number


def _findings(findings: Iterable[Finding]) -> list[Said]:
    return [
        {
            "code": each.code.value,
            "subject": each.subject,
            "check": each.check,
            "labels": dict(each.labels),
            "text": each.text,
        }
        for each in findings
    ]


@cache
def _of_clean() -> list[Said]:
    return _findings(StoredRun(CLEAN).judge().findings)


def _of_case(name: str, place: Path) -> Said:
    """Change a copy of the clean run as a case does, and judge it."""
    run = StoredRun(Path(shutil.copytree(CLEAN, place / "run")))
    CASES[name].change(run)
    return said(run.judge())


@cache
def stored() -> Mapping[str, Said]:
    """What is committed, by case."""
    read: Mapping[str, Said] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def _write(parts: Sequence[str]) -> None:
    """Anew what cases say of whose name a part is given; of all when none is."""
    found: dict[str, Said] = {}
    for name in CASES:
        if name in stored() and parts and not any(part in name for part in parts):
            found[name] = stored()[name]
            continue
        with tempfile.TemporaryDirectory() as place:
            found[name] = _of_case(name, Path(place))
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write(sys.argv[1:])
