"""The check of alerts on a stored run, with rules and the states that Prometheus would have stored of them."""

import pytest

from harness.core.verdict import Finding, Status, Verdict
from tests.recorded.alerted import UP, Alerted
from tests.recorded.stored import StoredRun


def status(result: Verdict | Finding) -> Status | None:
    return result.status if isinstance(result, Verdict) else None


@pytest.fixture
def always(clean_run: StoredRun) -> Alerted:
    """An alert whose expression holds all the time, so that it fires from the fourth evaluation on."""
    return Alerted(clean_run, f"max by (job, app) ({UP}) >= 0.5")


def test_an_alert_that_fires_when_it_must_passes(always: Alerted) -> None:
    """It was pending for three seconds, and fires with the value beside the limit."""
    result = always.judged({"pending": [0, 1, 2], "firing": always.places(3)})
    assert status(result) is Status.PASS
    assert isinstance(result, Verdict)
    assert result.why.startswith("it fires, as expected")
    assert "the value is 1, the limit >= 0.5" in result.why


def test_an_alert_that_never_fires_fails(always: Alerted) -> None:
    """Prometheus stored nothing of it, or left it pending."""
    result = always.judged({"pending": always.places(0)})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was pending and had to be firing" in result.why


def test_an_alert_that_prometheus_does_not_know_fails(always: Alerted) -> None:
    """Silence where it had to be at least pending."""
    result = always.judged({})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was silent and had to be" in result.why


def test_an_alert_that_fires_without_a_reason_fails(clean_run: StoredRun) -> None:
    """Its expression gave nothing in any evaluation."""
    alerted = Alerted(clean_run, f"max by (job, app) ({UP}) < 0.5")
    result = alerted.judged({"firing": [8]})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was firing and could be at most silent" in result.why


def test_a_silent_alert_passes_with_the_nearest_value(clean_run: StoredRun) -> None:
    """Silent as it must be, and how far it was from the limit."""
    result = Alerted(clean_run, f"max by (job, app) ({UP}) < 0.5").judged({})
    assert status(result) is Status.PASS
    assert isinstance(result, Verdict)
    assert result.observed == 1
    assert "it is silent, as expected" in result.why


def test_a_silent_alert_without_any_series_is_not_proved(clean_run: StoredRun) -> None:
    """A name that nobody exports looks the same as a value that is never bad."""
    result = Alerted(clean_run, "sum(django_http_responses_total_by_status) > 5").judged({})
    assert isinstance(result, Finding)
    assert result.code == "unproved-alert"
    assert "no series" in result.text


NOTHING = f"max by (job, app) ({UP}) * 0 / 0"


def test_what_is_no_number_is_never_above_a_limit(clean_run: StoredRun) -> None:
    """The ratio of an idle view is NaN; the nearest value is that of another one."""
    other = f'label_replace(max by (job, app) ({UP}), "view", "b", "", "")'
    result = Alerted(clean_run, f"({NOTHING} or {other}) > 2").judged({})
    assert isinstance(result, Verdict)
    assert (result.status, result.observed) == (Status.PASS, 1.0)


def test_an_alert_on_nothing_but_idle_views_is_not_proved(clean_run: StoredRun) -> None:
    """It is silent, and nothing shows that it would fire."""
    result = Alerted(clean_run, f"{NOTHING} > 2").judged({})
    assert isinstance(result, Finding)
    assert "is NaN in" in result.text


def test_an_alert_of_two_rules_is_not_judged(clean_run: StoredRun) -> None:
    """Which of them made a sample does not show; the others are judged."""
    alerted = Alerted(clean_run, f"max by (job, app) ({UP}) < 0.5")
    clean_run.change_run(lambda run: run["rules"].append({**run["rules"][0], "for_s": 1.0}))
    alerted.store({})
    findings = [each for each in clean_run.judge().findings if each.check == "alerts"]
    assert [(each.code, "another rule makes the same series" in each.text) for each in findings] == [
        ("unproved-alert", True)
    ] * 2


def test_a_value_at_the_limit_is_too_close_to_tell(clean_run: StoredRun) -> None:
    """Within rounding of it, either state is right and none is proved."""
    alerted = Alerted(clean_run, f"max by (job, app) ({UP}) > 1")
    result = alerted.judged({})
    assert status(result) is Status.INCONCLUSIVE
    assert isinstance(result, Verdict)
    assert "too close to tell" in result.why


def test_a_rule_that_prometheus_cannot_evaluate_fails_with_its_reason(always: Alerted) -> None:
    """Its last error, as Prometheus tells it."""
    result = always.judged({}, health="err")
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "Prometheus cannot evaluate it (boom)" in result.why


def test_without_evaluations_nothing_passes(always: Alerted) -> None:
    """Prometheus never evaluated the group, or nobody asked."""
    always.evaluations = []
    result = always.judged({})
    assert status(result) is Status.INCONCLUSIVE


def test_a_label_that_is_a_template_tells_no_alerts_apart(clean_run: StoredRun) -> None:
    """Its value is made for each alert, so it is not asked for; one that is no template is."""
    for value, expected in (("{{ $labels.job }}", Status.PASS), ("other", Status.FAIL)):
        alerted = Alerted(clean_run, f"max by (job, app) ({UP}) >= 0.5", labels={"severity": value})
        result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)}, severity="django")
        assert status(result) is expected


def test_an_alert_on_a_record_follows_from_what_it_stored(clean_run: StoredRun) -> None:
    """Which follows from the raw samples."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP})")
    result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)})
    assert status(result) is Status.PASS


def test_a_record_that_stored_something_else_fails(clean_run: StoredRun) -> None:
    """It is told by its own name, with what it had to be."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP})")
    result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)}, recorded="2", name="r")
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert (result.observed, result.expected) == (2.0, 1.0)
    assert "it recorded 2, expected 1" in result.why


def test_what_cannot_be_evaluated_is_not_proved(clean_run: StoredRun) -> None:
    """Nothing is claimed of it."""
    result = Alerted(clean_run, f"{UP} offset 5m < 1").judged({})
    assert isinstance(result, Finding)
    assert "offset" in result.text


def test_a_record_that_cannot_be_evaluated_is_told(clean_run: StoredRun) -> None:
    """The alert that reads it is judged on what it stored, and the finding says so."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP} @ 5)")
    states = {"pending": [0, 1, 2], "firing": alerted.places(3)}
    result = alerted.judged(states, name="r")
    assert isinstance(result, Finding)
    assert "@ with a time" in result.text
    assert "not known; alerts that read it are judged on what it recorded" in result.text


def test_an_alert_on_a_record_that_is_made_from_itself_is_not_proved(clean_run: StoredRun) -> None:
    """Nothing is claimed of it, whether it fires or not."""
    for firing in (True, False):
        alerted = Alerted(clean_run, "r >= 0.5", record="r + 1")
        result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)} if firing else {})
        assert isinstance(result, Finding)
        assert "computed from itself" in result.text
