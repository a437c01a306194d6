"""The cache returns the default for a stored 0, and django-prometheus counts a hit."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=44,
    id="stored-zero",
    does="The cache returns the default for a stored 0, and django-prometheus counts a hit.",
    lie="a hit ratio that counts values nobody got",
    mend="the view: store no falsy values with this backend, or use another",
    caught_by=(),
    named_by=("default-for-falsy",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "cache"),
    injection=Injection(
        scenario="scenarios/cache.py",
        variants=("locmem",),
    ),
)
