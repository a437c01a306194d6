"""Every path to the database, each at a rate of its own."""

import itertools

from locust import HttpUser, between, task

NUMBERS = itertools.count(1)


class Visitor(HttpUser):
    """Reads more than it writes."""

    wait_time = between(0.02, 0.1)

    @task(24)
    def read(self) -> None:
        self.client.get(f"/data/read?id={next(NUMBERS) % 100 + 1}", name="/data/read")

    @task(11)
    def list_notes(self) -> None:
        self.client.get("/data/list")

    @task(9)
    def each(self) -> None:
        self.client.get("/data/each")

    @task(7)
    def write(self) -> None:
        self.client.post("/data/write", data={"title": "from a visitor", "body": "x" * 100})

    @task(6)
    def update(self) -> None:
        self.client.post("/data/update", data={"id": str(next(NUMBERS) % 100 + 1), "title": "changed"})

    @task(5)
    def savepoint(self) -> None:
        self.client.post("/data/savepoint")

    @task(4)
    def many(self) -> None:
        self.client.post("/data/many")

    @task(3)
    def bulk(self) -> None:
        self.client.post("/data/bulk")

    @task(3)
    def given_key(self) -> None:
        self.client.post("/data/given-key")

    @task(2)
    def remove(self) -> None:
        self.client.post("/data/remove")

    @task(2)
    def slow(self) -> None:
        self.client.get("/data/slow")

    @task(1)
    def caught(self) -> None:
        self.client.get("/data/caught")

    @task(2)
    def wrong(self) -> None:
        with self.client.get("/data/wrong", catch_response=True) as response:
            if response.status_code == 500:
                response.success()
            elif response.status_code:  # without any, Locust's own error says more
                response.failure(f"expected 500, got {response.status_code}")
