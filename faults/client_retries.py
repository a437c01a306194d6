"""The client's library silently retries failed requests."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import HttpUser, constant, task
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class Visitor(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        again = Retry(total=2, status_forcelist=[500], raise_on_status=False)
        self.client.mount("http://", HTTPAdapter(max_retries=again))

    @task(3)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def fail(self):
        self.client.get("/work/fail")
"""

FAULT = Fault(
    number=29,
    id="client-retries",
    does="The client's library silently retries failed requests.",
    lie="the app gets three requests where a user made one",
    mend="the client: count its retries, or switch them off; the load on the app is not that of the users",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "quiescence", "response-conservation"),
    injection=Injection(
        locustfile=LOCUSTFILE,
    ),
)
