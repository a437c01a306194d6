"""A recording rule divides series that match one to one only as long as no error happens."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def fine(self):
        self.client.get("/work/status?code=200", name="/work/status")

    @task
    def failing(self):
        self.client.get("/work/status?code=503", name="/work/status")
"""

FAULT = Fault(
    number=79,
    id="fragile-rule",
    does="A recording rule divides series that match one to one only as long as no error happens.",
    lie="the record ends with the first error, and so does every panel and alert that reads it",
    mend="the rule: sum by (view) on both sides; a promtool test in which a view has two statuses",
    caught_by=("alerts",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(profile={"rules": ("faults/_fragile.yml",)}, locustfile=LOCUSTFILE),
)
