"""Runs that another load generator than Locust made."""

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import Facts, hidden_redirects, probes
from harness.checks.histograms import Histogram
from harness.checks.response_counts import lost_requests
from harness.checks.validity import generator_health
from harness.core.codes import Code, FindingCode
from harness.core.run import GeneratorHealth
from harness.core.unsaid import Unsaid
from harness.core.verdict import Status, Strength
from harness.evidence.client.probes import Answer
from harness.evidence.client.summary import ALL
from harness.instrumentation.django_prometheus.metrics import RESPONSES_BY_VIEW
from tests.unit.checks.facts import RUN, VIEW, counted, facts, gaps, latency, values

FOLLOWS = replace(RUN, unsaid=(Unsaid.REDIRECTS,))


def health(**more: Any) -> GeneratorHealth:
    made = GeneratorHealth(0, 4, 10.0, 10.2, 0.3, 0.001, 0, loaded_s=10.2, stalled_s=0.1, tool="k6", log="logs/l.log")
    return replace(made, **{"accepted_exits": (0, 99), **more})


def judged(**more: Any) -> Facts:
    return facts(answered={("shop:cart", "GET", 200): 5}, run={"generator": health(**more), "arrival_rate": None})


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({}, Code.AGREES, "k6 ran for 10.2 s and ended with exit code 0"),
        ({"exit_code": 99}, Code.AGREES, "ended with exit code 99"),
        ({"exit_code": 1}, Code.GENERATOR_CRASHED, "k6 ended with exit code 1; see logs/l.log"),
        ({"exit_code": -9}, Code.GENERATOR_CRASHED, "k6 was killed by SIGKILL"),
        ({"loaded_s": 4.0}, Code.LOAD_CUT, "the load ended after 4.0 s of 10 s"),
    ],
)
def test_a_command_is_held_to_its_exit_code_and_its_duration(more: dict[str, Any], code: Code, words: str) -> None:
    """It has no users that the profile planned."""
    verdict = generator_health._judge_load(judged(**more))
    assert verdict.code is code
    assert words in verdict.why


@pytest.mark.parametrize(
    ("planned", "begun", "codes"),
    [(None, None, []), (100, 97, [Code.AGREES]), (100, 90, [Code.NOT_DELIVERED])],
)
def test_what_it_dropped_was_planned(planned: int | None, begun: int | None, codes: list[Code]) -> None:
    """A tool that drops nothing, or does not say, has no such verdict."""
    verdicts = generator_health._judge_arrivals(judged(planned_arrivals=planned, begun_arrivals=begun))
    assert [verdict.code for verdict in verdicts] == codes


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cpu_ratio": 0.97}, "k6 used 97% of its CPU (limit 90%)"),
        ({"loop_lag_s": 0.3}, "a process beside k6 lagged by 300 ms (limit 50 ms)"),
        ({"cpu_ratio": None}, "the CPU and the lag of k6 are not known"),
    ],
)
def test_a_busy_command_knows_no_latencies(more: dict[str, Any], words: str) -> None:
    verdict = generator_health._judge_saturation(judged(**more))
    assert (verdict.status, verdict.code) == (Status.INCONCLUSIVE, Code.SATURATED)
    assert words in verdict.why
    assert "--workers" not in verdict.why


def test_a_command_that_is_not_busy_passes() -> None:
    assert "k6 used 30% of its CPU" in generator_health._judge_saturation(judged()).why


def counts(*numbers: tuple[str, str, float]) -> Facts:
    """What the metric counted, of a client that had five responses and one redirect."""
    answered = {("shop:cart", "GET", 200): 5, ("shop:old", "GET", 302): 1}
    made = facts(answered=answered)
    labels = [
        ((("instance", "a"), ("view", view), ("method", "GET"), ("status", status)), number)
        for view, status, number in numbers
    ]
    return replace(made, run=FOLLOWS, evidence=counted(FOLLOWS, {RESPONSES_BY_VIEW: dict(labels)}))


@pytest.mark.parametrize(
    ("counted_", "hidden"),
    [
        ((("shop:cart", "200", 5.0), ("shop:old", "302", 1.0)), 0),
        ((("shop:cart", "200", 5.0), ("shop:old", "302", 4.0)), 3),
        ((("shop:cart", "200", 9.0), ("shop:old", "302", 1.0)), 0),
        ((("shop:cart", "200", 5.0), ("shop:new", "301", 2.0), ("shop:old", "302", 4.0)), 5),
        ((("shop:cart", "304", 5.0),), 0),
        ((("prometheus-django-metrics", "302", 5.0),), 0),
    ],
)
def test_hidden_redirects_are_those_that_the_metric_has_and_the_samples_lack(
    counted_: tuple[tuple[str, str, float], ...], hidden: int
) -> None:
    """Nothing else that is counted too much explains itself."""
    made = hidden_redirects.noted(counts(*counted_))
    assert made.hidden_redirects == hidden
    assert lost_requests(made, "shop:cart", "GET") == hidden + made.run.generator.unrecorded
    found = [each for each in generator_health._unrecorded(made) if each.code is FindingCode.UNRECORDED]
    assert len(found) == bool(hidden)


def test_a_load_whose_hops_have_samples_hides_none() -> None:
    """Nor does one of which nothing is known."""
    made = counts(("shop:old", "302", 4.0))
    assert hidden_redirects.noted(replace(made, run=RUN)).hidden_redirects == 0
    unknown = replace(made, evidence=facts().evidence)
    assert hidden_redirects.noted(unknown).hidden_redirects == 0


@pytest.mark.parametrize(("sum_s", "code"), [(0.001, Code.AGREES), (0.0299, Code.AGREES), (0.04, Code.TOO_HIGH)])
def test_a_probe_without_gaps_of_the_load_bounds_the_time_from_above(sum_s: float, code: Code) -> None:
    """How much may be missing, only a load with a witness says."""
    answers = tuple(Answer(200, 0.02, 0.01, None) for _ in range(3))
    verdict = probes._judge_time(facts(), VIEW, answers, Histogram(((0.5, 3.0), (math.inf, 3.0)), sum_s))
    assert (verdict.code, verdict.strength) == (code, Strength.ONE_SIDED)
    assert (verdict.tolerance, verdict.power) == (None, None)


@pytest.mark.parametrize(("stall_s", "code"), [(0.009, Code.AGREES), (0.011, Code.TOO_LOW)])
def test_one_probe_may_be_held_up_between_two_steps(stall_s: float, code: Code) -> None:
    """For 10 ms, even where no request of the load was."""
    quick = latency(values(*[0.001] * 30), values(*[0.001] * 30), gaps(*[1e-4] * 30))
    given = facts(
        {VIEW: quick, ALL: quick}, answered={(*VIEW, 200): 30}, run={"generator": replace(RUN.generator, stalled_s=0.0)}
    )
    given = replace(given, client=replace(given.client, witnessed=30))
    answers = tuple(Answer(200, 0.2, 0.1, None) for _ in range(3))
    verdict = probes._judge_time(given, VIEW, answers, Histogram(((0.5, 3.0), (math.inf, 3.0)), 0.3 - stall_s))
    assert verdict.code is code
