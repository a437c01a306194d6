"""Errors of every kind, with some successes: where error ratios are put to the test."""

from locust import HttpUser, between, task


class Visitor(HttpUser):
    """Meets an error in most requests, and expects it."""

    wait_time = between(0.02, 0.1)

    @task(10)
    def fast(self) -> None:
        self.client.get("/work/fast")

    @task(5)
    def fail(self) -> None:
        self._expect(500, "/work/fail")

    @task(4)
    def raises(self) -> None:
        self._expect(500, "/work/raises")

    @task(3)
    def raises_another(self) -> None:
        self._expect(500, "/work/raises?type=KeyError")

    @task(2)
    def missing(self) -> None:
        self._expect(404, "/work/missing")

    @task(6)
    def unrouted(self) -> None:
        self._expect(404, "/nowhere")

    @task(1)
    def wrong_method(self) -> None:
        self._expect(405, "/work/submit")

    def _expect(self, status: int, path: str) -> None:
        with self.client.get(path, catch_response=True) as response:
            if response.status_code == status:
                response.success()
            elif response.status_code:  # without any, Locust's own error says more
                response.failure(f"expected {status}, got {response.status_code}")
