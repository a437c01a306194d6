"""The gate's decisions: three ways, and never a pass on what is missing, mismatched or no number."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from scipy.stats import t as student_t

from harness.core.verdict import Status, Verdict
from harness.gate.decision import ALPHA, Decision, Measurement, Pair, Plan, ViewSample, decide, decide_stored, off_plan
from tests.unit.gate.arms import FINGERPRINT, OPEN, PLAN, VIEW, arm, jobs, pairs, with_candidate


def of(decision: Decision, subject: str) -> Verdict:
    """The verdict on one endpoint."""
    return next(verdict for verdict in decision.verdicts if verdict.subject == subject)


def test_equal_sides_pass() -> None:
    """With every endpoint judged, its effect told, and nothing left to look at."""
    decision = decide(pairs(), OPEN)
    assert decision.status is Status.PASS
    assert [verdict.subject for verdict in decision.verdicts] == [
        "", "", f"{VIEW} p50", f"{VIEW} p95", f"{VIEW} p99", "throughput", "error ratio",
    ]  # fmt: skip
    assert not decision.goes_on
    assert all(verdict.effect for verdict in decision.verdicts[2:])


def test_a_slower_candidate_fails_by_name_and_size() -> None:
    """The verdict names the view, the size and its interval."""
    verdict = of(decide(pairs(worse=1.2), PLAN), f"{VIEW} p95")
    assert verdict.status is Status.FAIL
    assert verdict.effect is not None
    assert verdict.effect.low < 0.2 < verdict.effect.high
    assert verdict.effect.change == pytest.approx(0.2, abs=0.02)
    assert verdict.expected == pytest.approx(0.020, rel=0.02)
    assert verdict.observed == pytest.approx(0.024, rel=0.02)
    assert "+20" in verdict.why
    assert "90 % interval" in verdict.why
    assert "detectable from" in verdict.why


def test_a_faster_candidate_passes() -> None:
    """Better is never a failure."""
    assert decide(pairs(worse=0.7), PLAN).status is Status.PASS


def test_a_certain_but_small_slowdown_does_not_fail() -> None:
    """+3 % is below delta; that it is below Delta too is proved, so it passes."""
    verdict = of(decide(pairs(worse=1.03, noise=0.001), PLAN), f"{VIEW} p50")
    assert verdict.status is Status.PASS


def test_noise_is_inconclusive() -> None:
    """Neither proved nor ruled out."""
    decision = decide(pairs(worse=1.05, noise=0.15), PLAN)
    assert decision.status is Status.INCONCLUSIVE
    assert "not ruled out" in of(decision, f"{VIEW} p95").why


def test_the_first_look_can_fail_and_cannot_pass() -> None:
    """At k = 5 a clear slowdown ends the gate; without one it goes on."""
    assert decide(pairs(5, worse=1.5, noise=0.005), PLAN).status is Status.FAIL
    early = decide(pairs(5, noise=0.002), PLAN)
    assert (early.status, early.goes_on) == (Status.INCONCLUSIVE, True)
    assert not decide(pairs(10, noise=0.15), PLAN).goes_on


def test_throughput_that_falls_fails() -> None:
    """-ln X: fewer requests are worse, and the change shows with its own sign."""
    slow = [Pair(pair.base, replace(pair.candidate, throughput=150.0)) for pair in pairs()]
    verdict = of(decide(slow, OPEN), "throughput")
    assert verdict.status is Status.FAIL
    assert verdict.effect is not None
    assert verdict.effect.change == pytest.approx(-0.25)
    assert verdict.effect.low < -0.25 < verdict.effect.high


def test_errors_fail_by_points() -> None:
    """From 0.2 % to 1.2 % of the requests; 0.05 points more would not."""
    more = [Pair(pair.base, replace(pair.candidate, errors=60)) for pair in pairs()]
    verdict = of(decide(more, PLAN), "error ratio")
    assert verdict.status is Status.FAIL
    assert verdict.effect is not None
    assert verdict.effect.change == pytest.approx(0.01, abs=0.0005)
    few = [Pair(pair.base, replace(pair.candidate, errors=12)) for pair in pairs()]
    assert of(decide(few, PLAN), "error ratio").status is Status.PASS


def test_no_errors_at_all_pass_with_enough_requests_only() -> None:
    """Zero of a hundred rule out nothing."""
    clean = [
        Pair(*(replace(each, requests=n, errors=0) for each in (pair.base, pair.candidate)))
        for pair, n in zip(pairs(), [5000] * 10, strict=True)
    ]
    assert of(decide(clean, PLAN), "error ratio").status is Status.PASS
    tiny = [Pair(*(replace(each, requests=50) for each in (pair.base, pair.candidate))) for pair in clean]
    assert of(decide(tiny, PLAN), "error ratio").status is Status.INCONCLUSIVE


@given(st.floats(0.5, 2), st.floats(0.0, 0.2), st.integers(0, 1000), st.sampled_from([5, 10]))
def test_what_passes_is_below_the_margin(worse: float, noise: float, seed: int, k: int) -> None:
    """PASS is impossible when the upper end of an interval reaches Delta, FAIL when the effect is below delta."""
    for verdict in decide(pairs(k, worse=worse, noise=noise, seed=seed), PLAN).verdicts:
        if verdict.check != "gate-latency":
            continue
        assert verdict.effect is not None
        if verdict.status is Status.PASS:
            assert verdict.effect.high < 0.10
            assert k == 10
        if verdict.status is Status.FAIL:
            assert verdict.effect.change >= 0.05 - 1e-12


@given(st.floats(1e-4, 1e4), st.floats(0.8, 1.3), st.integers(0, 50))
def test_the_unit_of_time_does_not_matter(scale: float, worse: float, seed: int) -> None:
    """Milliseconds or hours: the same decision."""

    def scaled(each: Measurement) -> Measurement:
        sample = each.views[VIEW]
        quantiles = {name: value * scale for name, value in sample.quantiles_s.items()}
        return replace(each, views={VIEW: ViewSample(sample.n, quantiles)})

    plain = pairs(worse=worse, noise=0.03, seed=seed)
    changed = [Pair(scaled(pair.base), scaled(pair.candidate)) for pair in plain]
    assert [v.status for v in decide(plain, PLAN).verdicts] == [v.status for v in decide(changed, PLAN).verdicts]


@given(st.permutations(range(10)))
def test_the_order_of_pairs_does_not_matter(order: list[int]) -> None:
    """Which pair came first decides nothing."""
    made = pairs(worse=1.07, noise=0.03)
    assert decide([made[i] for i in order], PLAN).status is decide(made, PLAN).status


def _views(sample: ViewSample | None) -> dict[str, ViewSample]:
    return {} if sample is None else {VIEW: sample}


def _quantiles(**changed: float) -> dict[str, ViewSample]:
    return _views(ViewSample(5000, {"p50": 0.01, "p95": 0.02, "p99": 0.04, **changed}))


DAMAGES: dict[str, dict[str, object]] = {
    "the view is missing": {"views": {}},
    "no sample": {"views": _views(ViewSample(0, {}))},
    "a count below zero": {"views": _views(ViewSample(-5, {"p50": 0.01, "p95": 0.02, "p99": 0.04}))},
    "no quantile": {"views": _views(ViewSample(5000, {}))},
    "one quantile is missing": {"views": _views(ViewSample(5000, {"p50": 0.01, "p95": 0.02}))},
    "too few for p99": {"views": _views(ViewSample(1999, {"p50": 0.01, "p95": 0.02, "p99": 0.04}))},
    "NaN": {"views": _quantiles(p95=math.nan)},
    "infinite": {"views": _quantiles(p99=math.inf)},
    "zero": {"views": _quantiles(p50=0.0)},
    "below zero": {"views": _quantiles(p50=-0.01)},
    "minus infinite": {"views": _quantiles(p50=-math.inf)},
    "no throughput": {"throughput": None},
    "throughput NaN": {"throughput": math.nan},
    "throughput zero": {"throughput": 0.0},
    "throughput infinite": {"throughput": math.inf},
    "no request": {"requests": 0, "errors": 0},
    "more errors than requests": {"errors": 6000},
    "errors below zero": {"errors": -1},
    "requests NaN": {"requests": math.nan},
    "errors NaN": {"errors": math.nan},
    "requests infinite": {"requests": math.inf},
    "another machine": {"fingerprint": {**FINGERPRINT, "machine.cpus": "2"}},
    "another load": {"fingerprint": {**FINGERPRINT, "profile.users": "20"}},
    "an unknown setting": {"fingerprint": {"machine.cpus": "4"}},
    "one setting more": {"fingerprint": {**FINGERPRINT, "data.rows": "7"}},
    "no fingerprint": {"fingerprint": {}},
    "a saturated generator": {"problems": ("a Locust process used 97 % of a core",)},
    "a load off plan": {"problems": (off_plan("arrivals", 100, 94),)},
    "not verified": {"verification": Status.INCONCLUSIVE},
}
"""What can be wrong with one arm, and must never pass."""


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("side", ["base", "candidate"])
def test_no_damage_to_one_arm_passes(damage: dict[str, object], side: str) -> None:
    """In pairs and stored: with one bad arm among equal sides the gate is inconclusive and says which arm it is."""
    made = pairs(noise=0.001)
    changed = {side: replace(getattr(made[3], side), **damage)}
    made[3] = Pair(**{"base": made[3].base, "candidate": made[3].candidate, **changed})
    _never_passes(decide(made, OPEN))
    base, candidate = jobs("base", 12, noise=0.001), jobs("new", 3, noise=0.001)
    sides = {"base": base, "candidate": candidate}
    sides[side][1] = replace(sides[side][1], **damage)  # type: ignore[arg-type]
    _never_passes(decide_stored(base, candidate, OPEN))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_to_every_arm_does_not_cancel_out(damage: dict[str, object]) -> None:
    """What is wrong alike on both sides is wrong still; equal fingerprints are not, where they tell anything."""
    made = [
        Pair(replace(pair.base, **damage), replace(pair.candidate, **damage))  # type: ignore[arg-type]
        for pair in pairs(noise=0.001)
    ]
    decision = decide(made, OPEN)
    assert decision.status is (Status.PASS if damage.get("fingerprint") else Status.INCONCLUSIVE)


def _never_passes(decision: Decision) -> None:
    assert decision.status is Status.INCONCLUSIVE
    assert not decision.goes_on
    told = [verdict for verdict in decision.verdicts if verdict.status is Status.INCONCLUSIVE]
    assert told
    assert all(verdict.why for verdict in told)


def test_a_candidate_with_untrue_metrics_fails() -> None:
    """A regression verdict on untrue numbers is worthless, so no latency is judged, and the gate fails."""
    decision = decide(with_candidate(pairs(), 2, verification=Status.FAIL), PLAN)
    assert decision.status is Status.FAIL
    assert {v.check for v in decision.verdicts if v.status is Status.FAIL} == {"gate-runs"}
    assert of(decision, f"{VIEW} p95").status is Status.INCONCLUSIVE


def test_a_base_with_untrue_metrics_is_no_fault_of_the_candidate() -> None:
    """The gate cannot tell."""
    made = pairs()
    made[0] = Pair(replace(made[0].base, verification=Status.FAIL), made[0].candidate)
    _never_passes(decide(made, PLAN))


@pytest.mark.parametrize("k", [0, 1, 2, 4, 6, 7, 9, 11])
def test_numbers_of_pairs_that_were_not_planned_decide_nothing(k: int) -> None:
    """Too few, between two looks, or beyond the last, even when the slowdown is plain."""
    assert decide(pairs(k), PLAN).status is Status.INCONCLUSIVE
    assert decide(pairs(k, worse=3), PLAN).status is Status.INCONCLUSIVE


@pytest.mark.parametrize(("base", "candidate"), [(0, 1), (9, 1), (9, 20), (10, 0), (0, 0)])
def test_too_few_jobs_decide_nothing(base: int, candidate: int) -> None:
    """Ten jobs of the baseline and one of the candidate are the least."""
    assert decide_stored(jobs("base", base), jobs("new", candidate, worse=3), PLAN).status is Status.INCONCLUSIVE


def test_stored_runs_pass_and_fail() -> None:
    """Twelve quiet jobs against three."""
    assert decide_stored(jobs("base", 12), jobs("new", 3), PLAN).status is Status.PASS
    assert decide_stored(jobs("base", 12), jobs("new", 3, worse=1.2), PLAN).status is Status.FAIL
    assert decide_stored(jobs("base", 12), jobs("new", 1, worse=1.2), PLAN).status is Status.FAIL


def test_runs_of_one_job_are_one_unit() -> None:
    """Thirty runs of three jobs are three units, and a job's value is the mean of its runs."""
    runs = [replace(run, job=f"job-{index % 3}") for index, run in enumerate(jobs("base", 30))]
    assert "3 jobs in the baseline" in decide_stored(runs, jobs("new", 1), PLAN).verdicts[0].why
    base = jobs("base", 10, noise=0.02)
    twice = [replace(run, id=f"{run.id}-again") for run in base]
    once, doubled = decide_stored(base, jobs("new", 2), PLAN), decide_stored([*base, *twice], jobs("new", 2), PLAN)
    assert of(once, f"{VIEW} p95").effect == of(doubled, f"{VIEW} p95").effect


def test_a_run_is_never_its_own_baseline() -> None:
    """The same run on both sides, the same job, or one run twice."""
    base = jobs("base", 12)
    _never_passes(decide_stored(base, base[:3], PLAN))
    _never_passes(decide_stored(base, [replace(base[0], id="another")], PLAN))
    _never_passes(decide_stored([*base, base[0]], jobs("new", 1), PLAN))
    made = pairs()
    _never_passes(decide([*made[:9], made[0]], PLAN))


def test_every_difference_is_named() -> None:
    """With both values."""
    made = with_candidate(pairs(), 0, fingerprint={**FINGERPRINT, "machine.cpus": "2", "profile.users": "11"})
    told = [v.why for v in decide(made, PLAN).verdicts if v.check == "gate-comparable"]
    assert len(told) == 2
    assert "machine.cpus: 4 (pair 1, base) / 2 (pair 1, candidate)" in told[0]
    assert "profile.users: 10 (pair 1, base) / 11 (pair 1, candidate)" in told[1]


def _also(each: Measurement, view: str, n: int) -> Measurement:
    """The arm with so many requests of another view too."""
    return replace(each, views={**each.views, view: ViewSample(n, {"p50": 0.01})})


@pytest.mark.parametrize(("n", "apart"), [(2, True), (1, False)])
def test_views_that_one_side_alone_answers_with_are_told(n: int, apart: bool) -> None:
    """Twenty requests over all pairs are not missing by chance; ten may be. Whichever side it is."""
    for made in (
        [Pair(_also(pair.base, "other", n), pair.candidate) for pair in pairs(noise=0.001)],
        [Pair(pair.base, _also(pair.candidate, "other", n)) for pair in pairs(noise=0.001)],
    ):
        decision = decide(made, PLAN)
        assert (decision.status is Status.INCONCLUSIVE) is apart
        assert any("view other answered" in verdict.why for verdict in decision.verdicts) is apart


def test_a_stored_view_is_expected_as_often_as_it_came_before() -> None:
    """A hundred requests over twelve jobs are eight of a single one, which may be none; two thousand are not."""
    for n, apart in ((8, False), (200, True)):
        base = [_also(run, "other", n) for run in jobs("base", 12, noise=0.001)]
        status = decide_stored(base, jobs("new", 1, noise=0.001), PLAN).status
        assert (status is Status.INCONCLUSIVE) is apart


def test_throughput_that_fell_fails_a_stored_gate() -> None:
    """Half as much as in the jobs before."""
    slow = [replace(run, throughput=100.0) for run in jobs("new", 2)]
    decision = decide_stored(jobs("base", 12), slow, OPEN)
    assert of(decision, "throughput").status is Status.FAIL


def test_error_ratios_are_shown_as_they_were_counted() -> None:
    """The transform's constants are no errors, and its mean is no ratio."""
    clean = [Pair(*(replace(each, errors=0) for each in (pair.base, pair.candidate))) for pair in pairs()]
    verdict = of(decide(clean, PLAN), "error ratio")
    assert (verdict.expected, verdict.observed) == (0, 0)
    verdict = of(decide(with_candidate(pairs(), 3, errors=5010), PLAN), "error ratio")
    assert verdict.expected == pytest.approx(10 / 5010)
    assert verdict.observed == pytest.approx((9 * 10 + 5010) / (10 * 5010))


def test_an_endpoint_that_cannot_be_judged_keeps_its_share() -> None:
    """A regression elsewhere still fails, and the gate is no more eager for the missing one."""
    slow = pairs(worse=1.3)
    short = [Pair(*(_shortened(each) for each in (pair.base, pair.candidate))) for pair in slow]
    decision = decide(short, PLAN)
    assert of(decision, f"{VIEW} p99").status is Status.INCONCLUSIVE
    assert "p99 needs 2000" in of(decision, f"{VIEW} p99").why
    whole, part = of(decide(slow, PLAN), f"{VIEW} p95"), of(decision, f"{VIEW} p95")
    assert part.status is Status.FAIL
    assert part.effect == whole.effect


def _shortened(each: Measurement) -> Measurement:
    return replace(each, views={VIEW: replace(each.views[VIEW], n=1000)})


def test_the_least_number_of_requests_is_enough() -> None:
    """2000 successful requests are 20 beyond p99, whatever floats make of 1 - 0.99."""
    made = [Pair(arm(f"b{j}", n=2000), arm(f"c{j}", n=2000)) for j in range(10)]
    assert of(decide(made, PLAN), f"{VIEW} p99").status is Status.PASS


@pytest.mark.parametrize(
    "made",
    [
        lambda: Plan(()),
        lambda: Plan(("a", "a")),
        lambda: Plan(("",)),
        lambda: Plan(tuple("abcdefghi")),
        lambda: Plan(("a",), looks=(3, 10)),
        lambda: Plan(("a",), looks=(10, 5)),
        lambda: Plan(("a",), looks=()),
        lambda: Plan(("a",), alpha=0.0),
        lambda: Plan(("a",), alpha=math.nan),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(made: Callable[[], Plan]) -> None:
    """When it is made, not when it is used."""
    with pytest.raises(ValueError, match=r"must|takes"):
        made()


@pytest.mark.parametrize(
    ("planned", "delivered", "off"),
    [(100, 100, False), (100, 95.0, False), (100, 105, False), (100, 94.9, True), (100, 106, True), (0, 0, True),
     (100, math.nan, True), (math.nan, 100, True), (math.inf, math.inf, True)],
)  # fmt: skip
def test_a_load_more_than_5_percent_off_plan_is_named(planned: float, delivered: float, off: bool) -> None:
    """And one that is not known is off."""
    assert bool(off_plan("arrivals", planned, delivered)) is off


@pytest.mark.parametrize("noise", [0.002, 0.02, 0.06])
def test_equal_sides_fail_no_more_often_than_promised(noise: float) -> None:
    """Over both looks and all endpoints of a thousand gates each, whatever the noise; the limit is the binomial's."""
    failed = 0
    for seed in range(1000):
        made = pairs(10, noise=noise, seed=seed)
        early = decide(made[:5], PLAN)
        failed += (decide(made, PLAN) if early.goes_on else early).status is Status.FAIL
    assert failed <= binom.isf(1e-3, 1000, ALPHA)


def test_extreme_numbers_do_not_overflow() -> None:
    """A quantile of 1e-300 s beside one of 1e300 s is a regression, not an error."""
    made = [
        Pair(replace(pair.base, views=_quantiles(p50=1e-300)), replace(pair.candidate, views=_quantiles(p50=1e300)))
        for pair in pairs()
    ]
    assert of(decide(made, PLAN), f"{VIEW} p50").status is Status.FAIL


def test_looks_share_the_error_rate() -> None:
    """The first of two looks fails only what is certain at half the alpha that a single look may spend."""
    once, twice = Plan((VIEW,), looks=(5,)), Plan((VIEW,), looks=(5, 10))
    statuses = [
        tuple(decide(pairs(5, worse=1.06 + step / 500, noise=0.02), plan).status for plan in (once, twice))
        for step in range(60)
    ]
    assert (Status.FAIL, Status.INCONCLUSIVE) in statuses
    assert not [each for each in statuses if each[1] is Status.FAIL and each[0] is not Status.FAIL]


def test_errors_have_at_least_the_spread_of_chance() -> None:
    """Error counts that happen to be alike in all pairs do not make the gate certain: the floor is that of chance."""
    alike = [Pair(replace(pair.base, errors=1), replace(pair.candidate, errors=3)) for pair in pairs(10, noise=0.0)]
    verdict = of(decide(alike, OPEN), "error ratio")
    assert verdict.effect is not None
    n, k = alike[0].base.requests, len(alike)
    spread = student_t.ppf(0.95, k - 1) * math.sqrt(2 / (4 * n) / k)  # of asin(sqrt(p)), Anscombe 1948
    slope = 2 * math.sqrt(3 / n)
    assert verdict.effect.high - verdict.effect.change == pytest.approx(spread * slope, rel=0.25)
