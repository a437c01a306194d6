"""A second wrapper around the cursor counts each SQL statement again."""

from harness.faults import Fault, Injection

WRAPPER = """\
from django.db import connection

from django_prometheus.db import execute_total


def count(execute, sql, params, many, context):
    if not many:
        execute_total.labels(connection.alias, connection.vendor).inc()
    return execute(sql, params, many, context)


def again(get_response):
    def answer(request):
        with connection.execute_wrapper(count):
            return get_response(request)

    return answer
"""

FAULT = Fault(
    number=65,
    id="double-sql",
    does="A second wrapper around the cursor counts each SQL statement again.",
    lie="every page seems to run its queries twice",
    mend="the settings: either the ENGINE of django-prometheus or a wrapper of one's own, not both",
    caught_by=("database",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"counting.py": WRAPPER},
        settings='MIDDLEWARE = [*MIDDLEWARE, "counting.again"]\n',
        scenario="scenarios/database.py",
    ),
)
