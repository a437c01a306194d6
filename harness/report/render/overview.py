"""What every format says alike: the status as text, one line per check, and the figures side by side."""

from dataclasses import dataclass

from harness.core.report import Limitation, NotProved, Report, ViewReport
from harness.core.verdict import Status, Verdict
from harness.report.render import number_format as fmt

SYMBOLS = {Status.PASS: "✓", Status.FAIL: "✗", Status.INCONCLUSIVE: "?"}
STATUS_NAMES = {Status.PASS: "passed", Status.FAIL: "failed", Status.INCONCLUSIVE: "inconclusive"}
LIMITATIONS = {
    Limitation.BOUND: "proved in part",
    Limitation.PANEL: "panels and alerts",
    Limitation.UNJUDGED: "not judged",
    Limitation.ACCOUNT: "not seen",
    Limitation.UNKNOWN: "other",
    Limitation.LAW: "in no run",
}
"""In the order in which they are shown: what no run shows comes last."""
ERRORS = "5xx of the server"
"""Whose errors a ratio counts; what the scenario takes for a failure is another number."""
COMPARED = {"pairs": "compared in pairs", "stored": "compared with a stored baseline"}
"""How a gate compared, by `Report.gate`."""
NOTHING_JUDGED = "No check has judged this run, so nothing is known about its metrics."
_SEVERITY = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """All verdicts of one check."""

    id: str
    verdicts: tuple[Verdict, ...]
    """The worst first, else in the report's order."""

    @property
    def status(self) -> Status:
        """The worst verdict's."""
        return self.verdicts[0].status

    @property
    def why(self) -> str:
        """What the worst verdict found, with its subject, and how many others share its status."""
        worst, same = self.verdicts[0], self.of(self.status)
        if self.status is Status.PASS and len(same) > 1:
            return f"all {len(same)} passed"
        subject = f"{worst.subject}: " if worst.subject and self.status is not Status.PASS else ""
        return f"{subject}{worst.why}" + (f" (and {len(same) - 1} more)" if len(same) > 1 else "")

    def of(self, status: Status) -> tuple[Verdict, ...]:
        """Only the verdicts with this status."""
        return tuple(verdict for verdict in self.verdicts if verdict.status is status)

    @property
    def counts(self) -> str:
        """How many subjects failed, passed or were inconclusive: `2 failed, 10 passed`."""
        return _counts(self.verdicts)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of one view from the four accounts; None where an account does not have it."""

    label: str
    unit: str
    client: float | None
    witness: float | None
    metric: float | None
    panel: float | None

    @property
    def truth(self) -> float | None:
        """What metric and panel are compared with: the witness where it has the figure, else the client."""
        return self.client if self.witness is None else self.witness

    @property
    def shown(self) -> float | None:
        """What a reader of a dashboard sees: the panel's where it has the figure, else the metric's."""
        return self.metric if self.panel is None else self.panel

    @property
    def known(self) -> bool:
        """At least one account has the figure."""
        return any(value is not None for value in (self.client, self.witness, self.metric, self.panel))


def summaries(report: Report) -> tuple[CheckSummary, ...]:
    """One per check, in the order in which the checks first appear."""
    checks: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        checks.setdefault(verdict.check, []).append(verdict)
    return tuple(
        CheckSummary(check, tuple(sorted(verdicts, key=lambda verdict: -_SEVERITY.index(verdict.status))))
        for check, verdicts in checks.items()
    )


def status_of(report: Report) -> Status:
    """The worst of the report's own status and its verdicts'; without verdicts it is never PASS."""
    judged = [verdict.status for verdict in report.verdicts] or [Status.INCONCLUSIVE]
    return max((report.status, *judged), key=_SEVERITY.index)


def amount(number: int | None, total: int | None, unit: str) -> str:
    """How much something concerns: `3 of 80 panels`, `1 check`; empty where it is no number."""
    if number is None:
        return ""
    return fmt.quantity(number, unit) if total is None else f"{number:,} of {fmt.quantity(total, unit)}"


def open_by_limitation(report: Report) -> tuple[tuple[str, tuple[NotProved, ...]], ...]:
    """What is not proved in this run, under the names of `LIMITATIONS`, without what no run shows."""
    groups = (
        (name, tuple(each for each in report.not_proved if each.limitation is limitation))
        for limitation, name in LIMITATIONS.items()
        if limitation is not Limitation.LAW
    )
    return tuple((name, entries) for name, entries in groups if entries)


def limits_of_laws(report: Report) -> tuple[NotProved, ...]:
    """What no run shows, of the laws that judged this one."""
    return tuple(each for each in report.not_proved if each.limitation is Limitation.LAW)


def compared(report: Report) -> str:
    """How a gate compared, as text; empty for the report of a run."""
    return COMPARED.get(report.gate, report.gate)


def _counts(verdicts: tuple[Verdict, ...]) -> str:
    """How many verdicts have which status, the worst first."""
    counts = (
        (sum(verdict.status is status for verdict in verdicts), STATUS_NAMES[status]) for status in reversed(_SEVERITY)
    )
    return ", ".join(f"{number} {name}" for number, name in counts if number)


def unsettled(report: Report) -> tuple[Verdict, ...]:
    """The verdicts that did not pass: by check, FAIL before INCONCLUSIVE."""
    found = [verdict for check in summaries(report) for verdict in check.verdicts if verdict.status is not Status.PASS]
    return tuple(sorted(found, key=lambda verdict: verdict.status is not Status.FAIL))


def name_of(view: ViewReport) -> str:
    """The view and its method, or `all views`."""
    return f"{view.view} {view.method}".strip() or "all views"


def figure_rows(view: ViewReport) -> tuple[FigureRow, ...]:
    """Requests, rate, error ratio, p50, p95 and p99, in this order.

    Then, of an open model, the client's percentiles from the intended start; then SQL, where a witness reported any.
    """
    c, w, m, p = view.client, view.witness, view.metric, view.panel
    meant = (
        FigureRow("p50 from intended", "s", view.intended.p50_s, None, None, None),
        FigureRow("p95 from intended", "s", view.intended.p95_s, None, None, None),
        FigureRow("p99 from intended", "s", view.intended.p99_s, None, None, None),
    )
    sql = (
        FigureRow("SQL p50", "s", None, w.sql_p50_s, None, None),
        FigureRow("SQL p95", "s", None, w.sql_p95_s, None, None),
        FigureRow("SQL per request", "statements", None, w.statements, None, None),
    )
    return (
        FigureRow("requests", "requests", c.requests, w.requests, m.requests, p.requests),
        FigureRow("rate", "requests/s", c.rate, w.rate, m.rate, p.rate),
        FigureRow(ERRORS, "ratio", c.error_ratio, w.error_ratio, m.error_ratio, p.error_ratio),
        FigureRow("p50", "s", c.p50_s, w.p50_s, m.p50_s, p.p50_s),
        FigureRow("p95", "s", c.p95_s, w.p95_s, m.p95_s, p.p95_s),
        FigureRow("p99", "s", c.p99_s, w.p99_s, m.p99_s, p.p99_s),
        *(row for row in (*meant, *sql) if row.known),
    )


def scenario_failures(report: Report) -> str:
    """What the scenario took for failures, whatever their status: not the errors of the server that a ratio counts."""
    if report.failed_requests is None or not report.samples:
        return ""
    share = fmt.number(report.failed_requests / report.samples, "ratio")
    return (
        f"failures of the scenario, whatever their status: {report.failed_requests:,} of {report.samples:,} ({share})"
    )


def three_numbers(report: Report) -> tuple[FigureRow, ...]:
    """Rate, errors and p95 over all views, as far as an account has them."""
    if not report.views:
        return ()
    rows = {row.label: row for row in figure_rows(report.views[0])}
    return tuple(rows[label] for label in ("rate", ERRORS, "p95") if rows[label].known)
