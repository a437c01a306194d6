"""Is every SQL statement counted and timed, by alias, as django-prometheus says that it counts?

Read in django_prometheus/db/common.py 2.5.0: `execute` counts 1 and is timed once; `executemany` with k parameter sets
counts k in both counters and is timed once; an error counts under the driver's exception type; every attempt to connect
counts. The witness sees the same calls through Django's `execute_wrapper`, outside of the instrumented cursor.

It is longer than other modules because the witness, the SQL log and the metric are three accounts of the same calls.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields

from harness.checks import witness_counts
from harness.checks.base import ALPHA, COUNTED, NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.comparison import Count, equal
from harness.checks.django import _query_histogram
from harness.checks.django._sql_counters import SqlCounters, longest_s, metrics_of
from harness.checks.layer_cost import layer_s, longest_gap_s
from harness.core import statistics
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.client.summary import ALL
from harness.evidence.target_totals import SqlLog, Statements
from harness.instrumentation import registry
from harness.instrumentation.roles import Database
from harness.promql.own_series import UP

ID = "database"
OVER = "the metric counts statements that no request witnessed: another process exports the same series"
ERROR = "error."
TIME_BASIS = "a layer of Python around each statement, Bernstein bound, alpha 1e-3"
_TOTALS = tuple(item.name for item in fields(Statements))


def queries(run: Run) -> tuple[Query, ...]:
    """Raw counters of statements, errors and connections, and the query histogram."""
    names = registry.of(run)
    if names.database is None:
        return ()
    gauges = () if names.migrations is None else (names.migrations.applied,)
    own = (prometheus_evidence.raw_query(run, metric) for metric in (*metrics_of(names.database), *gauges, UP))
    return tuple(dict.fromkeys((*own, *_query_histogram.queries(run))))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per alias: statements, parameter sets, timings, errors, connections; SQL time, SQL log, the histogram as such."""
    return () if facts.names.database is None else _judge(facts, facts.names.database)


def _judge(facts: Facts, database: Database) -> tuple[Verdict | Finding, ...]:
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, metrics_of(database))
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    counted, metrics = witness_counts.counts(facts, "db"), SqlCounters(deltas, database, facts.names.labels)
    executed = round(prometheus_evidence.total(deltas[database.executes]))
    logs = facts.evidence.start.sql_log, facts.evidence.end.sql_log
    outside = _outside(counted, *logs) if counted else ""
    results = _judge_log(facts, metrics, outside, *logs) if any(logs) else []
    whole = _query_histogram.judge(facts, database, deltas)
    if counted:
        return (*_judge_witnessed(facts, metrics, counted, outside), *results, *whole)
    if executed and not results:
        return (witness_counts.unproved(ID, "statements", f"the metric counts {executed:,} SQL statements"), *whole)
    return (*results, *whole)


def _judge_witnessed(
    facts: Facts, metrics: SqlCounters, counted: Mapping[str, Counter[str]], outside: str
) -> list[Verdict | Finding]:
    unseen = witness_counts.unseen(facts) or _started(facts) or outside
    counts = []
    for alias in sorted({*counted, *metrics.aliases}):
        keys = counted.get(alias, Counter())
        calls = Statements(keys["execute"], keys["many"], keys["sets"], keys["recheck"])
        counts += _counts_of_calls(facts, metrics, alias, calls, "")
        counts += _counts_of_errors(facts, metrics, alias, keys)
        names = metrics.names
        opened = metrics.total(names.connections, alias) - metrics.total(names.connection_errors, alias)
        counts.append(_count(facts, alias, "connections", keys["connect"], opened, "connections"))
    verdicts: list[Verdict | Finding] = [equal(count, facts, unseen=unseen) for count in counts if _counted(count)]
    if not (facts.unusable or facts.foreign or unseen):
        tests = sum(keys["recheck"] for alias, keys in counted.items() if metrics.tests_by_cursor(alias))
        verdicts.append(_judge_time(facts, metrics, tests))
    if outside:
        text = f"{outside}: its own threads, scrapes or ATOMIC_REQUESTS ran them"
        verdicts.append(Finding(FindingCode.STATEMENTS_OUTSIDE, "statements", text, ID))
    return [*verdicts, *_findings(facts, metrics, counted)]


def _counts_of_calls(facts: Facts, metrics: SqlCounters, alias: str, calls: Statements, by: str) -> list[Count]:
    """Calls of the cursor as the library counts them."""
    names, tests = metrics.names, calls.recheck if metrics.tests_by_cursor(alias) else 0
    rows = (
        ("statements", calls.execute + calls.sets + tests, names.executes),
        ("executemany sets", calls.sets, names.executes_many),
        ("timings", calls.execute + calls.many + tests, f"{names.query_duration}_count"),
    )
    return [
        _count(facts, alias, f"{name}{by and ', '}{by}", expected, metrics.total(metric, alias), "statements", by)
        for name, expected, metric in rows
    ]


def _counts_of_errors(facts: Facts, metrics: SqlCounters, alias: str, keys: Counter[str]) -> list[Count]:
    items, labels = metrics.deltas[metrics.names.errors], metrics.labels
    seen = {
        group[1]: value
        for group, value in prometheus_evidence.by(items, labels.alias, labels.exception).items()
        if group[0] == alias
    }
    raised = {key.removeprefix(ERROR): number for key, number in keys.items() if key.startswith(ERROR)}
    return [
        _count(facts, alias, kind, raised.get(kind, 0), seen.get(kind, 0.0), "errors")
        for kind in sorted({*raised, *(kind for kind, value in seen.items() if value)})
    ]


def _count(facts: Facts, alias: str, counted: str, expected: int, observed: float, unit: str, by: str = "") -> Count:
    return Count(
        ID,
        f"{alias} {counted}",
        expected,
        observed,
        unit,
        facts.names.advice.plain_database,
        OVER,
        expected_by=f"the {by or 'witness'}",
        labels={"alias": alias},
    )


def _counted(count: Count) -> bool:
    """Two zeros prove nothing."""
    return bool(count.expected) or isinstance(count.observed, NoData) or bool(count.observed)


def _judge_time(facts: Facts, metrics: SqlCounters, tests: int) -> Verdict:
    """The metric's SQL time is less than the witness's, by no more than a layer of Python around each statement.

    It is more by what `tests` of connections took, which the witness does not time: none took longer than the longest.
    """
    reference, witness_s = facts.client.latency[ALL].gaps, facts.client.latency[ALL].database.sum_s
    observed_s, n = (
        prometheus_evidence.total(metrics.deltas[f"{metrics.names.query_duration}_sum"]),
        prometheus_evidence.total(metrics.deltas[f"{metrics.names.query_duration}_count"]),
    )
    subject = "SQL time"
    if not reference.n or not n:
        why = "there is no reference for the cost of a layer around a statement"
        return inconclusive(ID, subject, Code.NO_REFERENCE, why)
    spare_s = n * (layer_s(reference) + statistics.bernstein(round(n), reference.variance, longest_gap_s(facts), ALPHA))
    is_open_below = spare_s >= witness_s  # even a metric of 0 would lie within
    tested_s = min(longest_s(facts, metrics.names, tests), observed_s)
    fine = -1e-9 * witness_s - tested_s <= witness_s - observed_s <= spare_s and observed_s > 0  # none takes no time
    why = (
        f"the witness timed {witness_s:.6g} s in {n:,.0f} statements, the metric {observed_s:.6g} s; a layer around "
        f"each explains up to {spare_s:.3g} s"
    )
    if tests:
        why += f", {tests:,} tests of connections past the witness up to {tested_s:.3g} s"
    if is_open_below:
        why += ", which is more than the statements took, so only the upper side is judged"
    if not fine:
        why += ": the query timer does not span the statements, or has the wrong unit"
    code = Code.TOO_HIGH if observed_s > witness_s else Code.TOO_LOW
    return settled(
        ID,
        subject,
        Code.AGREES if fine else code,
        why,
        expected=witness_s,
        observed=observed_s,
        tolerance=None if is_open_below else Tolerance(spare_s, 0.0, TIME_BASIS),
        unit="s",
        strength=Strength.ONE_SIDED if is_open_below else Strength.WITNESS,
    )


def _judge_log(
    facts: Facts, metrics: SqlCounters, outside: str, start: SqlLog | NoData | None, end: SqlLog | NoData | None
) -> list[Verdict | Finding]:
    """The metric against the totals of the target's SQL log, which holds background requests as well."""
    for log in (start, end):
        if not isinstance(log, SqlLog):
            return [
                unanswered(
                    ID, "SQL log", log or NoData("the evidence has only one of its two readings", Code.NO_ANSWER)
                )
            ]
    assert isinstance(start, SqlLog)
    assert isinstance(end, SqlLog)
    counts = []
    for alias in sorted({*end.totals, *start.totals, *metrics.aliases}):
        counts += _counts_of_calls(facts, metrics, alias, _grown(start, end, alias), "SQL log")
    unseen, others = _started(facts), "foreign traffic" if facts.foreign else outside
    plain = [_judge_plain(facts, alias) for alias in sorted(_logged(start, end) - metrics.aliases) if others]
    return [
        *plain,
        *(_at_most(each, others) if others else equal(each, facts, unseen=unseen) for each in counts if _counted(each)),
    ]


def _judge_plain(facts: Facts, alias: str) -> Verdict:
    """Statements that all run outside requests have no witness: only the log shows that the metric lacks the alias."""
    short = facts.names.advice.plain_database
    why = f"the SQL log has statements on {alias}, but the metric has no series for it: {short}"
    return settled(ID, f"{alias} series", Code.UNINSTRUMENTED, why, labels={"alias": alias})


def _logged(start: SqlLog, end: SqlLog) -> set[str]:
    """Aliases on which statements ran between the two readings of the log."""
    return {alias for alias in end.totals if any(getattr(_grown(start, end, alias), name) for name in _TOTALS)}


def _grown(start: SqlLog, end: SqlLog, alias: str) -> Statements:
    after, before = end.totals.get(alias, Statements()), start.totals.get(alias, Statements())
    return Statements(*(getattr(after, name) - getattr(before, name) for name in _TOTALS))


def _outside(counted: Mapping[str, Counter[str]], start: SqlLog | NoData | None, end: SqlLog | NoData | None) -> str:
    """Why the metric may count more than the load's witnesses report: scrapes and threads of the app run SQL too.

    The log has them, and also what ran between its readings and the ends of the window, so it is an upper bound then.
    """
    if not isinstance(start, SqlLog) or not isinstance(end, SqlLog):
        return ""
    more = 0
    for alias in end.totals:
        grown, keys = _grown(start, end, alias), counted.get(alias, Counter())
        more += max(grown.execute + grown.many - keys["execute"] - keys["many"], 0)
    return f"{more:,} statements that no request of the load ran, by the app's own SQL log" if more else ""


def _started(facts: Facts) -> str:
    """Why more may have run than requests and log show: a process that starts runs SQL for its gauges of migrations."""
    if facts.names.migrations is None:
        return ""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, facts.names.migrations.applied))
    if isinstance(reading, NoData):
        return ""
    limit_s = facts.run.window.start_s + prometheus_evidence.CLOCK_RESOLUTION_S
    new_processes = {series.labels.get("pid", "") for series in reading.series if series.points[0][0] > limit_s} - {""}
    return (
        f"{len(new_processes)} processes started in the window, and each ran SQL for its own gauges"
        if new_processes
        else ""
    )


def _at_most(count: Count, others: str) -> Verdict:
    """The log is read before t0 and after t1, so with others at work it holds more than the window."""
    if isinstance(count.observed, NoData):
        return unanswered(ID, count.subject, count.observed, labels=count.labels)
    passed = count.observed <= count.expected
    why = f"{count.expected_by} counts {count.expected:,} {count.unit}, {count.observed_by} {count.observed:,.10g}"
    why += f"; {others}: only an upper bound" if passed else f"; {count.over}"
    return settled(
        ID,
        count.subject,
        Code.AGREES if passed else Code.OVER,
        why,
        expected=count.expected,
        observed=count.observed,
        unit=count.unit,
        strength=Strength.ONE_SIDED,
        labels=count.labels,
    )


def _findings(facts: Facts, metrics: SqlCounters, counted: Mapping[str, Counter[str]]) -> list[Finding]:
    findings = []
    for alias, keys in sorted(counted.items()):
        labels = {"alias": alias}
        if keys["sets"] != keys["many"]:
            text = (
                f"{keys['many']:,} calls of executemany with {keys['sets']:,} parameter sets are reported as "
                f"{keys['sets']:,} statements and timed {keys['many']:,} times, so statements per second and mean "
                f"query duration do not match (in {witness_counts.views_with(facts, 'db', 'many')})"
            )
            findings.append(Finding(FindingCode.EXECUTEMANY_MULTIPLIED, alias, text, ID, labels))
        if keys["control"]:
            begun = witness_counts.views_with(facts, "db", "control")
            text = (
                f"{keys['control']:,} of {keys['execute']:,} statements only begin, save or end transactions (BEGIN, "
                f"SAVEPOINT, ...): the metric counts them like queries (in {begun})"
            )
            findings.append(Finding(FindingCode.TRANSACTION_STATEMENTS, alias, text, ID, labels))
        if keys["recheck"] and metrics.tests_by_cursor(alias):
            text = (
                f"{keys['recheck']:,} times Django tested a connection on which a statement had failed (SELECT 1): the "
                "metric counts and times each test as a statement"
            )
            findings.append(Finding(FindingCode.CONNECTION_TESTS, alias, text, ID, labels))
        if refused := round(metrics.total(metrics.names.connection_errors, alias)):
            text = f"{refused:,} attempts to connect failed; the metric counts them as new connections too"
            findings.append(Finding(FindingCode.CONNECTION_ERRORS, alias, text, ID, labels))
    return findings


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED
    | NO_DATA
    | {
        Code.BUCKETS_CONTRADICT,
        Code.LABEL_ALTERED,
        Code.NO_REFERENCE,
        Code.SAMPLES_UNUSABLE,
        Code.SERIES_LOST,
        Code.TOO_HIGH,
        Code.TOO_LOW,
        Code.UNINSTRUMENTED,
    },
    optional=True,
    unseen=(
        Unseen(
            "driver-connection",
            "Statements on the driver's own connection, and the time to fetch rows",
            "they bypass Django's cursor, and with it the metric and the witness",
        ),
        Unseen(
            "time-by-statement",
            "How the time of SQL is distributed over statements, and a vendor that all metrics name alike",
            "count, sum and buckets of a histogram imply no more of each other, and nobody else names the vendor",
        ),
    ),
)
