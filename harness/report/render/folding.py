"""Many verdicts and findings as few: one card for what failed, one entry for each kind of finding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.codes import FindingCode
from harness.core.report import Report
from harness.core.verdict import Cause, Finding, Status, Verdict
from harness.report.render.overview import status_of, summaries

NOTHING_HAPPENED = frozenset(
    {
        FindingCode.EMPTY_PANEL,
        FindingCode.UNPROVED_PANEL,
        FindingCode.UNPROVED_ALERT,
        FindingCode.FIRST_COUNT_HIDDEN,
        FindingCode.UNPROVED,
        FindingCode.DROPPED_METRIC,
    }
)
"""Kinds that say that nothing happened which could be shown, or that something was not checked: they come last."""


@dataclass(frozen=True, slots=True)
class FindingKind:
    """All findings of one code and check."""

    code: FindingCode
    check: str
    findings: tuple[Finding, ...]

    @property
    def sentences(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each sentence once, with the subjects that it is about."""
        found: dict[str, list[str]] = {}
        for each in self.findings:
            found.setdefault(each.text, []).append(each.subject)
        return tuple((text, tuple(filter(None, subjects))) for text, subjects in found.items())

    @property
    def shows_nothing(self) -> bool:
        """Of the kinds in `NOTHING_HAPPENED`."""
        return self.code in NOTHING_HAPPENED


@dataclass(frozen=True, slots=True)
class VerdictKind:
    """Verdicts of one check with one code."""

    check: str
    verdicts: tuple[Verdict, ...]

    @property
    def first(self) -> Verdict:
        """The one that stands for all."""
        return self.verdicts[0]


@dataclass(frozen=True, slots=True)
class Card:
    """Why a run did not pass: the likely cause, the verdicts that name it, and what follows from it."""

    status: Status
    cause: Cause | None
    """None when no known cause leaves these signs."""
    evidence: tuple[VerdictKind, ...]
    consequences: tuple[VerdictKind, ...]
    """All others that failed, or of an inconclusive run could not be judged."""
    others: tuple[Cause, ...] = ()
    """Less likely causes, or further reasons."""
    of_gate: bool = False
    """Nothing of the monitoring is to be mended then: the candidate is."""

    @property
    def title(self) -> str:
        """What stands over it."""
        if self.status is not Status.FAIL:
            return "Because"
        return "What fails the gate" if self.of_gate else "Likely cause"

    @property
    def is_unexplained(self) -> bool:
        """A cause is to be named, and none is known."""
        return self.status is Status.FAIL and self.cause is None and not self.of_gate

    @property
    def following(self) -> int:
        """How many verdicts are folded under it."""
        return sum(len(each.verdicts) for each in self.consequences)


def kinds(findings: Iterable[Finding]) -> tuple[FindingKind, ...]:
    """Findings by their kind, in the order in which they first appear; those that show nothing last."""
    found: dict[tuple[FindingCode, str], list[Finding]] = {}
    for each in findings:
        found.setdefault((each.code, each.check), []).append(each)
    made = [FindingKind(code, check, tuple(own)) for (code, check), own in found.items()]
    return tuple(sorted(made, key=lambda kind: kind.shows_nothing))


def card(report: Report) -> Card | None:
    """The card of a report that did not pass; None of one that did, or that has no verdict."""
    status = status_of(report)
    if status is Status.PASS or not report.verdicts:
        return None
    causes = report.causes if status is Status.FAIL else report.because
    cause = causes[0] if causes else None
    own = _at(report, cause.evidence if cause else (), status)
    rest = [
        verdict
        for check in summaries(report)
        for verdict in check.of(status)
        if not any(verdict is each for each in own)
    ]
    evidence, consequences = by_kind(own), by_kind(rest)
    if not evidence:  # no cause, or a report of before the verdicts that name it were stored
        evidence, consequences = consequences[:1], consequences[1:]
    return Card(status, cause, evidence, consequences, causes[1:], bool(report.gate))


def undecided(report: Report) -> tuple[VerdictKind, ...]:
    """The inconclusive verdicts of a report that failed."""
    if status_of(report) is not Status.FAIL:
        return ()
    return by_kind(verdict for verdict in report.verdicts if verdict.status is Status.INCONCLUSIVE)


def by_kind(verdicts: Iterable[Verdict]) -> tuple[VerdictKind, ...]:
    """Verdicts by check and code, in the order in which they first appear."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    for each in verdicts:
        found.setdefault((each.check, each.code), []).append(each)
    return tuple(VerdictKind(check, tuple(own)) for (check, _), own in found.items())


def _at(report: Report, places: Sequence[int], status: Status) -> list[Verdict]:
    """The verdicts at these places; a place that a changed report does not have is left out."""
    found = [report.verdicts[place] for place in places if 0 <= place < len(report.verdicts)]
    return [verdict for verdict in found if verdict.status is status]


def counts(kinds_: Iterable[VerdictKind]) -> str:
    """How many verdicts of which check: `request-counts 30, rate 12`."""
    found: dict[str, int] = {}
    for each in kinds_:
        found[each.check] = found.get(each.check, 0) + len(each.verdicts)
    return ", ".join(f"{check} {number}" for check, number in found.items())
