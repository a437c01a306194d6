"""Diagnoses of a live /metrics, read several times over fresh connections: in order, then at once."""

from itertools import pairwise

from harness.instrumentation.base import namespaces
from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown
from harness.instrumentation.django_prometheus.doctor.settings import AFTER, BEFORE, URL_LINE
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES_BY_STATUS
from harness.instrumentation.page import MetricsFacts, Scrape

OWN_ADVICE = frozenset({400, 401, 403, 404, 406})
"""Statuses for which the app itself has a remedy."""
SETTLED_S = 10.0
"""A process younger than this may be the first of several whose others do not serve yet."""
MULTIPROCESS_LINE = "set PROMETHEUS_MULTIPROC_DIR to an empty directory before the first worker starts"


def diagnose_metrics(facts: MetricsFacts) -> tuple[Diagnosis, ...]:
    """Judge a live page; what cannot be judged without an answer is left to the fault that says so."""
    answer = _answer(facts)
    read = [scrape for scrape in facts.scrapes if scrape.status == 200 and not scrape.problem]
    if not read:
        return (answer,)
    names = frozenset().union(*(scrape.names for scrape in read))
    found = namespaces(REQUESTS, names)
    if len(found) > 1:
        several = " and ".join(f"{each}_" if each else "no namespace" for each in found)
        text = f"it has metrics under {several}: two registries on one page; serve one of them"
        return answer, fault("metric-namespace", f"{facts.url}: {text}")
    prefix = f"{found[0]}_" if found and found[0] else ""
    return (
        answer,
        *_namespace(facts.url, prefix),
        _processes(facts, read, prefix),
        *_middlewares(facts.url, read, names, prefix),
        _used(
            facts.url,
            "database-engine",
            f"{prefix}django_db_",
            names,
            "no query was made yet, or every ENGINE is plain",
        ),
        _used(
            facts.url,
            "cache-backend",
            f"{prefix}django_cache_",
            names,
            "nothing was cached yet, or every BACKEND is plain",
        ),
    )


def _namespace(url: str, prefix: str) -> tuple[Diagnosis, ...]:
    if not prefix:
        return ()
    text = f"every name begins with {prefix}; the harness detects that, dashboards and rules must use it"
    return (ok("metric-namespace", f"{url}: {text}"),)


def _answer(facts: MetricsFacts) -> Diagnosis:
    name = "metrics-answer"
    bad = [scrape for scrape in facts.scrapes if scrape.status != 200 or scrape.problem]
    if not facts.scrapes:
        return unknown(name, f"{facts.url} was not read")
    led = next((scrape.redirected for scrape in facts.scrapes if scrape.redirected), "")
    if led and any("html" in scrape.content_type for scrape in bad):
        text = f"{facts.url} leads to the page {led}, such as a login; exempt the metrics from what redirects"
        return fault(name, f"{text}, or let the scraper in")
    if led:
        text = f"{facts.url} redirects to {led}: each scrape counts as two requests, one of them without a view"
        return fault(name, f"{text}; scrape the second URL")
    if not bad:
        return ok(name, f"{facts.url} answered {len(facts.scrapes)} of {len(facts.scrapes)} times in the text format")
    first = bad[0]
    share = f"{len(bad)} of {len(facts.scrapes)} times"
    if first.status == 0:
        return fault(name, f"{facts.url} gave no answer {share}: {first.problem}")
    if first.refused and first.status not in OWN_ADVICE:
        return fault(name, f"{facts.url} {first.refused} ({share})")
    if first.status != 200:
        return fault(name, f"{facts.url} answered {first.status} {share}; {_status_advice(first.status)}")
    text = f"is not the Prometheus text format {share} ({first.problem}; content type {first.content_type!r})"
    return fault(name, f"{facts.url} {text}; name the URL that serves the metrics, or add {URL_LINE}")


def _status_advice(status: int) -> str:
    match status:
        case 400:
            return "does ALLOWED_HOSTS of the settings name this host?"
        case 401 | 403:
            return (
                "let the scraper in: Prometheus is refused too, unless its job sends a credential; give the doctor the "
                "same, e.g. --target-token-env VARIABLE"
            )
        case 406:
            return (
                "the view chooses by the Accept header and has no format that Prometheus asks for; serve it with "
                "django-prometheus's own view, or install the prometheus_client that the product was made with"
            )
        case 404:
            return f"name the URL that serves the metrics, or add {URL_LINE} to the urlpatterns"
        case _:
            return "see the target's log"


def _processes(facts: MetricsFacts, read: list[Scrape], prefix: str) -> Diagnosis:
    """One process, or all of them summed; judged by who answers and by a counter that each reading itself raises."""
    name = "multiprocess-directory"
    everyone = [*read, *(scrape for scrape in facts.concurrent if scrape.status == 200 and not scrape.problem)]
    if len(everyone) < 2:
        return unknown(name, f"{facts.url} was read once; several workers show only in several readings")
    answering = {(scrape.start_s, scrape.created_s) for scrape in everyone}
    counts = [scrape.requests for scrape in read if scrape.requests is not None]
    stuck = len(set(counts)) > 1 and any(after <= before for before, after in pairwise(counts))
    if len(answering) > 1 or stuck:
        values = ", ".join(f"{count:g}" for count in counts) or "nothing"
        if answering == {(None, None)}:
            text = (
                f"{prefix}{REQUESTS} read {values}, and each page is that of several workers together: several "
                "replicas answer at one address; let Prometheus scrape each at its own"
            )
            return fault(name, f"{facts.url}: {text}")
        seen = f"{len(answering)} processes answered" if len(answering) > 1 else "a counter did not grow"
        text = (
            f"several workers without PROMETHEUS_MULTIPROC_DIR: {seen}, and {prefix}{REQUESTS} read {values}; "
            f"{MULTIPROCESS_LINE} (or it was restarted meanwhile: run the doctor again)"
        )
        return fault(name, f"{facts.url}: {text}")
    if answering == {(None, None)}:
        return ok(name, f"{facts.url}: the page names no process, as in multiprocess mode, and its counters only grow")
    answers = f"{facts.url}: one process gave all {len(everyone)} answers"
    age_s = max((scrape.age_s for scrape in everyone if scrape.age_s is not None), default=0.0)
    if age_s < SETTLED_S:
        text = f"but had started {age_s:.1f} s ago: other workers may not serve yet; look again in {SETTLED_S:g} s"
        return unknown(name, f"{answers}, {text}")
    return ok(name, answers)


def _middlewares(url: str, read: list[Scrape], names: frozenset[str], prefix: str) -> tuple[Diagnosis, ...]:
    """Each reading is itself a request, so a wired target counts it."""
    if not any(name.startswith(f"{prefix}django_http_") for name in names):
        return (
            fault(
                "before-middleware",
                f"{url} has no django_http_*: MIDDLEWARE lacks it; add {BEFORE!r} as the first line",
            ),
            fault(
                "after-middleware", f"{url} has no django_http_*: MIDDLEWARE lacks it; add {AFTER!r} as the last line"
            ),
        )
    counts = [scrape.requests for scrape in read if scrape.requests is not None]
    if len(counts) < 2:
        text = f"{url} was read {len(counts)} times with {prefix}{REQUESTS}; two are needed to see whether it grows"
        return unknown("before-middleware", text), unknown("after-middleware", text)
    grows = len(set(counts)) > 1
    has_status = f"{prefix}{RESPONSES_BY_STATUS}" in names
    return _before(url, read, counts, prefix), _after(url, prefix, grows=grows, has_status=has_status)


def _before(url: str, read: list[Scrape], counts: list[float], prefix: str) -> Diagnosis:
    name, counter = "before-middleware", f"{prefix}{REQUESTS}"
    if len(set(counts)) > 1:
        return ok(name, f"{url}: {counter} counts each reading")
    if counts[0] == 0:
        text = (
            f"{counter} stays at 0 although the page was requested: Before is missing; add {BEFORE!r} as the first line"
        )
        return fault(name, f"{url}: {text} of MIDDLEWARE")
    if len({scrape.counters for scrape in read}) == 1:
        text = f"{counter} stays at {counts[0]:g}, and so does every counter: the page is a cached copy"
        return fault(name, f"{url}: {text}; remove the cache or proxy in front of it")
    text = (
        f"{counter} stays at {counts[0]:g}: the page is not served through the middlewares (does it have its own port?)"
    )
    return unknown(name, f"{url}: {text}; with several workers each needs a port")


def _after(url: str, prefix: str, *, grows: bool, has_status: bool) -> Diagnosis:
    name, counter = "after-middleware", f"{prefix}{RESPONSES_BY_STATUS}"
    if has_status:
        return ok(name, f"{url}: {counter} has series")
    if grows:
        text = f"requests are counted, but {counter} has no series: After is missing"
        return fault(name, f"{url}: {text}; add {AFTER!r} as the last line of MIDDLEWARE")
    return unknown(
        name, f"{url}: {counter} has no series and no request was counted; send one and run the doctor again"
    )


def _used(url: str, id: str, prefix: str, names: frozenset[str], otherwise: str) -> Diagnosis:
    if any(name.startswith(prefix) for name in names):
        return ok(id, f"{url} has {prefix}*")
    return unknown(id, f"{url} has no {prefix}*: {otherwise}; `harness doctor --settings` shows which")
