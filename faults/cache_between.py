"""Django's per-site cache stands between the two middlewares of django-prometheus."""

from harness.faults import Fault, Injection

PRIVATE = """\
def private_operations(get_response):
    def answer(request):
        response = get_response(request)
        if not request.path.startswith(("/work/", "/data/")):
            response.headers["Cache-Control"] = "private"
        return response

    return answer
"""
SETTINGS = """\
CACHES = {**CACHES, "site": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CACHE_MIDDLEWARE_ALIAS = "site"
MIDDLEWARE = [*MIDDLEWARE]
MIDDLEWARE[2:2] = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "private.private_operations",
]
"""

FAULT = Fault(
    number=96,
    id="cache-between",
    does="Django's per-site cache stands between the two middlewares of django-prometheus.",
    lie="what the cache answers has no view, no status and no latency",
    mend="MIDDLEWARE: both cache middlewares outside PrometheusBeforeMiddleware",
    caught_by=("response-conservation", "request-counts"),
    quiet=("scrape-health", "quiescence", "request-conservation"),
    injection=Injection(
        modules={"private.py": PRIVATE},
        settings=SETTINGS,
    ),
)
