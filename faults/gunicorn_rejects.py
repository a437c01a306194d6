"""Clients send a header that is longer than gunicorn accepts."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(9)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def long_header(self):
        self.client.get("/work/fast", headers={"X-Long": "x" * 9000})
"""

FAULT = Fault(
    number=21,
    id="gunicorn-rejects",
    does="Clients send a header that is longer than gunicorn accepts.",
    lie="errors that users see never happened: gunicorn answers them before Django",
    mend="gunicorn's log or the proxy: its own 400 and 431 never reach Django, so no metric of Django can count them",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "quiescence", "response-conservation"),
    injection=Injection(
        locustfile=LOCUSTFILE,
    ),
)
