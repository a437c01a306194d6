"""What a gate measured, endpoint by endpoint: base beside candidate, the change, and how sure it is."""

from dataclasses import dataclass

from harness.core.report import Report
from harness.core.verdict import Effect, Status, Verdict
from harness.report.render import number_format as fmt

HEAD = ("endpoint", "base", "candidate", "change", "90 % interval", "detectable from")


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One endpoint in text; dashes where nothing could be measured."""

    status: Status
    subject: str
    base: str
    candidate: str
    change: str
    interval: str
    detectable: str

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of `HEAD`."""
        return self.subject, self.base, self.candidate, self.change, self.interval, self.detectable


def effect_rows(report: Report) -> tuple[EffectRow, ...]:
    """One per endpoint of a gate, judged or not; none for the report of a run."""
    if not report.gate:
        return ()
    return tuple(_row(verdict) for verdict in report.verdicts if verdict.check.startswith("gate-") and verdict.unit)


def _row(verdict: Verdict) -> EffectRow:
    base, candidate = fmt.apart(verdict.expected, verdict.observed, verdict.unit)
    effect = verdict.effect
    shown = (fmt.UNKNOWN,) * 3 if effect is None else _shown(effect, verdict.unit)
    return EffectRow(verdict.status, verdict.subject, base, candidate, *shown)


def _shown(effect: Effect, unit: str) -> tuple[str, str, str]:
    low, high = fmt.change(effect.low, unit), fmt.change(effect.high, unit)
    return fmt.change(effect.change, unit), f"{low} to {high}", fmt.change(effect.detectable, unit)
