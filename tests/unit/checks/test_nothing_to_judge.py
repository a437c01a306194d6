"""A check that finds nothing to judge never passes in silence."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.checks import CHECKS, Check
from harness.core.codes import Code
from harness.core.verdict import Status, Verdict
from harness.evidence.client.summary import ALL, Latency, ViewKey
from harness.evidence.prometheus_evidence import Evidence
from harness.report import verification
from tests.unit.checks.facts import facts, gaps, latency, values

ONE: Mapping[ViewKey, Latency] = {
    ("shop:cart", "GET"): latency(values(0.2), values(0.1), gaps(0.001)),
    ALL: latency(values(0.2), values(0.1), gaps(0.001)),
}


BY_THE_CLIENT = frozenset({"generator-health", "blind-spot", "thresholds"})


def idle(*, optional: bool) -> Check:
    return Check("idle", lambda _: (), lambda _: (), frozenset({Code.AGREES}), optional=optional)


def test_it_is_inconclusive_unless_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a code that no check has to declare, so that the run is judged and does not crash."""
    for optional, expected in ((False, [(Status.INCONCLUSIVE, Code.NO_VERDICT)]), (True, [])):
        monkeypatch.setattr(verification, "CHECKS", (idle(optional=optional),))
        monkeypatch.setattr(verification, "UNNAMED", ("idle",))
        judged = facts(ONE)
        report = verification.verify(replace(judged, run=replace(judged.run, checks=("idle",))))
        assert [(each.status, each.code) for each in report.verdicts if each.check == "idle"] == expected


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.id))
def test_no_check_passes_without_any_answer_of_prometheus(check: Check) -> None:
    """Whatever rests on the client alone may pass; what rests on the metrics may not."""
    judged = replace(facts(ONE), evidence=Evidence({}))
    passed = [each for each in check.results(judged) if isinstance(each, Verdict) and each.status is Status.PASS]
    of_the_window = [each for each in passed if each.subject in ("clock", "foreign traffic")]
    assert check.id in BY_THE_CLIENT or passed == of_the_window
