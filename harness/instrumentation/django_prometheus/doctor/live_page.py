"""Diagnoses of a live /metrics, read several times over fresh connections: in order, then at once."""

from dataclasses import dataclass
from itertools import pairwise

from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown
from harness.instrumentation.django_prometheus.doctor.settings import AFTER, BEFORE, URL_LINE
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES_BY_STATUS

SETTLED_S = 10.0
"""A process younger than this may be the first of several whose others do not serve yet."""
MULTIPROCESS_LINE = "set PROMETHEUS_MULTIPROC_DIR to an empty directory before the first worker starts"


@dataclass(frozen=True, slots=True)
class Scrape:
    """One reading of the page."""

    status: int = 200
    """HTTP status; 0 when there was no response."""
    content_type: str = ""
    problem: str = ""
    """Why there was no response, or why its text is not the exposition format; empty when it was read."""
    names: frozenset[str] = frozenset()
    """Names of the samples; a metric that was never used may have none."""
    requests: float | None = None
    """The Before middleware's request counter."""
    counters: float = 0.0
    """Sum of all counters."""
    start_s: float | None = None
    """process_start_time_seconds; absent in multiprocess mode."""
    created_s: float | None = None
    """When the process made its request counter; absent in multiprocess mode."""
    age_s: float | None = None
    """How long the process that answered had been running, by this machine's clock; absent in multiprocess mode."""


@dataclass(frozen=True, slots=True)
class MetricsFacts:
    """All readings of one page."""

    url: str
    scrapes: tuple[Scrape, ...]
    """One after the other, in their order."""
    concurrent: tuple[Scrape, ...] = ()
    """Made at once, so that busy workers leave some to the others; without an order, they tell only who answered."""


def diagnose_metrics(facts: MetricsFacts) -> tuple[Diagnosis, ...]:
    """Judge a live page; what cannot be judged without an answer is left to the fault that says so."""
    answer = _answer(facts)
    read = [scrape for scrape in facts.scrapes if scrape.status == 200 and not scrape.problem]
    if not read:
        return (answer,)
    names = frozenset().union(*(scrape.names for scrape in read))
    if any(name.endswith(f"_{REQUESTS}") for name in names):
        text = (
            "the metrics' names have a prefix; the harness and the usual dashboards ask for django_…: remove "
            "PROMETHEUS_METRIC_NAMESPACE from the settings"
        )
        return answer, fault("metric-namespace", f"{facts.url}: {text}")
    return (
        answer,
        _processes(facts, read),
        *_middlewares(facts.url, read, names),
        _used(facts.url, "database-engine", "django_db_", names, "no query was made yet, or every ENGINE is plain"),
        _used(facts.url, "cache-backend", "django_cache_", names, "nothing was cached yet, or every BACKEND is plain"),
    )


def _answer(facts: MetricsFacts) -> Diagnosis:
    name = "metrics-answer"
    bad = [scrape for scrape in facts.scrapes if scrape.status != 200 or scrape.problem]
    if not facts.scrapes:
        return unknown(name, f"{facts.url} was not read")
    if not bad:
        return ok(name, f"{facts.url} answered {len(facts.scrapes)} of {len(facts.scrapes)} times in the text format")
    first = bad[0]
    share = f"{len(bad)} of {len(facts.scrapes)} times"
    if first.status == 0:
        return fault(
            name, f"{facts.url} gave no answer {share}: {first.problem}; is the target up, and the port right?"
        )
    if first.status != 200:
        return fault(name, f"{facts.url} answered {first.status} {share}; {_status_advice(first.status)}")
    text = f"is not the Prometheus text format {share} ({first.problem}; content type {first.content_type!r})"
    return fault(name, f"{facts.url} {text}; name the URL that serves the metrics, or add {URL_LINE}")


def _status_advice(status: int) -> str:
    match status:
        case 400:
            return "does ALLOWED_HOSTS of the settings name this host?"
        case 401 | 403:
            return "let the scraper in: Prometheus meets the same refusal"
        case 404:
            return f"name the URL that serves the metrics, or add {URL_LINE} to the urlpatterns"
        case _:
            return "see the target's log"


def _processes(facts: MetricsFacts, read: list[Scrape]) -> Diagnosis:
    """One process, or all of them summed; told by who answers and by a counter that each reading itself raises."""
    name = "multiprocess-directory"
    everyone = [*read, *(scrape for scrape in facts.concurrent if scrape.status == 200 and not scrape.problem)]
    if len(everyone) < 2:
        return unknown(name, f"{facts.url} was read once; several workers show only in several readings")
    answering = {(scrape.start_s, scrape.created_s) for scrape in everyone}
    counts = [scrape.requests for scrape in read if scrape.requests is not None]
    stuck = len(set(counts)) > 1 and any(after <= before for before, after in pairwise(counts))
    if len(answering) > 1 or stuck:
        seen = f"{len(answering)} processes answered" if len(answering) > 1 else "a counter did not grow"
        values = ", ".join(f"{count:g}" for count in counts) or "nothing"
        text = (
            f"several workers without PROMETHEUS_MULTIPROC_DIR: {seen}, and {REQUESTS} read {values}; "
            f"{MULTIPROCESS_LINE} (or it was restarted meanwhile: look again)"
        )
        return fault(name, f"{facts.url}: {text}")
    if answering == {(None, None)}:
        return ok(name, f"{facts.url}: the page names no process, as in multiprocess mode, and its counters only grow")
    answers = f"{facts.url}: one process gave all {len(everyone)} answers"
    age_s = max((scrape.age_s for scrape in everyone if scrape.age_s is not None), default=0.0)
    if age_s < SETTLED_S:
        text = f"but had started {age_s:.1f} s ago: further workers may not serve yet; look again in {SETTLED_S:g} s"
        return unknown(name, f"{answers}, {text}")
    return ok(name, answers)


def _middlewares(url: str, read: list[Scrape], names: frozenset[str]) -> tuple[Diagnosis, ...]:
    """Each reading is itself a request, so a wired target counts it."""
    if not any(name.startswith("django_http_") for name in names):
        return (
            fault(
                "before-middleware", f"{url} has no django_http_*: MIDDLEWARE lacks it; add {BEFORE!r} as first line"
            ),
            fault("after-middleware", f"{url} has no django_http_*: MIDDLEWARE lacks it; add {AFTER!r} as last line"),
        )
    counts = [scrape.requests for scrape in read if scrape.requests is not None]
    if len(counts) < 2:
        text = f"{url} was read {len(counts)} times with {REQUESTS}; two readings tell whether it grows"
        return unknown("before-middleware", text), unknown("after-middleware", text)
    grows = len(set(counts)) > 1
    has_status = RESPONSES_BY_STATUS in names
    return _before(url, read, counts, grows), _after(url, grows=grows, has_status=has_status)


def _before(url: str, read: list[Scrape], counts: list[float], grows: bool) -> Diagnosis:
    name = "before-middleware"
    if grows:
        return ok(name, f"{url}: {REQUESTS} counts each reading")
    if counts[0] == 0:
        text = f"{REQUESTS} stays at 0 though the page was asked for: Before is missing; add {BEFORE!r} as first line"
        return fault(name, f"{url}: {text} of MIDDLEWARE")
    if len({scrape.counters for scrape in read}) == 1:
        text = f"{REQUESTS} stays at {counts[0]:g}, and so does every counter: the page is a cached copy"
        return fault(name, f"{url}: {text}; take the cache or proxy away from it")
    text = f"{REQUESTS} stays at {counts[0]:g}: the page is not served through the middlewares (a port of its own?)"
    return unknown(name, f"{url}: {text}; with several workers each needs a port")


def _after(url: str, *, grows: bool, has_status: bool) -> Diagnosis:
    name = "after-middleware"
    if has_status:
        return ok(name, f"{url}: {RESPONSES_BY_STATUS} has series")
    if grows:
        text = f"requests are counted, but {RESPONSES_BY_STATUS} has no series: After is missing"
        return fault(name, f"{url}: {text}; add {AFTER!r} as last line of MIDDLEWARE")
    return unknown(name, f"{url}: {RESPONSES_BY_STATUS} has no series and no request was counted; send one, look again")


def _used(url: str, id: str, prefix: str, names: frozenset[str], otherwise: str) -> Diagnosis:
    if any(name.startswith(prefix) for name in names):
        return ok(id, f"{url} has {prefix}*")
    return unknown(id, f"{url} has no {prefix}*: {otherwise}; `harness doctor --settings` tells which")
