"""Cache hits and misses in a known ratio of three to one."""

from locust import FastHttpUser, between, task


class Visitor(FastHttpUser):
    """Finds what it looks for three times in four."""

    wait_time = between(0.02, 0.1)

    @task(3)
    def cache_hit(self) -> None:
        self.client.get("/data/cache-hit")

    @task(1)
    def cache_miss(self) -> None:
        self.client.get("/data/cache-miss")
