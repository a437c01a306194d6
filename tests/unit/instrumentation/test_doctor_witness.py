"""The doctor on the witness: each way to misplace it, and what it says of one that is off or absent."""

import pytest

from harness.instrumentation.diagnosis import Health
from harness.instrumentation.django_prometheus.doctor import WitnessFacts, WitnessMode
from harness.instrumentation.django_prometheus.doctor.settings import AFTER, BEFORE
from harness.instrumentation.django_prometheus.doctor.witness import INNER, OUTER, diagnose_witness

COMMON = "django.middleware.common.CommonMiddleware"
PLACES = (OUTER, BEFORE, COMMON, INNER, AFTER)


def judge(*middleware: str, mode: WitnessMode = WitnessMode.ON, refusal: str = "") -> tuple[Health, str]:
    """The one diagnosis of these middlewares."""
    facts = WitnessFacts(mode, refusal, frozenset({OUTER}) & set(middleware), frozenset({INNER}) & set(middleware))
    (found,) = diagnose_witness("site.settings", middleware, frozenset({AFTER}), facts)
    return found.status, found.text


MISPLACED = [
    ("outer not first", (COMMON, OUTER, BEFORE, INNER, AFTER), f"has {COMMON!r} above the outer witness"),
    ("outer below Before", (BEFORE, OUTER, INNER, AFTER), f"make {OUTER!r} the first line"),
    ("outer missing", (BEFORE, INNER, AFTER), "the inner witness alone"),
    ("inner missing", (OUTER, BEFORE, AFTER), f"add {INNER!r} immediately above"),
    ("outer twice", (OUTER, OUTER, BEFORE, INNER, AFTER), "outer witness 2 times"),
    ("inner twice", (OUTER, BEFORE, INNER, INNER, AFTER), "inner witness 2 times"),
    ("one in between", (OUTER, BEFORE, INNER, COMMON, AFTER), f"has {COMMON!r} between"),
    ("inner below After", (OUTER, BEFORE, AFTER, INNER), "below PrometheusAfterMiddleware"),
]


@pytest.mark.parametrize(("middleware", "says"), [row[1:] for row in MISPLACED], ids=[row[0] for row in MISPLACED])
@pytest.mark.parametrize("mode", [WitnessMode.ON, WitnessMode.OFF])
def test_a_wrong_place_is_a_fault(middleware: tuple[str, ...], says: str, mode: WitnessMode) -> None:
    """With the line to change, also while it is off."""
    status, text = judge(*middleware, mode=mode)
    assert status is Health.FAULT
    assert says in text


MODES = [
    (WitnessMode.ON, Health.OK, "every response carries the account"),
    (WitnessMode.TOKEN, Health.OK, "witness_token_env"),
    (WitnessMode.OFF, Health.OK, "off; WITNESS ="),
    (WitnessMode.REFUSED, Health.FAULT, "WITNESS['token'] is empty"),
    (WitnessMode.ABSENT, Health.UNKNOWN, "could not be read"),
]


@pytest.mark.parametrize(("mode", "status", "says"), MODES)
def test_in_its_places_it_is_on_off_or_by_token(mode: WitnessMode, status: Health, says: str) -> None:
    """And a setting that Django would refuse is a fault."""
    found, text = judge(*PLACES, mode=mode, refusal="ImproperlyConfigured: WITNESS['token'] is empty")
    assert found is status
    assert says in text


@pytest.mark.parametrize(
    ("mode", "says"),
    [(WitnessMode.ABSENT, "pip install ./witness"), (WitnessMode.OFF, f"add {OUTER!r} as the first line")],
)
def test_without_one_a_single_line_says_what_it_would_bring(mode: WitnessMode, says: str) -> None:
    """It is optional, so nothing is at fault."""
    status, text = judge(BEFORE, COMMON, AFTER, mode=mode)
    assert status is Health.OK
    assert "bounds latencies from both sides" in text
    assert says in text


def test_without_an_after_middleware_the_inner_place_is_unknown() -> None:
    """That After is missing is a fault of its own."""
    assert judge(OUTER, BEFORE, INNER)[0] is Health.UNKNOWN


def test_a_witness_of_the_apps_own_is_left_alone() -> None:
    """Its class name ends in Witness."""
    assert "witness of its own, 'site.OuterWitness'" in judge("site.OuterWitness", BEFORE, AFTER)[1]
