"""Which checks are judged again, by which function; and which are not, and why. The one place that knows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.oracle.facts import LATENCY, Facts
from tests.oracle.laws import counts, django, labels, latency, limits, probes, running, validity
from tests.oracle.line import OPEN, PASS, Line, Lines, unknown
from tests.oracle.run_files import Unknown


@dataclass(frozen=True)
class Law:
    """How one check is judged again."""

    lines: Callable[[Facts], Lines]
    needs_samples: bool = False
    """Without usable samples there is one line, which says that."""
    named_only: bool = False
    """It judges only runs whose run.json names it: so every law that is newer than stored names."""


LAWS = {
    "generator-health": Law(validity.generator_health),
    "scrape-health": Law(validity.scrape_health),
    "series-presence": Law(validity.series_presence, named_only=True),
    "quiescence": Law(validity.quiescence),
    "request-conservation": Law(counts.request_conservation),
    "response-conservation": Law(counts.response_conservation),
    "side-counters": Law(counts.side_counters),
    "attributes": Law(labels.attributes, needs_samples=True, named_only=True),
    "latency-conservation": Law(counts.latency_conservation),
    "request-counts": Law(counts.request_counts, needs_samples=True),
    "running-counts": Law(running.running_counts, needs_samples=True, named_only=True),
    "identity": Law(labels.identity, needs_samples=True, named_only=True),
    "rate": Law(counts.rate, needs_samples=True),
    "error-ratio": Law(counts.error_ratio, needs_samples=True),
    "exceptions": Law(counts.exceptions),
    "latency-buckets": Law(latency.latency_buckets, needs_samples=True),
    "running-latency": Law(running.running_latency, needs_samples=True, named_only=True),
    "percentiles": Law(latency.percentiles, needs_samples=True),
    "timer-span": Law(latency.timer_span, needs_samples=True),
    "probes": Law(probes.probes, named_only=True),
    "database": Law(django.database),
    "cache": Law(django.cache),
    "model-ops": Law(django.model_ops),
    "migrations": Law(django.migrations),
    "resolution": Law(latency.resolution, needs_samples=True),
    "blind-spot": Law(latency.blind_spot, needs_samples=True),
    "thresholds": Law(limits.thresholds),
}
NOT_COVERED = {
    "dashboards": "a second judge of panels would be a second PromQL engine; test_promql_conformance.py compares the "
    "harness's own with a real Prometheus",
    "records": "as for dashboards: it evaluates the rules' expressions in the place of their records",
    "alerts": "as for dashboards: alert rules are PromQL; promtool and test_alerts.py judge them",
}
NEEDING_HISTOGRAMS = {
    *("latency-conservation", "latency-buckets", "running-latency", "percentiles", "timer-span"),
    *("resolution", "blind-spot"),
}
VERDICTS_NOT_COVERED = {
    ("scrape-health", "evidence"): "it counts queries that the evidence lacks, and only the harness knows what it asks",
}
"""By check and subject."""


def judge(facts: Facts) -> list[Line]:
    """All lines of the checks that are covered and that judge this run."""
    checks = facts.run.get("checks") or [check for check, law in LAWS.items() if not law.named_only]
    lines = [
        _finite(replace(line, check=check)) for check in checks if check in LAWS for line in _lines(LAWS[check], facts)
    ]
    return [line for line in lines if not _is_spared(line, facts)]


def _is_spared(line: Line, facts: Facts) -> bool:
    """It misses a histogram that is dropped on purpose."""
    if line.check not in NEEDING_HISTOGRAMS or line.status == PASS or not facts.dropped:
        return False
    return LATENCY in facts.dropped or "view" not in line.labels


def _finite(line: Line) -> Line:
    """What is not a number decides nothing."""
    numbers = (number for number in (line.expected, line.observed) if number is not None)
    return line if all(map(math.isfinite, numbers)) else Line(line.subject, line.labels, OPEN, check=line.check)


def _lines(law: Law, facts: Facts) -> list[Line]:
    if law.needs_samples and facts.unusable:
        return [unknown("")]
    try:
        return list(law.lines(facts))
    except Unknown:
        return [unknown("")]
