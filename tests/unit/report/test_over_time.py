"""Moments that are made as samples come equal those made of all of them."""

import random
from array import array
from collections import Counter

from harness.core.query import Series
from harness.evidence.client.second_counter import SecondCounter
from harness.evidence.prometheus_evidence import running_increase
from harness.report.over_time import Accounts, Curve, moments

START_S = 1_000_000.0


def counter(rng: random.Random, scrapes: int) -> list[tuple[float, float]]:
    value, points = float(rng.randrange(50)), []
    for index in range(-2, scrapes):
        value = 0.0 if rng.random() < 0.05 else value + rng.randrange(20)
        points.append((START_S + index * 2 + rng.choice((0.0, 0.001)), value))
    return points


def test_a_curve_that_grows_is_the_curve_of_all_samples() -> None:
    """However the samples are cut and repeated, restarts included."""
    rng = random.Random(7)
    for _ in range(50):
        points, curve, place = counter(rng, 30), Curve({}, START_S), 0
        while place < len(points):
            step = rng.randrange(1, 6)
            new = curve.extend(points[max(place - 3, 0) : place + step])
            assert new == points[place][0]
            assert curve.extend(points[max(place - 1, 0) : place + step]) is None
            place += step
        whole = running_increase(Series({}, tuple(points)), START_S)
        for time_s, grown in whole.items():
            assert curve.between(START_S - 100, time_s) == grown


def accounts(seconds: int) -> Accounts:
    rng = random.Random(3)
    curve = Curve({}, START_S)
    curve.extend([(START_S + index, float(10 * index)) for index in range(seconds)])
    bins = array("L", [0] * 140)
    bins[50] = 9
    begun = Counter({int(START_S) + second: rng.randrange(5, 15) for second in range(seconds)})
    latencies = dict.fromkeys(begun, bins)
    shown = {START_S + second: 9.5 for second in range(seconds)}
    return Accounts(START_S, 1.0, 0.25, begun, Counter(), latencies, shown, [curve], {1.0: [curve]})


def test_a_moment_does_not_depend_on_what_comes_later() -> None:
    """Once its own span is known."""
    early, late = moments(accounts(12), range(11)), moments(accounts(40), range(40))
    assert early == late[:11]


def test_the_panel_is_silent_while_it_looks_back_to_the_warm_up() -> None:
    """Its first four scrapes; the client is known from the first."""
    made = moments(accounts(12), range(8))
    assert [point.metric is None for point in made] == [True] * 4 + [False] * 4
    assert all(point.client is not None for point in made)


def test_old_moments_can_be_forgotten() -> None:
    """What is left gives the same."""
    known = accounts(60)
    before = moments(known, range(50, 60))
    counted = SecondCounter()
    counted.started.update(known.started)
    counted.latencies.update(known.latencies)
    counted.forget(START_S + 40)
    for curve in known.errors or ():
        curve.forget(START_S + 40)
    left = Accounts(
        START_S, 1.0, 0.25, counted.started, {}, counted.latencies, known.shown, known.errors, known.buckets
    )
    assert min(counted.started) == START_S + 40
    assert moments(left, range(50, 60)) == before
