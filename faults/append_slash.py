"""CommonMiddleware redirects URLs without a slash, and so changes the response after it was counted."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def without_slash(self):
        self.client.get("/sql-logs", allow_redirects=False)
"""

FAULT = Fault(
    number=7,
    id="append-slash",
    does="CommonMiddleware redirects URLs without a slash, and so changes the response after it was counted.",
    lie="clients get a 301, the metric reports a 404",
    mend="the links: write URLs in full; the 301 of CommonMiddleware is invisible to PrometheusAfterMiddleware",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        settings="APPEND_SLASH = True\n",
        locustfile=LOCUSTFILE,
    ),
)
