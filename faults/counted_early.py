"""A subclass of the middleware reserves 200 counts at once and uses them up later."""

from harness.faults import Act, Fault, Injection

MIDDLEWARE = """\
import os

from django_prometheus import middleware

RESERVED = 200
state = {"left": None}


class Reserving:
    def __init__(self, child):
        self.child = child

    def inc(self):
        if state["left"] is None and os.path.exists(os.environ["RESERVE"]):
            state["left"] = RESERVED
            self.child.inc(RESERVED)
        if state["left"]:
            state["left"] -= 1
        else:
            self.child.inc()


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        fast = metric is self.metrics.responses_by_status_view_method and labels["view"] == "work:fast"
        return Reserving(child) if fast else child
"""
LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def fast(self):
        self.client.get("/work/fast")
"""
TOUCH = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"

FAULT = Fault(
    number=91,
    id="counted-early",
    does="A subclass of the middleware reserves 200 counts at once and uses them up later.",
    lie="a burst of requests that nobody sent, in the middle of an even load",
    mend="the subclass: count what has happened",
    caught_by=("running-counts",),
    quiet=("generator-health", "scrape-health", "request-conservation"),
    injection=Injection(
        modules={"reserving.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "reserving.PrometheusAfterMiddleware"]\n',
        env={"TARGET_WORKERS": "1", "RESERVE": "{fault}/reserve"},
        locustfile=LOCUSTFILE,
        acts=(Act(2.0, ("{python}", "-c", TOUCH, "{fault}/reserve")),),
    ),
)
