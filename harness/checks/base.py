"""What a check is: an id, the queries it needs, and a pure judgement of the answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.checks.delivery import Delivery, no_request_recorded
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run, ShardState
from harness.core.verdict import Finding, Status, Strength, Tolerance, Verdict
from harness.evidence.client.probes import Probes
from harness.evidence.client.summary import ClientSummary, ViewKey
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation

ALPHA = 1e-3
"""Chance that a correct system fails one check of one run, shared by all its comparisons."""
NO_DATA = frozenset({Code.NO_ANSWER, Code.NO_SCRAPE, Code.REFUSED, Code.UNREADABLE})
"""What keeps a check from knowing the growth of a counter."""
COUNTED = frozenset({Code.AGREES, Code.SHORT, Code.MISSING, Code.OVER})
"""How two counts compare."""
NO_PROBES = Probes(MappingProxyType({}), 0)
ELSEWHERE = "(views unknown to the client)"
"""Stands for all views that no sample names."""
Key = tuple[str, str, str]
"""View, method and status."""
NO_LABELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a check may judge."""

    run: Run
    client: ClientSummary
    evidence: Evidence
    shards: tuple[ShardState, ...]
    """The shards of the measured phase."""
    probes: Probes = NO_PROBES
    """Single requests after the load."""
    hidden_redirects: int = 0
    """Requests at the most that the generator sent after a redirect and has no sample of."""
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What a law beside the checks has found already."""

    @property
    def names(self) -> Instrumentation:
        """What the target's metrics are called, under the run's namespace."""
        return registry.of(self.run)

    @property
    def metrics_view(self) -> str:
        """The view label that the scrapes themselves get: the profile's, or else the instrumentation's own."""
        return self.run.metrics_view or self.names.metrics_view

    @property
    def unusable(self) -> str:
        """Why the samples are unusable; empty when they are usable."""
        for state in self.shards:
            if state.problem or state.contradiction:
                return f"{state.shard.file}: {state.problem or state.contradiction}"
        if not self.shards:
            return "no shard of samples was recorded"
        if not self.client.responses:
            lost = self.client.lost
            if cached := sum(self.client.replayed.values()):
                return f"all {cached} responses repeat earlier ones: a cache before the app answered"
            return f"none of {lost} requests was answered" if lost else no_request_recorded(self.run.generator)
        return ""

    @property
    def lost(self) -> int:
        """Requests that may have been counted and whose response nobody recorded."""
        return self.client.lost + self.unrecorded

    @property
    def unrecorded(self) -> int:
        """Requests that were sent and are in no sample."""
        return self.run.generator.unrecorded + self.hidden_redirects

    @property
    def foreign(self) -> bool:
        """True when others use the target too: declared, or seen while it should have been quiet."""
        window = self.run.window
        return self.run.foreign_traffic or bool(window.idle_requests_start) or bool(window.idle_requests_end)

    @property
    def delivery(self) -> Delivery:
        """What became of the planned load."""
        return Delivery(self.run)

    @property
    def witnessed(self) -> bool:
        """True when the app gave its own account of at least one request."""
        return self.client.witnessed > 0

    @property
    def background(self) -> frozenset[str]:
        """View labels that others than the load cause: the scrapes, and what the profile declares."""
        return frozenset({self.metrics_view, *self.run.background})

    @property
    def kept_counters(self) -> tuple[str, ...]:
        """The counters that a check may read, without those that the scrape job drops."""
        return tuple(metric for metric in self.names.counters if metric not in self.run.dropped)

    def is_known(self, view: str) -> bool:
        """True when samples of this view carry the metric's own view label: witnessed or mapped."""
        return view in self.client.witnessed_views or view in self.run.views.values()


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a check cannot see in any run. What limits several checks, or some runs, stands in report/blind_spots.py."""

    id: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `judge` yields at least one verdict, whatever the facts; but for `optional` ones.

    These yield none where neither the app nor the metric reports on their subject: not every app has a database.
    """

    id: str
    queries: Callable[[Run], tuple[Query, ...]]
    judge: Callable[[Facts], tuple[Verdict | Finding, ...]]
    """Called through `results`."""
    codes: frozenset[Code]
    """Those that its verdicts may have."""
    optional: bool = False
    needs_samples: bool = False
    """Nothing can be judged without usable samples: `judge` is not called then."""
    unseen: tuple[Unseen, ...] = ()

    def results(self, facts: Facts) -> tuple[Verdict | Finding, ...]:
        """The verdicts and findings of a run; one verdict that says why where there is nothing to judge."""
        if self.needs_samples and facts.unusable:
            return (unusable(self.id, "", facts),)
        found = self.judge(facts)
        if not found and not self.optional:
            return (inconclusive(self.id, "", Code.NO_VERDICT, "it found nothing to judge in this run"),)
        return found


def name_of(key: ViewKey) -> str:
    """How a view and method are called in verdicts; the key of everything is `all views`."""
    return " ".join(key) if any(key) else "all views"


def labels_of(key: ViewKey, **more: str) -> Mapping[str, str]:
    """The labels of a verdict on a view and method; the key of everything has none of the two."""
    view, method = key
    return {name: value for name, value in {"view": view, "method": method, **more}.items() if value}


def settled(
    check: str,
    subject: str,
    code: Code,
    why: str,
    *,
    expected: float | None = None,
    observed: float | None = None,
    tolerance: Tolerance | None = None,
    unit: str = "",
    strength: Strength = Strength.EXACT,
    labels: Mapping[str, str] = NO_LABELS,
) -> Verdict:
    """The verdict on what was measured: PASS when it agrees, else FAIL."""
    status = Status.PASS if code is Code.AGREES else Status.FAIL
    return Verdict(
        check,
        subject,
        status,
        why,
        expected,
        observed,
        tolerance,
        unit,
        strength,
        code=code,
        labels=dict(labels),
    )


def inconclusive(
    check: str,
    subject: str,
    code: Code,
    why: str,
    *,
    expected: float | None = None,
    observed: float | None = None,
    unit: str = "",
    strength: Strength = Strength.EXACT,
    labels: Mapping[str, str] = NO_LABELS,
) -> Verdict:
    """The verdict when something could not be measured."""
    return Verdict(
        check,
        subject,
        Status.INCONCLUSIVE,
        why,
        expected,
        observed,
        unit=unit,
        strength=strength,
        code=code,
        labels=dict(labels),
    )


def unanswered(
    check: str,
    subject: str,
    answer: NoData,
    *,
    strength: Strength = Strength.EXACT,
    labels: Mapping[str, str] = NO_LABELS,
) -> Verdict:
    """The verdict when what it rests on has no answer."""
    return inconclusive(check, subject, answer.code, answer.reason, strength=strength, labels=labels)


def unusable(check: str, subject: str, facts: Facts, labels: Mapping[str, str] = NO_LABELS) -> Verdict:
    """The verdict when the samples are unusable."""
    why = f"the samples are unusable: {facts.unusable}"
    return inconclusive(check, subject, Code.SAMPLES_UNUSABLE, why, labels=labels)
