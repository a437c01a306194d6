"""Slow and fast views side by side: where latency histograms and percentiles are put to the test."""

import itertools

from locust import FastHttpUser, between, task

NUMBERS = itertools.count(1)
DELAYS_MS = itertools.cycle((10, 40, 160))


class Visitor(FastHttpUser):
    """Mostly waits for the server."""

    wait_time = between(0.01, 0.05)

    @task(10)
    def slow(self) -> None:
        self.client.get(f"/work/slow?n={next(NUMBERS)}", name="/work/slow")

    @task(5)
    def wait(self) -> None:
        self.client.get(f"/work/wait?ms={next(DELAYS_MS)}", name="/work/wait")

    @task(3)
    def cpu(self) -> None:
        self.client.get("/work/cpu")

    @task(2)
    def fast(self) -> None:
        self.client.get("/work/fast")
