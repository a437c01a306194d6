"""The verdicts of report.json beside the oracle's own lines: every difference, in words."""

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.oracle.coverage import LAWS, NOT_COVERED, VERDICTS_NOT_COVERED, judge
from tests.oracle.facts import Facts
from tests.oracle.line import OPEN, Line

Key = tuple[str, str, tuple[tuple[str, str], ...]]


def differences(directory: Path) -> list[str]:
    """What report.json says otherwise than the oracle; empty when they agree.

    Raises OSError, ValueError or LookupError when the files cannot be read.
    """
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    facts = Facts(directory)
    return compare(report["verdicts"], judge(facts), may_lack=bool(facts.run.get("dropped")))


def compare(verdicts: list[dict[str, Any]], own: list[Line], *, may_lack: bool = False) -> list[str]:
    """Each verdict beside the line with its check, subject and labels.

    With `may_lack`, the report may lack what is open: it has findings on metrics that the scrape job drops.
    """
    found = [
        f"{check}: the oracle neither judges it nor says in coverage.py why it does not"
        for check in sorted({verdict["check"] for verdict in verdicts} - {*LAWS, *NOT_COVERED})
    ]
    theirs, ours = defaultdict(list), defaultdict(list)
    for verdict in verdicts:
        if verdict["check"] in LAWS and (verdict["check"], verdict["subject"]) not in VERDICTS_NOT_COVERED:
            theirs[_key(verdict["check"], verdict["subject"], verdict["labels"])].append(verdict)
    for line in own:
        key = _key(line.check, line.subject, line.labels)
        if not (may_lack and line.status == OPEN and key not in theirs):
            ours[key].append(line)
    for key in sorted({*theirs, *ours}):
        name, left, right = _name(key), theirs[key], ours[key]
        if len(left) != len(right):
            found.append(f"{name}: {len(left)} in the report, {len(right)} by the oracle{_summary(left, right)}")
            continue
        for verdict, line in zip(left, right, strict=True):
            found += [f"{name}: {text}" for text in _apart(verdict, line)]
    return found


def _key(check: str, subject: str, labels: dict[str, str]) -> Key:
    return check, subject, tuple(sorted(labels.items()))


def _name(key: Key) -> str:
    check, subject, labels = key
    return f"{check} {subject!r} {{{', '.join(f'{name}={value}' for name, value in labels)}}}"


def _summary(left: list[dict[str, Any]], right: list[Line]) -> str:
    shown = [f"{each['status']} {each['expected']} {each['observed']}" for each in left]
    shown += [f"{each.status} {each.expected} {each.observed}" for each in right]
    return f" ({'; '.join(shown)})" if shown else ""


def _apart(verdict: dict[str, Any], line: Line) -> list[str]:
    tolerance = verdict["tolerance"]
    band = (tolerance["below"], tolerance["above"]) if tolerance else (None, None)
    pairs = [
        ("expected", verdict["expected"], line.expected),
        ("observed", verdict["observed"], line.observed),
        ("tolerance below", band[0], line.band[0] if line.band else None),
        ("tolerance above", band[1], line.band[1] if line.band else None),
    ]
    found = [
        f"{what} is {left} in the report, {right} by the oracle"
        for what, left, right in pairs
        if not _same(left, right)
    ]
    if verdict["status"] != line.status:
        found.insert(0, f"{verdict['status']} in the report, {line.status} by the oracle")
    return found


def _same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
