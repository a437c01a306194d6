"""A middleware turns HEAD into GET before the request is counted, to save views from it."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
def whole(get_response):
    def answer(request):
        if request.method == "HEAD":
            request.method = "GET"
        return get_response(request)

    return answer
"""
LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def get(self):
        self.client.get("/work/any")

    @task
    def head(self):
        self.client.head("/work/any")
"""

FAULT = Fault(
    number=55,
    id="head-as-get",
    does="A middleware turns HEAD into GET before the request is counted, to save views from it.",
    lie="checks of links and uptime look like page views",
    mend="the middleware: leave request.method alone; Django's own require_safe accepts HEAD",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        modules={"heads.py": MIDDLEWARE},
        settings='MIDDLEWARE.insert(2, "heads.whole")\n',
        locustfile=LOCUSTFILE,
    ),
)
