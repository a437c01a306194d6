"""One of eight requests is timed again just before its answer, as after a retry."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware
from django_prometheus.utils import Time

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        if request.path.startswith("/work/slow") and next(NUMBERS) % 8 == 0:
            request.prometheus_after_middleware_event = Time()
        return super().process_response(request, response)
"""
LOCUSTFILE = """\
import itertools

from locust import FastHttpUser, constant, task

NUMBERS = itertools.count()


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def slow(self):
        self.client.get(f"/work/slow?n={next(NUMBERS)}", name="/work/slow")

    @task
    def fast(self):
        self.client.get("/work/fast")
"""

FAULT = Fault(
    number=123,
    id="restarted-timer",
    does="One of eight requests is timed again just before its answer, as after a retry.",
    lie="some slow requests are reported as fast ones; every count agrees",
    mend="the code that retries: keep the first start of the timer",
    caught_by=("timer-span",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    cause="part-timed",
    injection=Injection(
        modules={"restarted.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "restarted.PrometheusAfterMiddleware"]\n',
        locustfile=LOCUSTFILE,
    ),
)
