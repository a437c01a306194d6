"""Reads and writes of the database in unequal shares."""

import itertools

from locust import HttpUser, between, task

NUMBERS = itertools.count(1)


class Visitor(HttpUser):
    """Reads more than it writes."""

    wait_time = between(0.02, 0.1)

    @task(12)
    def read(self) -> None:
        self.client.get(f"/data/read?id={next(NUMBERS) % 100 + 1}", name="/data/read")

    @task(5)
    def list_notes(self) -> None:
        self.client.get("/data/list")

    @task(3)
    def write(self) -> None:
        self.client.post("/data/write", data={"title": "from a visitor", "body": "x" * 100})

    @task(2)
    def update(self) -> None:
        self.client.post("/data/update", data={"id": str(next(NUMBERS) % 100 + 1), "title": "changed"})
