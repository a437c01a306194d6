"""A middleware turns exceptions into a page with status 200."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django.http import HttpResponse


class Apologize:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return HttpResponse("We are sorry.")
"""
LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def raises(self):
        with self.client.get("/work/raises", catch_response=True) as response:
            if "sorry" in response.text:
                response.failure("the page is an apology")
"""

FAULT = Fault(
    number=19,
    id="swallowed-exception",
    does="A middleware turns exceptions into a page with status 200.",
    lie="no errors at all",
    mend="the middleware that answers exceptions: let the status be 500",
    caught_by=(),
    named_by=("failures-as-success",),
    quiet=("scrape-health", "request-conservation", "response-conservation"),
    injection=Injection(
        modules={"apology.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE, "apology.Apologize"]\n',
        locustfile=LOCUSTFILE,
    ),
)
