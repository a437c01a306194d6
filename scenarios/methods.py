"""One view by every method, bodies of every kind, and a view that answers nothing."""

from locust import FastHttpUser, between, task


class Visitor(FastHttpUser):
    """Uses each method at a rate of its own."""

    wait_time = between(0.02, 0.1)

    @task(13)
    def get(self) -> None:
        self.client.get("/work/any")

    @task(11)
    def post(self) -> None:
        self.client.post("/work/any", data="x")

    @task(7)
    def put(self) -> None:
        self.client.put("/work/any", data="x")

    @task(5)
    def patch(self) -> None:
        self.client.patch("/work/any", data="x")

    @task(4)
    def delete(self) -> None:
        self.client.delete("/work/any")

    @task(3)
    def head(self) -> None:
        self.client.head("/work/any")

    @task(2)
    def options(self) -> None:
        self.client.options("/work/any")

    @task(6)
    def page(self) -> None:
        self.client.get("/work/page")

    @task(1)
    def large(self) -> None:
        self.client.get("/work/large")

    @task(8)
    def stream(self) -> None:
        self.client.get("/work/stream")

    @task(2)
    def nothing(self) -> None:
        with self.client.get("/work/nothing", catch_response=True) as response:
            if response.status_code == 500:
                response.success()
            elif response.status_code:  # without any, Locust's own error says more
                response.failure(f"expected 500, got {response.status_code}")
