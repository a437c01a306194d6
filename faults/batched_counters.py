"""Responses are counted in memory, and written to the counters every two seconds.

Where none comes for half a second the batch is written at once, so none of before the load is left for its window.
"""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import threading
import time

from django_prometheus import middleware

waiting = {}
lock = threading.Lock()
started = []
newest_s = 0.0


def write():
    written_s = time.monotonic()
    while True:
        time.sleep(0.1)
        with lock:
            now_s = time.monotonic()
            if now_s - written_s < 2 and now_s - newest_s < 0.5:
                continue
            found, written_s = dict(waiting), now_s
            waiting.clear()
        for child, number in found.items():
            child.inc(number)


class Batched:
    def __init__(self, child):
        self.child = child

    def inc(self):
        global newest_s
        with lock:
            newest_s = time.monotonic()
            waiting[self.child] = waiting.get(self.child, 0) + 1
            if not started:
                started.append(threading.Thread(target=write, daemon=True))
                started[0].start()


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        return Batched(child) if metric is self.metrics.responses_by_status_view_method else child
"""

FAULT = Fault(
    number=90,
    id="batched-counters",
    does="Responses are counted in memory, and written to the counters every two seconds.",
    lie="bursts where the load is even, and the last batch of a worker that ends is lost",
    mend="the subclass: count at once; a counter takes a microsecond",
    caught_by=("running-counts",),
    quiet=("generator-health", "scrape-health", "request-conservation"),
    injection=Injection(
        modules={"batches.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "batches.PrometheusAfterMiddleware"]\n',
    ),
)
