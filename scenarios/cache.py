"""Every path to the cache: what is there, what is not, and what backends disagree about."""

from locust import FastHttpUser, between, task


class Visitor(FastHttpUser):
    """Finds what it looks for about two times in three."""

    wait_time = between(0.02, 0.1)

    @task(21)
    def cache_hit(self) -> None:
        self.client.get("/data/cache-hit")

    @task(8)
    def cache_miss(self) -> None:
        self.client.get("/data/cache-miss")

    @task(5)
    def cache_many(self) -> None:
        self.client.get("/data/cache-many")

    @task(4)
    def cache_or_set(self) -> None:
        self.client.get("/data/cache-or-set")

    @task(3)
    def cache_falsy(self) -> None:
        self.client.get("/data/cache-falsy")

    @task(2)
    def cache_none(self) -> None:
        self.client.get("/data/cache-none")

    @task(1)
    def cache_expired(self) -> None:
        self.client.get("/data/cache-expired")
