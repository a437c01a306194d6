"""Requests of every kind, each path at a rate of its own, so that swapped labels show."""

import itertools

from locust import FastHttpUser, between, task

NUMBERS = itertools.count(1)
DELAYS_MS = itertools.cycle((5, 20, 60))


class Visitor(FastHttpUser):
    """Waits a little between requests; ten visitors make about 130 requests a second."""

    wait_time = between(0.02, 0.1)

    @task(120)
    def fast(self) -> None:
        self.client.get("/work/fast")

    @task(110)
    def slow(self) -> None:
        self.client.get(f"/work/slow?n={next(NUMBERS)}", name="/work/slow")

    @task(17)
    def wait(self) -> None:
        self.client.get(f"/work/wait?ms={next(DELAYS_MS)}", name="/work/wait")

    @task(11)
    def cpu(self) -> None:
        self.client.get("/work/cpu")

    @task(19)
    def read(self) -> None:
        self.client.get(f"/data/read?id={next(NUMBERS) % 100 + 1}", name="/data/read")

    @task(7)
    def list_notes(self) -> None:
        self.client.get("/data/list")

    @task(4)
    def write(self) -> None:
        self.client.post("/data/write", data={"title": "from a visitor", "body": "x" * 100})

    @task(5)
    def update(self) -> None:
        self.client.post("/data/update", data={"id": str(next(NUMBERS) % 100 + 1), "title": "changed"})

    @task(23)
    def cache_hit(self) -> None:
        self.client.get("/data/cache-hit")

    @task(13)
    def cache_miss(self) -> None:
        self.client.get("/data/cache-miss")

    @task(22)
    def cache_many(self) -> None:
        self.client.get("/data/cache-many")

    @task(20)
    def cache_or_set(self) -> None:
        self.client.get("/data/cache-or-set")

    @task(21)
    def cache_falsy(self) -> None:
        self.client.get("/data/cache-falsy")

    @task(24)
    def each(self) -> None:
        self.client.get("/data/each")

    @task(18)
    def savepoint(self) -> None:
        self.client.post("/data/savepoint")

    @task(16)
    def many(self) -> None:
        self.client.post("/data/many")

    @task(15)
    def bulk(self) -> None:
        self.client.post("/data/bulk")

    @task(12)
    def given_key(self) -> None:
        self.client.post("/data/given-key")

    @task(2)
    def remove(self) -> None:
        self.client.post("/data/remove")

    @task(1)
    def wrong(self) -> None:
        self._expect(500, "/data/wrong")

    @task(25)
    def page(self) -> None:
        self.client.get("/work/page")

    @task(14)
    def submit(self) -> None:
        self.client.post("/work/submit", json={"text": "x" * 300})

    @task(9)
    def redirect(self) -> None:
        self.client.get("/work/redirect")

    @task(6)
    def fail(self) -> None:
        self._expect(500, "/work/fail")

    @task(8)
    def raises(self) -> None:
        self._expect(500, "/work/raises")

    @task(3)
    def missing(self) -> None:
        self._expect(404, "/work/missing")

    @task(10)
    def unrouted(self) -> None:
        self._expect(404, "/nowhere")

    def _expect(self, status: int, path: str) -> None:
        with self.client.get(path, catch_response=True) as response:
            if response.status_code == status:
                response.success()
            elif response.status_code:  # without any, Locust's own error says more
                response.failure(f"expected {status}, got {response.status_code}")
