"""The time of SQL statements is recorded in milliseconds under a name that says seconds."""

from harness.faults import Fault, Injection

UNITS = """\
from django_prometheus.db import common, query_duration_seconds


class Milliseconds:
    def __init__(self, child):
        self._child = child

    def time(self):
        return Timer(self._child)


class Timer:
    def __init__(self, child):
        self._child = child

    def __enter__(self):
        import time

        self._began = time.perf_counter()

    def __exit__(self, *_):
        import time

        self._child.observe((time.perf_counter() - self._began) * 1000)


class Histogram:
    def labels(self, *args, **kwargs):
        return Milliseconds(query_duration_seconds.labels(*args, **kwargs))


common.query_duration_seconds = Histogram()
"""

FAULT = Fault(
    number=66,
    id="sql-milliseconds",
    does="The time of SQL statements is recorded in milliseconds under a name that says seconds.",
    lie="the database is a thousand times slower than it is",
    mend="the code that observes: seconds, as the metric's name says",
    caught_by=("database",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"units.py": UNITS},
        settings="from units import common as _\n",
        scenario="scenarios/database.py",
    ),
)
