"""gunicorn kills workers that take longer than its timeout."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def fast(self):
        self.client.get("/work/fast")


class Patient(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def endless(self):
        self.client.get("/work/wait?ms=5000", name="/work/wait")
"""

FAULT = Fault(
    number=33,
    id="worker-killed",
    does="gunicorn kills workers that take longer than its timeout.",
    lie="a request that never got a response, as far as the metrics know",
    mend="gunicorn's timeout above the slowest view, or the view below it",
    caught_by=("response-conservation",),
    quiet=("scrape-health",),
    injection=Injection(
        command=("{command}", "--timeout", "1"),
        variants=("sync",),
        env={"TARGET_WORKERS": "6"},
        profile={"warmup_s": 0.0, "quiet_timeout_s": 3.0},
        locustfile=LOCUSTFILE,
    ),
)
