"""One view above all, for a regression gate: enough requests for a p99 soon, and the same delays each time."""

import itertools

from locust import FastHttpUser, between, task

NUMBERS = itertools.count(1)


class Visitor(FastHttpUser):
    """Mostly asks for the view that is gated."""

    wait_time = between(0.02, 0.1)

    @task(9)
    def slow(self) -> None:
        self.client.get(f"/work/slow?n={next(NUMBERS)}", name="/work/slow")

    @task(1)
    def fast(self) -> None:
        self.client.get("/work/fast")
