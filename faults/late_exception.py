"""A middleware between the two of django-prometheus raises on the way out, after the response was counted."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

NUMBERS = itertools.count(1)


def stamp(get_response):
    def answer(request):
        response = get_response(request)
        if request.path == "/work/fast" and next(NUMBERS) % 10 == 0:
            raise RuntimeError("no stamp left, on purpose")
        return response

    return answer
"""

FAULT = Fault(
    number=54,
    id="late-exception",
    does="A middleware between the two of django-prometheus raises on the way out, after the response was counted.",
    lie="users get a 500 where the metric reports a 200, and no exception is counted",
    mend="the middleware: catch what it raises; or move it behind PrometheusAfterMiddleware, which then counts it",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        modules={"stamps.py": MIDDLEWARE},
        settings='MIDDLEWARE.insert(2, "stamps.stamp")\n',
    ),
)
