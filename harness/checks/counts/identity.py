"""Are the responses counted under the instance that gave them, and under the labels that it says of itself?

The witness says where its process listens and, if the app declares them, labels such as `pod`. Relabelling and static
labels of the scrape job decide what the series carry. For each view, method and status whose total over all series is
the client's, each instance must have exactly its own part: no response moved from one to the other. A total that
differs is what request-counts reports, and says nothing of identity.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.comparison import apart
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.client.server_timing import labels_in
from harness.evidence.prometheus_evidence import CounterIncrease
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "identity"
INSTANCE = "instance"
Key = tuple[str, str, str]
"""View, method and status."""
Counts = Mapping[str, Counter[Key]]
"""Responses by the value of one label."""
ADVICE = (
    "relabel_configs, static labels or the file of targets give this target another one's name, or what the app says "
    "of itself (WITNESS) is out of date"
)


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses by status, view and method."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (UP, registry.of(run).responses_by_view))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """A verdict for each value of each label that processes say of themselves and the series carry."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    claims = _claims(facts)
    if not claims:
        return ()
    if isinstance(items, NoData):
        return (unanswered(ID, "", items),)
    label = facts.names.labels.view
    load = [item for item in items if item.labels.get(label) not in facts.background]
    return tuple(
        verdict
        for name, said in sorted(claims.items())
        if _is_comparable(name, said, load, facts)
        for verdict in _judge_label(name, said, load, facts)
    )


def _claims(facts: Facts) -> dict[str, dict[str, Counter[Key]]]:
    """By label and value, how many responses came from processes that say so."""
    own = facts.names.labels
    claims: dict[str, dict[str, Counter[Key]]] = {}
    for answered, number in facts.client.identified.items():
        key = (answered.view, facts.names.method_label(answered.method), str(answered.status))
        said = {INSTANCE: answered.instance, **labels_in(answered.labels)}
        for name, value in said.items():
            if value and name not in (own.view, own.method, own.status):
                claims.setdefault(name, {}).setdefault(value, Counter())[key] += number
    return claims


def _is_comparable(name: str, said: Counts, load: Sequence[CounterIncrease], facts: Facts) -> bool:
    """Whether a difference would mean anything.

    An address is a process's own view of itself: 0.0.0.0 or a container's port is true, and nothing that is scraped.
    """
    if name == INSTANCE:
        return said.keys() <= {*facts.run.instances, *(item.labels.get(INSTANCE, "") for item in load)}
    return any(name in item.labels for item in load)


def _judge_label(name: str, said: Counts, load: Sequence[CounterIncrease], facts: Facts) -> Iterator[Verdict]:
    labels = facts.names.labels
    reported: dict[str, Counter[Key]] = {}
    for (value, *key), grown in prometheus_evidence.by(load, name, labels.view, labels.method, labels.status).items():
        if grown:
            view, method, status = key
            reported.setdefault(value, Counter())[(view, method, status)] += round(grown)
    expected, observed = _total(said), _total(reported)
    spare = facts.client.responses - sum(facts.client.between.values()) - sum(expected.values()) + facts.lost
    judged = {
        key
        for key in expected
        if expected[key] <= observed[key] and (facts.foreign or observed[key] <= expected[key] + spare)
    }
    if not judged:
        why = (
            f"no view, method and status has the client's total of responses, so their parts by {name} cannot be "
            "compared; see request-counts"
        )
        yield inconclusive(ID, name, Code.COUNTS_DIFFER, why, labels={"label": name})
        return
    for value in sorted({*said, *reported}):
        yield _judge_value(name, value, said, reported, judged, spare, facts)


def _judge_value(
    name: str, value: str, said: Counts, reported: Counts, judged: set[Key], spare: int, facts: Facts
) -> Verdict:
    """One value of one label: short where fewer are reported than came from it, over where more are."""
    own, seen = said.get(value, Counter()), reported.get(value, Counter())
    expected, observed = (sum(number for key, number in each.items() if key in judged) for each in (own, seen))
    wrong = [
        key for key in sorted(judged) if seen[key] < own[key] or (not facts.foreign and seen[key] > own[key] + spare)
    ]
    basis = "foreign traffic: only a lower bound" if facts.foreign else "exact"
    if spare and not facts.foreign:
        basis = f"exact, up to {spare} more for responses whose process is not known"
    what = f'{name}="{value}"' if value else f"no {name}"
    saw = f"processes with {what} gave {expected:,} responses, series with {what} count {observed:,}"
    code, why = Code.AGREES, saw
    if wrong:
        worst = max(wrong, key=lambda key: abs(seen[key] - own[key]))
        code = apart(own[worst], seen[worst]) if name == INSTANCE or (own and seen) else Code.LABEL_DIFFERS
        why = f"{saw}; e.g. {' '.join(worst)}: {own[worst]:,} given, {seen[worst]:,} counted; {ADVICE}"
    return settled(
        ID,
        f"{name} {value}" if value else f"without {name}",
        code,
        why,
        expected=expected,
        observed=observed,
        tolerance=None if facts.foreign else Tolerance(0, spare, basis),
        unit="responses",
        strength=Strength.ONE_SIDED if facts.foreign else Strength.EXACT,
        labels={"label": name, "value": value},
    )


def _total(counts: Counts) -> Counter[Key]:
    total: Counter[Key] = Counter()
    for each in counts.values():
        total.update(each)
    return total


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.COUNTS_DIFFER, Code.LABEL_DIFFERS, Code.SAMPLES_UNUSABLE},
    optional=True,
    needs_samples=True,
    unseen=(
        Unseen(
            "equal-processes",
            "Two processes that are taken for each other and gave the same numbers of everything",
            "exchanging them changes no number",
        ),
    ),
)
