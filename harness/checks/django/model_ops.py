"""Do the counters of inserts, updates and deletes agree with what the models did, and with the tables' rows?

Read in django_prometheus/models.py 2.5.0: `_do_insert`, `_do_update` and `delete` of an instance count. An instance
saved with a primary key of its own is first tried as an update, and counts as both. What a queryset does in bulk
reaches none of them. The rows themselves, counted by the database before and after, prove the witness.
"""

from collections import Counter
from collections.abc import Mapping

from harness.checks import witness_counts
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, inconclusive, unanswered
from harness.checks.comparison import Count, equal
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.target_totals import State
from harness.instrumentation import registry
from harness.instrumentation.roles import Models
from harness.promql.own_series import UP

ID = "model-ops"
DATABASE_ERRORS = frozenset(
    {"DataError", "DatabaseError", "IntegrityError", "InterfaceError", "InternalError", "NotSupportedError"}
    | {"OperationalError", "ProgrammingError"}
)
"""https://peps.python.org/pep-0249/#exceptions"""
CONNECTION_ERRORS = frozenset({"InterfaceError", "OperationalError"})
"""With these the server or its connection is gone: what was being committed may be kept or lost."""
BULK_KEYS = ("bulk_insert", "bulk_update", "bulk_delete")
OVER = "the metric counts operations that no request witnessed"
TABLE = "the witness does not report every operation, or another process changes the table"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw inserts, updates and deletes."""
    models = registry.of(run).models
    metrics = (*_names(models), UP) if models else ()
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def _names(models: Models) -> dict[str, str]:
    """How each counter is called in verdicts."""
    return {models.inserts: "inserts", models.updates: "updates", models.deletes: "deletes"}


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per model: inserts, updates, deletes, then the table's rows."""
    return () if facts.names.models is None else _judge(facts, facts.names.models)


def _judge(facts: Facts, models: Models) -> tuple[Verdict | Finding, ...]:
    names = _names(models)
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, names)
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    label = facts.names.labels.model
    observed = {metric: prometheus_evidence.by(items, label) for metric, items in deltas.items()}
    counted = witness_counts.counts(facts, "model")
    operations = round(sum(value for values in observed.values() for value in values.values()))
    if not counted:
        text = f"the metric counts {operations:,} operations on models"
        return (witness_counts.unproved(ID, "operations", text),) if operations else ()
    seen = {group[0] for values in observed.values() for group, value in values.items() if value}
    unseen = witness_counts.unseen(facts)
    verdicts = [
        equal(
            _count(facts, model, names[metric], number, observed[metric].get((model,), 0.0)),
            facts,
            lost=_failed(facts, model),
            unseen=unseen,
        )
        for model in sorted({*counted, *seen})
        for metric, number in expected(models, counted.get(model, Counter())).items()
        if number or observed[metric].get((model,))
    ]
    attempts = {
        model: sum(observed[metric].get((model,), 0.0) - number for metric, number in expected(models, keys).items())
        for model, keys in counted.items()
    }
    return (*verdicts, *_judge_rows(facts, counted, unseen), *_findings(facts, counted), *_attempts(facts, attempts))


def expected(models: Models, keys: Counter[str]) -> dict[str, int]:
    """What the library counts for the operations that the witness reported."""
    return {
        models.inserts: keys["insert"],
        models.updates: keys["update"] + keys["given_pk"],
        models.deletes: keys["delete"],
    }


def _judge_rows(facts: Facts, counted: Mapping[str, Counter[str]], unseen: str) -> list[Verdict]:
    """The table's own growth against the witness; an error here is the witness's, and casts doubt on all the others."""
    ends = facts.evidence.start.state, facts.evidence.end.state
    if ends == (None, None):
        return []
    for end in ends:
        if not isinstance(end, State):
            absent = NoData("the evidence has only one of its two readings of the state", Code.NO_ANSWER)
            return [unanswered(ID, "rows", end or absent)]
    before, after = ends
    assert isinstance(before, State)
    assert isinstance(after, State)
    others = "foreign traffic" if facts.foreign else unseen or _in_doubt(facts)
    verdicts = []
    for model in sorted({*before.rows, *after.rows}):
        keys = counted.get(model, Counter())
        grown = after.rows.get(model, 0) - before.rows.get(model, 0)
        net = keys["insert"] + keys["bulk_insert"] - keys["delete"] - keys["bulk_delete"] - keys["undone"]
        subject, labels = f"{model} rows", {"model": model}
        count = Count(ID, subject, net, float(grown), "rows", TABLE, TABLE, "the witness", "the table", labels)
        if others and net != grown:
            why = f"the witness counts {net:,} rows, the table {grown:,}; with {others} neither proves the other wrong"
            verdicts.append(inconclusive(ID, subject, Code.UNDECIDED, why, labels=labels))
        else:
            verdicts.append(equal(count, facts))
    return verdicts


def _in_doubt(facts: Facts) -> str:
    """Why acknowledged rows may be missing, or unacknowledged ones there; empty when the database never went away."""
    raised = facts.client.exceptions.items()
    broken = sum(number for (_, _, kind), number in raised if kind in CONNECTION_ERRORS)
    return f"{broken:,} requests that ended in {' or '.join(sorted(CONNECTION_ERRORS))}" if broken else ""


def _findings(facts: Facts, counted: Mapping[str, Counter[str]]) -> list[Finding]:
    findings = []
    for model, keys in sorted(counted.items()):
        labels = {"model": model}
        if any(keys[key] for key in BULK_KEYS):
            inserted, updated, deleted = (keys[key] for key in BULK_KEYS)
            text = (
                f"querysets inserted {inserted:,}, updated {updated:,} and deleted {deleted:,} rows in bulk; the "
                f"metric counts none of them (in {witness_counts.views_with(facts, 'model', *BULK_KEYS)})"
            )
            findings.append(Finding(FindingCode.BULK_UNCOUNTED, model, text, ID, labels))
        if keys["given_pk"]:
            text = (
                f"{keys['given_pk']:,} instances were saved with a primary key of their own: each counts as an update "
                f"and as an insert (in {witness_counts.views_with(facts, 'model', 'given_pk')})"
            )
            findings.append(Finding(FindingCode.UPDATE_BEFORE_INSERT, model, text, ID, labels))
    return findings


def _failed(facts: Facts, model: str) -> int:
    """Requests that the database failed, in views that work on the model: the library counts before it calls."""
    views = {event.view for event in facts.client.events if event.kind == "model" and event.subject == model}
    raised = facts.client.exceptions.items()
    return sum(number for (view, _, kind), number in raised if view in views and kind in DATABASE_ERRORS)


def _attempts(facts: Facts, attempts: Mapping[str, float]) -> list[Finding]:
    return [
        Finding(
            FindingCode.FAILED_OPERATIONS,
            model,
            f"the metric counts {over:,.0f} operations that the database refused: it counts attempts before they are "
            f"made ({_failed(facts, model):,} requests of these views ended in an error of the database)",
            ID,
            {"model": model},
        )
        for model, over in sorted(attempts.items())
        if over > 0 and _failed(facts, model)
    ]


def _count(facts: Facts, model: str, operations: str, number: int, observed: float) -> Count:
    return Count(
        ID,
        f"{model} {operations}",
        number,
        observed,
        "operations",
        facts.names.advice.plain_model,
        OVER,
        expected_by="the witness",
        labels={"model": model, "operation": operations},
    )


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.SAMPLES_UNUSABLE, Code.UNDECIDED},
    optional=True,
    unseen=(
        Unseen(
            "rows-of-others",
            "Rows that others inserted and deleted again within the window, and which instance an update changed",
            "the tables are counted at its ends, and nobody reports the instance",
        ),
    ),
)
