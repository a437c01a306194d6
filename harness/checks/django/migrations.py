"""Do the gauges of applied and unapplied migrations agree with Django's own executor?

They are set once, when a process starts (django_prometheus/migrations.py 2.5.0), so they go stale when somebody
migrates while it runs; in multiprocess mode every process has a series of its own, also one that has ended.
"""

from harness.checks.base import Check, Facts, inconclusive, settled, unanswered
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query, Series
from harness.core.run import Run
from harness.core.verdict import Finding, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.target_totals import State
from harness.instrumentation import registry
from harness.instrumentation.roles import Migrations

ID = "migrations"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw values of both gauges."""
    gauges = registry.of(run).migrations
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (_names(gauges) if gauges else ()))


def _names(gauges: Migrations) -> dict[str, str]:
    """How each gauge is called in verdicts, and what it counts of `target_totals.Migrations`."""
    return {gauges.applied: "applied", gauges.unapplied: "unapplied"}


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per database: each process's last value of each gauge at t1 is the executor's count."""
    state, gauges = facts.evidence.end.state, facts.names.migrations
    if state is None or gauges is None:
        return ()
    if isinstance(state, NoData):
        return (unanswered(ID, "", state),)
    verdicts = [
        _judge_gauge(facts, metric, name, alias, getattr(own, name))
        for alias, own in sorted(state.migrations.items())
        for metric, name in _names(gauges).items()
    ]
    return (*verdicts, *_findings(state))


def _judge_gauge(facts: Facts, metric: str, name: str, alias: str, true: int) -> Verdict:
    subject, labels = f"{alias} {name}", {"alias": alias}
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
    if isinstance(reading, NoData):
        hint = f"set {facts.names.advice.export_migrations}, or remove `state` from the profile"
        why = f"{metric}: {reading.reason}; {hint}"
        return inconclusive(ID, subject, reading.code, why, labels=labels)
    label = facts.names.labels.connection
    series = [item for item in reading.series if item.labels.get(label) == alias and _is_current(facts, item)]
    if not series:
        why = f"{metric} has no current series for {alias}"
        return inconclusive(ID, subject, Code.NO_SERIES, why, labels=labels)
    wrong = [item for item in series if item.last != true]
    worst = max(series, key=lambda item: abs(item.last - true))
    why = f"Django's MigrationExecutor reports {true}, as do all {len(series)} series"
    if wrong:
        process = worst.labels.get("pid", worst.labels.get("instance", ""))
        why = (
            f"Django's MigrationExecutor reports {true}, {metric} another number in {len(wrong)} of {len(series)} "
            f"series, e.g. {worst.last:g} from process {process}: the gauge is set once, when a process starts; "
            "migrate first, then stop and start the server (a reload keeps the series of workers that ended)"
        )
    return settled(
        ID,
        subject,
        Code.STALE if wrong else Code.AGREES,
        why,
        expected=float(true),
        observed=worst.last,
        tolerance=Tolerance(0, 0, "exact"),
        unit="migrations",
        labels=labels,
    )


def _is_current(facts: Facts, series: Series) -> bool:
    """The series was in the last scrape of the window."""
    return series.points[-1][0] >= facts.run.window.end_s - facts.run.window.scrape_interval_s / 2


def _findings(state: State) -> list[Finding]:
    return [
        Finding(
            FindingCode.UNAPPLIED_MIGRATIONS,
            alias,
            f"{own.unapplied} migrations are not applied: run manage.py migrate",
            ID,
            {"alias": alias},
        )
        for alias, own in sorted(state.migrations.items())
        if own.unapplied
    ]


CHECK = Check(
    ID,
    queries,
    judge,
    frozenset({Code.AGREES, Code.NO_ANSWER, Code.NO_SERIES, Code.REFUSED, Code.STALE, Code.UNREADABLE}),
    optional=True,
)
