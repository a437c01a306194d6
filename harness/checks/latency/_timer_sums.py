"""What the timers' sums must lie between: part of `timer-span` that needs no gap per view."""

import math
from collections.abc import Mapping

from harness.checks.background import exporters, scrapes_by_others
from harness.checks.base import Facts, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.core.codes import Code
from harness.core.query import NoData, NoSeries, Query, Reading
from harness.core.run import Run
from harness.core.verdict import Strength, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.client.summary import ALL, ViewKey
from harness.instrumentation import registry
from harness.promql.own_series import SCRAPE_DURATION, UP

ID = "timer-span"


def queries(run: Run) -> tuple[Query, ...]:
    """How long Prometheus says each scrape took, when they were, and who else scraped."""
    names = registry.of(run)
    metrics = (SCRAPE_DURATION, UP, names.arrived, names.answered, names.responses_by_view)
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge_middlewares(facts: Facts, found: dict[ViewKey, Histogram]) -> Verdict:
    """The sum over all requests lies between the sums of the two witnesses, the scrapes' own time added to both.

    A scrape takes at least what its view was timed and at most what Prometheus waited for it; on one that Prometheus
    gave up the target may have worked for longer, so that nothing bounds the sum from above. A response without a
    witness took no less than nothing and no longer than the client waited: then the client's sum is the upper one.
    """
    subject = "all views, including middlewares"
    whole, latency = found.get(ALL), facts.client.latency[ALL]
    sums = prometheus_evidence.deltas(facts.run, facts.evidence, f"{facts.names.latency_by_view}_sum")
    scrapes = facts.evidence.read(prometheus_evidence.raw_query(facts.run, SCRAPE_DURATION))
    if whole is None or isinstance(sums, NoData) or isinstance(scrapes, NoData):
        why = "the histogram or the scrapes' duration is not known"
        absent = next((each for each in (sums, scrapes) if isinstance(each, NoData)), NoSeries())
        return inconclusive(ID, subject, absent.code, why, strength=Strength.WITNESS)
    silent = latency.client.n - latency.outer.n
    if not latency.outer.n:
        why = "no response carried the outer witness"
        return inconclusive(ID, subject, Code.NO_WITNESS, why, strength=Strength.WITNESS)
    times = prometheus_evidence.scrape_times(facts.run, facts.evidence)
    if isinstance(times, NoData):
        return unanswered(ID, subject, times, strength=Strength.WITNESS)
    label = facts.names.labels.view
    declared = [view for view in facts.run.background if prometheus_evidence.total(sums, **{label: view})]
    least_s = latency.inner.sum_s + prometheus_evidence.total(sums, **{label: facts.metrics_view})
    counted = exporters(facts)
    own = {instance: at for instance, at in times.items() if instance in counted}
    most_s = (latency.client.sum_s if silent else latency.outer.sum_s) + _scraping_s(facts, own, scrapes)
    given_up = math.isinf(most_s)
    open_above = facts.foreign or bool(declared or facts.lost or scrapes_by_others(facts)) or given_up
    fine = least_s <= whole.sum_s * (1 + 1e-9) and (open_above or whole.sum_s <= most_s)
    above = f", {most_s:.6g} s by the {'client' if silent else 'outer one'}, scrapes included"
    if given_up:
        above = ", scrapes included; no upper bound, as the target worked on scrapes that Prometheus had given up"
    why = f"{whole.sum_s:.6g} s in all, {least_s:.6g} s by the inner witness{above}"
    if not fine:
        why += f": {facts.names.advice.overall_timer} does not span what lies between the two (wrong unit, or moved)"
    code = Code.TOO_HIGH if whole.sum_s > most_s else Code.TOO_LOW
    return settled(
        ID,
        subject,
        Code.AGREES if fine else code,
        why,
        expected=least_s,
        observed=whole.sum_s,
        tolerance=None if open_above else Tolerance(0, max(most_s - least_s, 0.0), "the two witnesses"),
        unit="s",
        strength=Strength.ONE_SIDED if open_above or silent else Strength.WITNESS,
    )


def _scraping_s(facts: Facts, times: Mapping[str, tuple[float, ...]], scrapes: Reading) -> float:
    """What Prometheus waited for the scrapes whose own time is in the counters of the last one.

    Infinite where it gave one up.
    """
    waited_s, known = 0.0, prometheus_evidence.targets(facts.run, facts.evidence)
    up = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP))
    for series in up.series if isinstance(up, Reading) else ():
        counted = times.get(known.name(series.labels), ())[:-1]
        if any(value != 1 and time_s in counted for time_s, value in series.points):
            return math.inf
    for series in scrapes.series:
        counted = times.get(known.name(series.labels), ())[:-1]
        waited_s += sum(value for time_s, value in series.points if time_s in counted)
    return waited_s


def judge_views(facts: Facts, found: dict[ViewKey, Histogram]) -> list[Verdict]:
    """Without a witness: what the metric timed cannot exceed what the client waited."""
    verdicts = []
    for key in sorted(found):
        latency = facts.client.latency.get(key)
        if latency is None or round(found[key].total) != latency.client.n:
            continue
        fine = found[key].sum_s <= latency.client.sum_s
        why = f"the metric timed {found[key].sum_s:.6g} s in all, the client waited {latency.client.sum_s:.6g} s"
        if not fine:
            why += ": it reports more time than the requests took: wrong unit, or observed more than once"
        verdicts.append(
            settled(
                ID,
                name_of(key),
                Code.AGREES if fine else Code.TOO_HIGH,
                why,
                expected=latency.client.sum_s,
                observed=found[key].sum_s,
                unit="s",
                strength=Strength.ONE_SIDED,
                labels=labels_of(key),
            )
        )
    return [*verdicts, _judge_sum_of_all(facts, found)]


def _judge_sum_of_all(facts: Facts, found: dict[ViewKey, Histogram]) -> Verdict:
    """Over all views: sure when even with the scrapes in it the metric's time is less, or without them is more."""
    client_s = facts.client.latency[ALL].client.sum_s
    with_scrapes_s = found[ALL].sum_s if ALL in found else math.inf
    once_s = sum(histogram.sum_s for key, histogram in found.items() if key != ALL)
    whole = sum(histogram.total for key, histogram in found.items() if key != ALL)
    saw = f"the client waited {client_s:.6g} s in all, the metric timed {with_scrapes_s:.6g} s with the scrapes in it"
    if with_scrapes_s <= client_s:
        code, observed_s = Code.AGREES, with_scrapes_s
        return settled(
            ID, "all views", code, saw, expected=client_s, observed=observed_s, unit="s", strength=Strength.ONE_SIDED
        )
    if once_s > client_s and round(whole) == facts.client.responses:
        why = f"{saw}, and {once_s:.6g} s without: it reports more time than the requests took: wrong unit"
        code, observed_s = Code.TOO_HIGH, once_s
        return settled(
            ID, "all views", code, why, expected=client_s, observed=observed_s, unit="s", strength=Strength.ONE_SIDED
        )
    why = f"{saw}; without a witness it is not known what the scrapes took"
    return inconclusive(ID, "all views", Code.UNDECIDED, why, strength=Strength.ONE_SIDED)
