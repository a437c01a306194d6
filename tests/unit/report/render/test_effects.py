"""What a gate's report shows in every format."""

import pytest

from harness.core.verdict import Status
from harness.gate.decision import decide, decide_stored
from harness.gate.decision import report as gate_report
from harness.report.render import FORMATS, console, effects, folding, headline, json_report
from harness.report.render import number_format as fmt
from tests.unit.gate.arms import PLAN, VIEW, jobs, pairs, with_candidate
from tests.unit.report.render.sample import HOSTILE, passing
from tests.unit.report.render.sample_gate import gated


@pytest.mark.parametrize(
    ("worse", "status", "words"),
    [(1.0, "pass", "No regression"), (1.2, "fail", "The candidate does not pass the gate")],
)
def test_a_gate_has_its_own_headline(worse: float, status: str, words: str) -> None:
    """It says nothing about the truth of metrics."""
    report = gated(worse)
    assert (report.status, headline.headline(report)) == (Status(status), words)


def test_every_format_shows_base_candidate_change_and_what_was_detectable() -> None:
    """Also where all passed: the minimum detectable effect is always told."""
    for report in (gated(1.0), gated(1.2)):
        shown = {name: render(report) for name, render in FORMATS.items() if name in ("report.html", "summary.md")}
        shown["console"] = console.render(report, width=160, color=False)
        row = next(row for row in effects.effect_rows(report) if row.subject == f"{VIEW} p95")
        for text in shown.values():
            assert "Base beside candidate" in text
            assert "compared in pairs" in text
            for cell in row.cells[1:]:
                assert cell in text
            assert "Client beside metric" not in text


def test_a_gates_report_is_read_again() -> None:
    """With the effects."""
    report = gated()
    assert json_report.parse(json_report.render(report)) == report


def test_an_endpoint_without_value_shows_dashes() -> None:
    """It is neither left out nor zero."""
    made = with_candidate(pairs(), 0, views={})
    decision = decide(made, PLAN)
    report = gate_report.report(
        decision, gate="pairs", id="g", started_s=0.0, profile="", scenario="", measurements=[made[0].base]
    )
    row = effects.effect_rows(report)[0]
    assert (row.status, row.cells) == (Status.INCONCLUSIVE, (f"{VIEW} p50", *[fmt.UNKNOWN] * 5))


def test_the_report_of_a_run_has_no_effects() -> None:
    """Its verdicts have units too."""
    assert effects.effect_rows(passing()) == ()


def test_a_stored_gate_says_that_it_is_one() -> None:
    """And recommends pairs."""
    base, new = jobs("base", 12), jobs("new", 2)
    report = gate_report.report(
        decide_stored(base, new, PLAN),
        gate="stored",
        id="g",
        started_s=0.0,
        profile="ci",
        scenario="s",
        measurements=[*base, *new],
    )
    for text in (FORMATS["summary.md"](report), console.render(report, width=160, color=False, verbose=True)):
        assert "compared with a stored baseline" in text
        assert "in pairs instead" in " ".join(text.split())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_are_made_safe(name: str) -> None:
    """A view may be called anything."""
    made = with_candidate(pairs(), 0, fingerprint={name: "1"}, id=name)
    arms = [made[0].candidate]
    report = gate_report.report(
        decide(made, PLAN), gate="pairs", id=name, started_s=0.0, profile=name, scenario=name, measurements=arms
    )
    for file, render in FORMATS.items():
        text = render(report)
        assert text.encode("utf-8")
        assert file == "report.json" or "<script>alert" not in text


@pytest.mark.parametrize(
    ("share", "unit", "text"),
    [
        (0.123, "s", "+12.3 %"),
        (-0.05, "requests/s", "\N{MINUS SIGN}5.0 %"),
        (0.0012, "ratio", "+0.12 pp"),
        (12.5, "s", "+1,250.0 %"),
        (2162691.39, "s", "> +10,000 %"),
    ],
)
def test_a_change_is_told_with_its_sign(share: float, unit: str, text: str) -> None:
    """Shares of the base, points of a ratio."""
    assert fmt.change(share, unit) == text


def test_a_gate_that_fails_looks_for_no_cause_in_the_monitoring() -> None:
    """The candidate is slower: nobody is sent to mend a metric."""
    report = gated()
    for render in FORMATS.values():
        text = str(render(report))
        assert "ikely cause" not in text
        assert "nown cause" not in text
    card = folding.card(report)
    assert card is not None
    assert card.title == "What fails the gate"
    assert folding.card(gated(1.0)) is None
