"""When requests are due in an open model: planned ahead, whatever the target answers.

A closed model waits for an answer before it sends the next request, so a slow target is asked less often and its worst
moments are hardly sampled: coordinated omission. Source: Tene, How NOT to Measure Latency; the two models: Schroeder,
Wierman and Harchol-Balter, Open Versus Closed: A Cautionary Tale, NSDI 2006.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 4096
"""Arrivals that are drawn at a time; part of what a seed means, as is numpy's generator."""
LEAST_USERS = 10
PATIENCE_S = 1.0
"""There are as many users as arrivals in this time: a mean latency above it makes arrivals late."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The plan of one phase."""

    rate: float
    """Arrivals per second, on average, over all Locust processes."""
    duration_s: float
    seed: int

    def times_s(self) -> Iterator[float]:
        """Seconds after the start, rising, below the duration: a Poisson process, the same for the same seed.

        Many people who know nothing of each other come as a Poisson process (Palm-Khintchine), in bunches and lulls.
        """
        random = np.random.default_rng(self.seed)
        reached_s = 0.0
        while True:
            for time_s in (reached_s + np.cumsum(random.exponential(1 / self.rate, CHUNK))).tolist():
                if time_s >= self.duration_s:
                    return
                reached_s = time_s
                yield time_s

    def share_s(self, part: int, parts: int) -> Iterator[float]:
        """Those of one of several Locust processes: every `parts`-th, from the `part`-th on, counted from 0."""
        return (time_s for number, time_s in enumerate(self.times_s()) if number % parts == part)

    @property
    def planned(self) -> int:
        """How many there are."""
        return sum(1 for _ in self.times_s())

    def users(self, workers: int) -> int:
        """How many users stand ready for them, over all Locust processes."""
        return max(LEAST_USERS, workers, math.ceil(self.rate * PATIENCE_S))
