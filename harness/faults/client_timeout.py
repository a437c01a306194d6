"""Clients give up on requests that the server then answers well."""

from harness.faults.fault import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, HttpUser, constant, task


class Patient(FastHttpUser):
    weight = 9
    wait_time = constant(0.05)

    @task
    def fast(self):
        self.client.get("/work/fast")


class Hasty(HttpUser):
    wait_time = constant(0.05)

    @task
    def give_up(self):
        self.client.get("/work/wait?ms=300", name="/work/wait", timeout=0.1)
"""

FAULT = Fault(
    number=28,
    id="client-timeout",
    does="Clients give up on requests that the server then answers well.",
    lie="users see failures where every metric tells a 200",
    mend="no metric of the app can tell: watch the clients or the proxy; set the server's limits below the clients'",
    caught_by=(),
    named_by=("no-response",),
    quiet=("scrape-health", "response-conservation", "latency-conservation"),
    injection=Injection(
        locustfile=LOCUSTFILE,
    ),
)
