"""Gates drawn from measured pairs."""

from dataclasses import replace

import pytest

from harness.core.verdict import Status
from harness.gate.decision import Plan, power
from harness.gate.decision.power import Rates
from tests.unit.gate.arms import PLAN, VIEW, pairs, with_candidate


def test_quiet_pairs_raise_no_alarm_and_show_a_slowdown() -> None:
    """With 1 % of noise hardly any gate fails without a change, and each sees 10 %."""
    quiet = pairs(10, noise=0.01)
    none = power.rates(quiet, PLAN, 300, exchange=True)
    assert none.fails <= 0.02
    assert none.passes > 0.9
    slow = power.rates(power.slowed(quiet, [VIEW], 1.1), PLAN, 300, exchange=False)
    assert slow.fails > 0.95
    assert slow.passes == 0


def test_noise_makes_gates_inconclusive() -> None:
    """With 30 % of noise a gate neither passes nor sees 10 %."""
    noisy = power.slowed(pairs(10, noise=0.3), [VIEW], 1.1)
    drawn = power.rates(noisy, PLAN, 200, exchange=False)
    assert drawn.inconclusive > 0.5
    assert drawn.fails + drawn.passes + drawn.inconclusive == pytest.approx(1)


def test_the_same_seed_draws_the_same_gates() -> None:
    """Judging again from the files gives the same figures."""
    made = pairs(10, noise=0.05)
    assert power.rates(made, PLAN, 50, exchange=True) == power.rates(made, PLAN, 50, exchange=True)


def test_exchanging_sides_takes_a_difference_out() -> None:
    """A constant difference fails every gate as it is, and none when the sides are exchanged at random."""
    worse = pairs(10, worse=1.2, noise=0.01)
    assert power.rates(worse, PLAN, 100, exchange=False).fails == 1
    assert power.rates(worse, PLAN, 100, exchange=True).fails < 0.1


def test_what_cannot_be_compared_never_passes() -> None:
    """An arm that was not verified, and a view that nobody asked for."""
    unverified = with_candidate(pairs(10), 3, verification=Status.INCONCLUSIVE)
    always = [replace(pair, base=replace(pair.base, verification=Status.INCONCLUSIVE)) for pair in unverified]
    assert power.rates(always, PLAN, 50, exchange=True) == Rates(50, 0, 0, 1)
    assert power.rates(pairs(10), Plan(("nobody:asks",)), 50, exchange=True) == Rates(50, 0, 0, 1)


def test_only_the_views_named_are_slowed() -> None:
    """The base and other views stay."""
    made = pairs(5)
    assert power.slowed(made, ["another"], 2.0) == made
    slowed = power.slowed(made, [VIEW], 2.0)
    for before, after in zip(made, slowed, strict=True):
        assert after.base == before.base
        was, now = before.candidate.views[VIEW].quantiles_s, after.candidate.views[VIEW].quantiles_s
        assert now == {kind: 2 * value for kind, value in was.items()}


@pytest.mark.parametrize(("k", "gates"), [(0, 10), (5, 0)])
def test_nothing_to_draw_is_an_error(k: int, gates: int) -> None:
    """No pairs, or no gates."""
    with pytest.raises(ValueError, match="no gate"):
        power.rates(pairs(k), PLAN, gates, exchange=True)
