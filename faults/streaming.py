"""Responses are streamed slowly, and some break off half-way."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def stream(self):
        self.client.get("/work/stream")

    @task
    def breaks(self):
        self.client.get("/work/stream-breaks")
"""

FAULT = Fault(
    number=30,
    id="streaming",
    does="Responses are streamed slowly, and some break off half-way.",
    lie="a body that takes a tenth of a second is reported as under a millisecond, a broken one as a 200",
    mend="nothing in django-prometheus: time and count the stream in the view",
    caught_by=(),
    named_by=("failures-as-success",),
    quiet=("scrape-health", "request-conservation", "response-conservation"),
    injection=Injection(
        locustfile=LOCUSTFILE,
    ),
)
