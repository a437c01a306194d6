"""Dashboards and rules by file: how many of their panels are proved, wrong or not proved, and each of them."""

from dataclasses import dataclass

from harness.core.codes import FindingCode
from harness.core.report import Report
from harness.core.verdict import Finding, Status, Verdict
from harness.report.render import number_format as fmt

CHECKS = ("dashboards", "records", "alerts")
UNPROVED = frozenset(
    {
        FindingCode.EMPTY_PANEL,
        FindingCode.UNPROVED_PANEL,
        FindingCode.UNPROVED_ALERT,
        FindingCode.FIRST_COUNT_HIDDEN,
        FindingCode.DROPPED_METRIC,
    }
)
UNPROVED_NAME = "not proved"


@dataclass(frozen=True, slots=True)
class PanelLine:
    """One panel or rule: what it shows, what is true, why."""

    name: str
    outcome: str
    """A status, or `UNPROVED_NAME`."""
    shows: str
    true: str
    why: str
    expression: str = ""
    """As it is, where it is known how it should be."""
    corrected: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One file of dashboards or rules."""

    file: str
    lines: tuple[PanelLine, ...]
    """The wrong ones first, then those that are not proved."""

    def count(self, *outcomes: str) -> int:
        """How many panels have one of these outcomes."""
        return sum(line.outcome in outcomes for line in self.lines)

    @property
    def outcome(self) -> str:
        """The worst panel's; of a board of which nothing is proved that."""
        for outcome in (Status.FAIL, Status.INCONCLUSIVE):
            if self.count(outcome):
                return outcome
        return Status.PASS if self.count(Status.PASS) else UNPROVED_NAME


def boards(report: Report) -> tuple[Board, ...]:
    """Those with a wrong panel first, else by file."""
    lines: dict[str, list[PanelLine]] = {}
    for each in report.verdicts:
        if each.check in CHECKS:
            lines.setdefault(_file(each), []).append(_judged(each))
    for finding in report.findings:
        if finding.check in CHECKS and finding.code in UNPROVED:
            line = PanelLine(_name(finding), UNPROVED_NAME, fmt.UNKNOWN, fmt.UNKNOWN, finding.text)
            lines.setdefault(_file(finding), []).append(line)
    order = (Status.FAIL, Status.INCONCLUSIVE, UNPROVED_NAME, Status.PASS)
    made = [Board(file, tuple(sorted(own, key=lambda line: order.index(line.outcome)))) for file, own in lines.items()]
    return tuple(sorted(made, key=lambda board: (order.index(board.outcome), board.file)))


def _judged(verdict: Verdict) -> PanelLine:
    true, shows = fmt.apart(verdict.expected, verdict.observed, verdict.unit)
    both = (verdict.labels.get(name, "") for name in ("expression", "corrected"))
    return PanelLine(_name(verdict), verdict.status, shows, true, verdict.why, *both)


def _file(item: Verdict | Finding) -> str:
    return item.labels.get("file") or item.labels.get("dashboard") or "other"


def _name(item: Verdict | Finding) -> str:
    """The subject without the dashboard in front, which the file says already."""
    return item.subject.removeprefix(f"{item.labels.get('dashboard', '')} / ") or item.check
