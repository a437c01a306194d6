"""What the gate's test of itself says."""

from harness.core.verdict import Status
from harness.gate import self_test
from harness.gate.decision.power import Rates
from harness.gate.self_test import SelfTest, Tried


def test_what_was_not_drawn_has_no_rates() -> None:
    """Not 100 % of anything."""
    unknown = Tried(Status.FAIL, 1, ("pair 1, candidate",), None)
    found = SelfTest(
        1, 3, "HEAD", ("shop:item",), 1.1, injected=True, same=unknown, slowed=unknown, detectable={}, why="so"
    )
    text = self_test.render(found, "somewhere")
    assert "false-positive rate not known, power not known at +10 %" in text
    assert "%" not in text.split("not known at +10 %")[1]


def test_rates_are_shown_in_per_cent() -> None:
    """With the least effect of each endpoint."""
    same, slowed = (Tried(Status.PASS, 10, (), Rates(1000, fails, 1 - fails, 0.0)) for fails in (0.002, 0.97))
    found = SelfTest(
        1,
        0,
        "HEAD",
        ("shop:item",),
        1.1,
        injected=True,
        same=same,
        slowed=slowed,
        detectable={"shop:item p95": 0.034},
        why="so",
    )
    text = self_test.render(found, "somewhere")
    assert "false-positive rate 0.2 %, power 97.0 % at +10 %" in text
    assert "shop:item p95: detectable from +3.4 %" in text
