"""Are the responses counted under the process that gave them?"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.checks.base import Facts
from harness.checks.counts import identity
from harness.core.codes import Code
from harness.core.verdict import Status, Verdict
from harness.evidence.client.summary import Answered
from harness.instrumentation.django_prometheus import metrics
from tests.unit.checks.facts import counted, facts

Said = Mapping[tuple[str, str, str], int]
"""Responses by instance, labels and view."""
Told = Mapping[tuple[str, str, str], float]
"""The same by the series: instance, value of the label `app` (none when empty) and view."""


def told(said: Said, told: Told, *, silent: int = 0, foreign: bool = False, lost: int = 0) -> Facts:
    """GETs with status 200 by what processes say and by what the series carry."""
    answered = {(view, "GET", 200): 0 for _, _, view in said}
    for (_, _, view), number in said.items():
        answered[(view, "GET", 200)] += number
    if silent:
        answered[("silent", "GET", 200)] = silent
    made = facts(
        answered=answered, unanswered={("/cart", "GET"): lost} if lost else {}, run={"foreign_traffic": foreign}
    )
    identified = {
        Answered(instance, labels, view, "GET", 200): number for (instance, labels, view), number in said.items()
    }
    series = {
        (
            *(("instance", instance), ("view", view), ("method", "GET"), ("status", "200")),
            *((("app", app),) if app else ()),
        ): value
        for (instance, app, view), value in told.items()
    }
    evidence = counted(made.run, {metrics.RESPONSES_BY_VIEW: series})
    return replace(made, client=replace(made.client, identified=identified), evidence=evidence)


def codes(found: Facts) -> dict[str, Code]:
    return {result.subject: result.code for result in identity.judge(found) if isinstance(result, Verdict)}


TWO = {("a:1", "", "x"): 5, ("b:1", "", "x"): 7, ("a:1", "", "y"): 2}


@pytest.mark.parametrize(
    ("said", "series", "expected"),
    [
        (TWO, TWO, {"instance a:1": Code.AGREES, "instance b:1": Code.AGREES}),
        (
            TWO,
            {("a:1", "", "x"): 7, ("b:1", "", "x"): 5, ("b:1", "", "y"): 2},
            {"instance a:1": Code.OVER, "instance b:1": Code.SHORT},
        ),
        (
            TWO,
            {("a:1", "", "x"): 6, ("b:1", "", "x"): 6, ("a:1", "", "y"): 2},
            {"instance a:1": Code.OVER, "instance b:1": Code.SHORT},
        ),
        ({("0.0.0.0:1", "", "x"): 5}, {("a:1", "", "x"): 5}, {}),
        ({("a:1", "", "x"): 5, ("c:1", "", "x"): 7}, {("a:1", "", "x"): 12}, {}),
        ({("", "", "x"): 5}, {("a:1", "", "x"): 5}, {}),
        ({("", "app=shop", "x"): 5}, {("a:1", "", "x"): 5}, {}),
        ({("", "app=shop", "x"): 5}, {("a:1", "shop", "x"): 5}, {"app shop": Code.AGREES}),
        (
            {("", "app=shop", "x"): 5},
            {("a:1", "blog", "x"): 5},
            {"app shop": Code.LABEL_DIFFERS, "app blog": Code.LABEL_DIFFERS},
        ),
        (
            {("", "app=shop", "x"): 5, ("", "app=blog", "x"): 6},
            {("a:1", "blog", "x"): 5, ("b:1", "shop", "x"): 6},
            {"app shop": Code.OVER, "app blog": Code.SHORT},
        ),
        (
            {("", "app=shop", "x"): 5},
            {("a:1", "shop", "x"): 3, ("b:1", "", "x"): 2},
            {"app shop": Code.SHORT, "without app": Code.LABEL_DIFFERS},
        ),
        ({("", "app=a%20b view=z", "x"): 5}, {("a:1", "a b", "x"): 5}, {"app a b": Code.AGREES}),
        (TWO, {("a:1", "", "x"): 4, ("b:1", "", "x"): 7}, {"instance": Code.COUNTS_DIFFER}),
        (
            TWO,
            {("a:1", "", "x"): 1, ("b:1", "", "x"): 1, ("a:1", "", "y"): 2},
            {"instance a:1": Code.AGREES, "instance b:1": Code.AGREES},
        ),
    ],
)
def test_a_process_has_its_own_part(said: Said, series: Told, expected: dict[str, Code]) -> None:
    """Where its own name is one that Prometheus knows, and where the total is right; else nothing is claimed."""
    assert codes(told(said, series)) == expected


@pytest.mark.parametrize(("silent", "lost"), [(1, 0), (0, 1)])
def test_a_response_that_nobody_claims_may_be_anybodys(silent: int, lost: int) -> None:
    """One without a witness, or one that the client gave up on: one more is no error, one less is."""
    more = {("a:1", "", "x"): 6, ("b:1", "", "x"): 7, ("a:1", "", "y"): 2}
    assert set(codes(told(TWO, more, silent=silent, lost=lost)).values()) == {Code.AGREES}
    less = {("a:1", "", "x"): 4, ("b:1", "", "x"): 8, ("a:1", "", "y"): 2}
    assert codes(told(TWO, less, silent=silent, lost=lost))["instance a:1"] is Code.SHORT


def test_of_others_traffic_only_the_lower_bound_is_left() -> None:
    """More is theirs; less is lost."""
    more = {("a:1", "", "x"): 50, ("b:1", "", "x"): 7, ("a:1", "", "y"): 2}
    assert set(codes(told(TWO, more, foreign=True)).values()) == {Code.AGREES}
    swapped = {("a:1", "", "x"): 50, ("b:1", "", "x"): 6, ("a:1", "", "y"): 2}
    assert codes(told(TWO, swapped, foreign=True))["instance b:1"] is Code.SHORT


def test_an_answer_from_a_cache_in_between_is_nobodys() -> None:
    """It makes no room for a response that is counted elsewhere."""
    found = told({("a:1", "", "x"): 5, ("b:1", "", "x"): 5}, {("a:1", "", "x"): 6, ("b:1", "", "x"): 4}, silent=3)
    found = replace(found, client=replace(found.client, between={("silent", "GET", 200): 3}))
    assert codes(found) == {"instance a:1": Code.OVER, "instance b:1": Code.SHORT}


def test_without_an_answer_it_is_open() -> None:
    """The counter was never asked for."""
    found = told(TWO, TWO)
    (verdict,) = identity.judge(replace(found, evidence=counted(found.run, {})))
    assert isinstance(verdict, Verdict)
    assert verdict.status is Status.INCONCLUSIVE
