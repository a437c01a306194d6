"""Do the counters of body sizes, charset, template, transport, AJAX and streaming show what each request had?

The inner witness stands immediately outside the middleware that counts these, and reports the same values of the same
request and response.

Counts: a value's count is the number of responses that had it. The scrapes are responses too: all of them have one
charset and one transport, which nobody else knows, so their number is added to the value with the largest excess.

Sizes: of the histogram's bins (b', b] each must hold at least the load's own; what it holds beyond, d, are the scrapes,
whose sizes are not known. They are whole numbers in (b', b], so the sum must lie between the load's own plus
d (floor(b') + 1) over all bins, and the load's own plus d floor(b).
"""

import math
from collections.abc import Iterator, Sequence

from harness.checks import background, witness_counts
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, settled, unanswered
from harness.checks.comparison import Count, equal
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.client.summary import Sizes
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.roles import Attributes
from harness.promql.own_series import UP

ID = "attributes"
SHORT = "responses with it are counted under another value, or the code that counts them has an early exit"
OVER = "responses with another value are counted under it"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw counts of each, and what tells the scrapes."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in _metrics(registry.of(run)))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """A verdict for each value of each attribute, then for each histogram of sizes."""
    has = facts.names.attributes
    if has is None or not facts.client.attributed:
        return ()
    extra = background.background_requests(facts)
    if isinstance(extra, NoData):
        return (unanswered(ID, "", extra),)
    scrapes, _ = extra
    kinds = (
        ("charset", has.charset, has.charset_label, scrapes),
        ("template", has.template, has.template_label, 0),
        ("transport", has.transport, facts.names.labels.transport, scrapes),
        ("ajax", has.ajax, "", 0),
        ("streaming", has.streaming, "", 0),
    )
    return (
        *(verdict for kind in kinds for verdict in _judge_kind(facts, *kind)),
        *_judge_sizes(facts, has),
    )


def _metrics(names: Instrumentation) -> tuple[str, ...]:
    has = names.attributes
    if has is None:
        return ()
    sizes = (f"{histogram}_{part}" for histogram in has.sizes for part in ("bucket", "sum"))
    return (
        *(UP, names.arrived, names.answered, names.responses_by_view),
        *(has.charset, has.template, has.transport, has.ajax, has.streaming),
        *sizes,
    )


def _judge_kind(facts: Facts, kind: str, metric: str, label: str, scrapes: int) -> Iterator[Verdict]:
    """Each value of one attribute; a metric without a label has the value ''."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, metric)
    if isinstance(items, NoData):
        yield unanswered(ID, kind, items, labels={"attribute": kind})
        return
    own = {has.value: number for has, number in facts.client.attributes.items() if has.kind == kind}
    seen = {value: grown for (value,), grown in prometheus_evidence.by(items, label).items() if grown}
    expected = {value: own.get(value, 0) for value in sorted({*own, *seen})}
    if scrapes and expected:
        theirs = max(expected, key=lambda value: seen.get(value, 0.0) - expected[value])
        expected[theirs] += scrapes
    for value, number in expected.items():
        count = Count(
            ID,
            f"{kind} {value}".strip(),
            number,
            seen.get(value, 0.0),
            "responses",
            SHORT,
            OVER,
            expected_by="the witness, with the scrapes," if scrapes else "the witness",
            observed_by=metric,
            labels={"attribute": kind, "value": value},
        )
        yield equal(count, facts, lost=facts.lost, unseen=witness_counts.unseen(facts, once=True))


def _judge_sizes(facts: Facts, has: Attributes) -> Iterator[Verdict]:
    accounts = (
        ("requests", has.request_bodies, facts.client.request_sizes),
        ("responses", has.response_bodies, facts.client.response_sizes),
    )
    for what, histogram, sizes in accounts:
        parts = (f"{histogram}_bucket", f"{histogram}_sum")
        deltas = prometheus_evidence.growth(facts.run, facts.evidence, parts)
        if isinstance(deltas, NoData):
            yield unanswered(ID, f"sizes of {what}", deltas, labels={"attribute": f"{what[:-1]}-size"})
            continue
        buckets, sums = prometheus_evidence.buckets(deltas[parts[0]]), deltas[parts[1]]
        if sizes.n and buckets and sums:
            yield _judge_histogram(what, histogram, sizes, buckets, prometheus_evidence.total(sums))


def _judge_histogram(
    what: str, histogram: str, sizes: Sizes, buckets: Sequence[tuple[float, float]], total: float
) -> Verdict:
    least = most = float(sizes.total)
    below_bound, below_seen, below_own = -1.0, 0.0, 0
    short: tuple[float, float, int] | None = None
    for bound, cumulated in buckets:
        own = sizes.at_or_below.get(bound, sizes.n)
        seen_here, own_here = cumulated - below_seen, own - below_own
        beyond = seen_here - own_here
        if beyond < 0 and short is None:
            short = (bound, seen_here, own_here)
        if beyond > 0:
            least += beyond * (math.floor(below_bound) + 1)
            most += beyond * (math.floor(bound) if math.isfinite(bound) else math.inf)
        below_bound, below_seen, below_own = bound, cumulated, own
    subject, labels = f"sizes of {what}", {"attribute": f"{what[:-1]}-size"}
    if short is not None:
        bound, seen_here, own_here = short
        why = (
            f"{histogram} has {seen_here:,.10g} bodies of {what} in the bucket up to {bound:,.10g} bytes, the witness "
            f"reports {own_here:,}: sizes are reported in another unit, or of other bodies"
        )
        code = Code.SHORT if seen_here else Code.MISSING
        return settled(ID, subject, code, why, expected=own_here, observed=seen_here, unit="bodies", labels=labels)
    code = Code.SHORT if total < least else Code.OVER if total > most else Code.AGREES
    most_text = f"{most:,.10g}" if math.isfinite(most) else "any number"
    why = (
        f"{histogram}_sum grew by {total:,.10g} bytes; the load's own bodies have {sizes.total:,}, with what the "
        f"buckets hold beyond them {least:,.10g} to {most_text}"
    )
    if code is not Code.AGREES:
        why = f"{why}: the sum is in another unit than the buckets, or of other bodies"
    basis = "the load's own sizes are exact; those of scrapes lie within the buckets that hold them"
    return settled(
        ID,
        subject,
        code,
        why,
        expected=sizes.total,
        observed=total,
        tolerance=Tolerance(sizes.total - least, most - sizes.total, basis) if math.isfinite(most) else None,
        unit="bytes",
        strength=Strength.EXACT,
        labels=labels,
    )


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.SAMPLES_UNUSABLE},
    optional=True,
    needs_samples=True,
    unseen=(
        Unseen(
            "bytes-on-the-wire",
            "How many bytes went over the wire, and templates that a view rendered itself",
            "sizes are those of the bodies, and the metric counts no such template either",
        ),
    ),
)
