"""ConditionalGetMiddleware between the two of django-prometheus answers 304 to browsers with a copy."""

from harness.faults import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Browser(FastHttpUser):
    wait_time = constant(0.05)
    known = ""

    @task(2)
    def fast(self):
        self.client.get("/work/fast")

    @task(3)
    def page(self):
        answer = self.client.get("/work/page", headers={"If-None-Match": self.known} if self.known else {})
        self.known = answer.headers.get("ETag") or self.known
"""

FAULT = Fault(
    number=50,
    id="conditional-get",
    does="ConditionalGetMiddleware between the two of django-prometheus answers 304 to browsers with a copy.",
    lie="clients get a 304 without a body, the metric reports a 200 with one",
    mend="nothing in django-prometheus: take the share of 304 from the proxy's log",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        settings='MIDDLEWARE.insert(3, "django.middleware.http.ConditionalGetMiddleware")\n',
        locustfile=LOCUSTFILE,
    ),
)
