"""Facts -> report: asks what every check asks, judges what every check judges."""

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.checks import CHECKS, UNNAMED, Check, Facts, churn, dropped, hidden_redirects
from harness.checks.base import inconclusive
from harness.core.codes import Code, FindingCode
from harness.core.outcome import EXIT_CODES, overall
from harness.core.query import Query
from harness.core.report import REPORT_SCHEMA, Report
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Verdict
from harness.report import because, causes, figures, not_proved, over_time


def queries(run: Run) -> tuple[Query, ...]:
    """Every query of every check and figure, each once."""
    asked = [query for check in _checks(run) for query in check.queries(run)]
    return tuple(dict.fromkeys((*asked, over_time.rate_over_time_query(run)) if _is_drawn(run) else asked))


def _checks(run: Run) -> tuple[Check, ...]:
    """Those that the run names, so that a new check leaves what was stored before it as it was judged.

    Raises ValueError for one that is not known: a check that is left out could not fail.
    """
    names = run.checks or UNNAMED
    if unknown := sorted({*names} - {check.id for check in CHECKS}):
        raise ValueError(f"the run names a check {unknown[0]!r}, which this harness does not have; upgrade it")
    return tuple(check for check in CHECKS if check.id in names)


def _is_drawn(run: Run) -> bool:
    """Figures need a load, and answers of Prometheus, which is asked for nothing where no check asks it."""
    return run.has_load and any(check.queries(run) for check in _checks(run))


ANY_CHECK = frozenset({Code.NO_VERDICT, Code.UNACCOUNTED})
"""What may be said of any check, without being declared."""


def undeclared(check: Check, results: Sequence[Verdict | Finding]) -> tuple[str, ...]:
    """Codes of a check's verdicts that it does not declare: a bug of the check. That it has none may be said of any."""
    found = {result.code for result in results if isinstance(result, Verdict)}
    return tuple(sorted(found - check.codes - ANY_CHECK))


def _judge(check: Check, facts: Facts) -> tuple[Verdict | Finding, ...]:
    spared = dropped.spared(facts, check.id, check.results(facts))
    results = tuple(_unproved(facts, result) for result in churn.spared(facts, check.id, spared))
    unknown = undeclared(check, results)
    assert not unknown, f"the check {check.id} gives codes that it does not declare: {', '.join(unknown)}"
    return results


def _unproved(facts: Facts, result: Verdict | Finding) -> Verdict | Finding:
    """What the team dropped on purpose is not proved, and nothing is wrong; nor what another server computes."""
    if isinstance(result, Verdict) and result.code is Code.UNKNOWN_VERSION and facts.run.evaluates_as == "":
        text = f"{result.why}: what panels show there is not predicted; raw samples are judged as everywhere"
        return Finding(FindingCode.UNPROVED, result.subject, text, result.check, result.labels)
    if not isinstance(result, Verdict) or result.code is not Code.DROPPED:
        return result
    text = f"{result.why}: not proved; keep it to have it checked"
    return Finding(FindingCode.DROPPED_METRIC, result.subject, text, result.check, result.labels)


def _unanswered(facts: Facts) -> tuple[Verdict, ...]:
    """Deleted evidence is not evidence that all is well, also where only a figure needed it."""
    missing = [query.text for query in queries(facts.run) if query not in facts.evidence.answers]
    if not missing:
        return ()
    why = f"the evidence has no answer to {len(missing)} of the run's queries, e.g. {missing[0]}; run again"
    return (inconclusive("scrape-health", "evidence", Code.NO_ANSWER, why),)


def _finite(verdict: Verdict) -> Verdict:
    """A verdict on what is not a number decides nothing."""
    numbers = (verdict.expected, verdict.observed)
    if all(number is None or math.isfinite(number) for number in numbers):
        return verdict
    why = f"{verdict.why} (expected {verdict.expected}, observed {verdict.observed}: not finite numbers)"
    return replace(
        verdict,
        status=Status.INCONCLUSIVE,
        code=Code.NOT_A_NUMBER,
        why=why,
        expected=None,
        observed=None,
        tolerance=None,
        power=None,
    )


def held(facts: Facts) -> tuple[Verdict, ...]:
    """The verdicts alone, while a run is on: its checks must be those that can be held already."""
    facts = churn.with_readiness(facts)
    results = (result for check in _checks(facts.run) for result in _judge(check, facts))
    return tuple(_finite(result) for result in results if isinstance(result, Verdict))


def verify(facts: Facts) -> Report:
    """Judge a run."""
    facts = hidden_redirects.noted(churn.with_readiness(facts))
    checks = _checks(facts.run)
    results = [result for check in checks for result in _judge(check, facts)]
    asked = tuple(check.id for check in checks)
    verdicts = tuple(_finite(result) for result in results if isinstance(result, Verdict))
    verdicts = (*verdicts, *_unanswered(facts))
    findings = tuple(result for result in results if isinstance(result, Finding))
    run, status, drawn = facts.run, overall(verdicts), _is_drawn(facts.run)
    return Report(
        schema_version=REPORT_SCHEMA,
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
        views=figures.view_reports(facts) if drawn else (),
        rate=over_time.points(facts) if drawn else (),
        scrape_interval_s=run.window.scrape_interval_s,
        variants=run.variants,
        rules=len(run.rules),
        rule_scale=run.rule_scale,
        arrival_rate=run.arrival_rate,
        causes=causes.likely(verdicts, findings, facts.names),
        because=because.because(verdicts),
        percentile_ratio=run.budget.percentile_ratio,
        failed_requests=facts.client.failed if run.has_load else None,
        panel_queries=figures.panel_queries(run) if drawn else {},
        buckets_setting=facts.names.advice.latency_buckets,
        not_proved=not_proved.found(not_proved.read(facts, asked, verdicts, findings)),
    )
