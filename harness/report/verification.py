"""Facts -> report: asks what every check asks, judges what every check judges."""

import math
from dataclasses import replace

from harness.checks import CHECKS, Check, Facts
from harness.core.outcome import EXIT_CODES, overall
from harness.core.query import Query
from harness.core.report import Report
from harness.core.run import SCHEMA_VERSION, Run
from harness.core.verdict import Finding, Status, Verdict
from harness.report import causes, figures


def queries(run: Run) -> tuple[Query, ...]:
    """Every query of every check and figure, each once."""
    asked = [query for check in _checks(run) for query in check.queries(run)]
    return tuple(dict.fromkeys(asked if run.checks else (*asked, figures.rate_over_time_query(run))))


def _checks(run: Run) -> tuple[Check, ...]:
    return tuple(check for check in CHECKS if check.id in run.checks) if run.checks else CHECKS


def _unanswered(facts: Facts) -> tuple[Verdict, ...]:
    """Deleted evidence is not evidence that all is well, also where only a figure needed it."""
    missing = [query.text for query in queries(facts.run) if query not in facts.evidence.answers]
    if not missing:
        return ()
    why = f"the evidence holds no answer to {len(missing)} of the run's queries, e.g. {missing[0]}; run again"
    return (Verdict("scrape-health", "evidence", Status.INCONCLUSIVE, why),)


def _finite(verdict: Verdict) -> Verdict:
    """A verdict on what is no number decides nothing."""
    numbers = (verdict.expected, verdict.observed)
    if all(number is None or math.isfinite(number) for number in numbers):
        return verdict
    why = f"{verdict.why} (expected {verdict.expected}, observed {verdict.observed}: no numbers)"
    return replace(verdict, status=Status.INCONCLUSIVE, why=why, expected=None, observed=None, tolerance=None)


def verify(facts: Facts) -> Report:
    """Judge a run."""
    results = [result for check in _checks(facts.run) for result in check.judge(facts)]
    verdicts = tuple(_finite(result) for result in results if isinstance(result, Verdict))
    verdicts = (*verdicts, *_unanswered(facts))
    findings = tuple(result for result in results if isinstance(result, Finding))
    run, status = facts.run, overall(verdicts)
    return Report(
        schema_version=SCHEMA_VERSION,
        run_id=run.id,
        status=status,
        exit_code=EXIT_CODES[status],
        profile=run.profile,
        scenario=run.scenario,
        fault=run.fault,
        started_s=run.started_s,
        window_s=run.window.length_s,
        target=run.target,
        prometheus=run.prometheus,
        prometheus_version=run.prometheus_version,
        versions=run.versions,
        machine=run.machine,
        samples=facts.client.rows,
        users=run.generator.peak_users,
        verdicts=verdicts,
        findings=findings,
        views=() if run.checks else figures.view_reports(facts),
        rate=() if run.checks else figures.rate_points(facts),
        scrape_interval_s=run.window.scrape_interval_s,
        variants=run.variants,
        rules=len(run.rules),
        rule_scale=run.rule_scale,
        arrival_rate=run.arrival_rate,
        causes=causes.likely(verdicts, findings, facts.names),
    )
