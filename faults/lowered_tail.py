"""Half of the slow requests are counted one bucket too low, while their sum is right."""

from harness.faults import Fault, Injection

# 370 ms and two thirds of it lie far from each of the bounds 0.2, 0.3 and 0.4 s. So every lowered request changes its
# bucket by 70 ms, a hundred times what lies between the timer and the witness.
MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count()
SLOW_S = 0.2


class Lowered:
    def __init__(self, child):
        self.child = child

    def observe(self, amount):
        shown = amount * 2 / 3 if amount > SLOW_S and next(NUMBERS) % 2 else amount
        self.child.observe(shown)
        self.child._sum.inc(amount - shown)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        return Lowered(child) if metric is self.metrics.requests_latency_by_view_method else child
"""
LOCUSTFILE = """\
import itertools

from locust import FastHttpUser, constant, task

DELAYS_MS = itertools.cycle((5, 5, 5, 5, 5, 5, 5, 5, 5, 370))


class Visitor(FastHttpUser):
    wait_time = constant(0.03)

    @task
    def wait(self):
        self.client.get(f"/work/wait?ms={next(DELAYS_MS)}", name="/work/wait")
"""

FAULT = Fault(
    number=95,
    id="lowered-tail",
    does="Half of the slow requests are counted one bucket too low, while their sum is right.",
    lie="p95 is a third below what it is, and the mean agrees with everything",
    mend="the code that observes: the duration itself, and no bound or rounded value in its place",
    caught_by=("latency-buckets",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation", "timer-span"),
    injection=Injection(
        modules={"lowered.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "lowered.PrometheusAfterMiddleware"]\n',
        locustfile=LOCUSTFILE,
    ),
)
