from dataclasses import replace

import pytest

from harness.core.codes import Code
from harness.core.report import Limitation
from harness.core.verdict import Status, Verdict
from harness.report.render import headline
from harness.report.render.headline import Kind
from harness.report.render.overview import NOTHING_JUDGED
from tests.unit.report.render.sample import coarse, empty, failing, inconclusive, partly, passing


def test_sentence() -> None:
    """The count of checks adds up, as a sentence; a check without anything to judge is not counted as passed."""
    assert headline.sentence(passing()) == "All 15 checks passed."
    assert headline.sentence(failing()) == "11 of 15 checks passed, 3 failed, 1 could not be judged."
    assert headline.sentence(partly()) == "15 of 17 checks passed, 2 had nothing to judge."
    assert headline.sentence(empty()) == NOTHING_JUDGED
    assert headline.idle(partly()) == ("cache", "migrations")


def test_the_headline_claims_no_more_than_is_proved() -> None:
    """All, what is proved, or counts alone."""
    assert headline.headline(passing()) == "The metrics match what happened"
    assert headline.headline(partly()) == "What is proved matches what happened"
    panels = replace(partly(), scenario="")
    assert headline.headline(panels) == "What is proved of the panels is what the metrics hold"
    assert headline.headline(coarse()) == "Counts true, percentiles too coarse"
    assert headline.headline(replace(coarse(), percentile_ratio=5.0)) == "The metrics match what happened"
    assert headline.headline(failing()) == "The metrics do not match what happened"


@pytest.mark.parametrize(
    ("failed", "said", "unsure"),
    [
        (
            ("dashboards",),
            "The metrics match what happened, but a panel, record or alert does not",
            "A panel, record or alert is wrong, and not all metrics could be judged",
        ),
        (
            ("thresholds",),
            "The metrics match what happened, but a limit of the profile is not kept",
            "A limit of the profile is not kept, and not all metrics could be judged",
        ),
        (("dashboards", "rate"), *[headline.HEADLINES[Status.FAIL]] * 2),
        ((), *[headline.HEADLINES[Status.FAIL]] * 2),
    ],
)
def test_a_wrong_panel_is_no_wrong_metric(failed: tuple[str, ...], said: str, unsure: str) -> None:
    """Nor is a limit that is not kept; a failure without a verdict claims nothing."""
    verdicts = [Verdict(check, "", Status.FAIL, "wrong", code=Code.SHORT) for check in failed]
    report = replace(passing(), status=Status.FAIL, verdicts=(*passing().verdicts, *verdicts))
    assert headline.headline(report) == said
    open_ = Verdict("rate", "", Status.INCONCLUSIVE, "open", code=Code.NO_ANSWER)
    assert headline.headline(replace(report, verdicts=(*report.verdicts, open_))) == unsure


def test_what_no_run_shows_does_not_change_the_headline() -> None:
    """Nor does what an account lacks: neither is a share of the verdicts."""
    beside = {Limitation.LAW, Limitation.ACCOUNT}
    entries = tuple(each for each in partly().not_proved if each.limitation in beside)
    assert headline.headline(replace(partly(), not_proved=entries)) == "The metrics match what happened"


def test_three_statements_each_with_its_share() -> None:
    """Proved, wrong, not seen; each says how much of the run it concerns."""
    found = {each.kind: each for each in headline.statements(partly())}
    assert list(found) == [Kind.PROVED, Kind.WRONG, Kind.UNSEEN]
    assert found[Kind.PROVED].share == "20 of 26 verdicts in full, 6 in part"
    assert found[Kind.WRONG].share == "none"
    assert found[Kind.UNSEEN].share == "31 of 80 panels, 1 of 12 alerts, 3 checks"
    assert "cache, migrations" in found[Kind.UNSEEN].text
    found = {each.kind: each for each in headline.statements(failing())}
    assert found[Kind.WRONG].share == "3 of 27 verdicts"
    assert found[Kind.WRONG].text == "request-counts 1, rate 1, timer-span 1"
    assert found[Kind.UNSEEN].share == "1 of 27 verdicts"
    assert headline.statements(empty()) == ()


def test_percentiles_are_as_fine_as_the_buckets() -> None:
    """The bucket, what is shown, what the app measured, what users waited."""
    text = headline.statements(passing())[0].text
    assert "p95 of all views lies between 5.00 ms and 10.0 ms, the panel shows 9.16 ms, the app measured 8.79" in text
    assert text.endswith("users waited 14.1 ms")


@pytest.mark.parametrize(("quantile", "is_said"), [("p95", False), ("p99", True)])
def test_a_percentile_that_is_wrong_is_not_among_what_is_proved(quantile: str, is_said: bool) -> None:
    """That over all views is made of those of the views."""
    labels = {"view": "a", "quantile": quantile}
    wrong = Verdict("percentiles", f"a {quantile}", Status.FAIL, "low", code=Code.TOO_LOW, labels=labels)
    report = replace(passing(), status=Status.FAIL, verdicts=(*passing().verdicts, wrong))
    assert ("p95 of all views" in headline.statements(report)[0].text) is is_said


def test_too_coarse_names_the_furthest_and_the_buckets() -> None:
    """Only of a run that passes: where metrics are wrong, other buckets would not mend them."""
    found = {each.kind: each for each in headline.statements(coarse())}
    assert found[Kind.COARSE].share.startswith("2 of ")
    assert "p95 of work:fast GET lies between 0 s and 5.00 ms, the panel shows 4.75 ms" in found[Kind.COARSE].text
    assert headline.setting(coarse()).startswith("PROMETHEUS_LATENCY_BUCKETS = (0.000")
    assert headline.setting(coarse()).endswith(', float("inf"))')
    assert headline.setting(passing()) == headline.setting(inconclusive()) == ""
    broken = replace(coarse(), status=failing().status, verdicts=failing().verdicts)
    assert Kind.COARSE not in {each.kind for each in headline.statements(broken)}
    assert headline.setting(broken) == ""
