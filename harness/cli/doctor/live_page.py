"""Reads a live /metrics several times, each over a connection of its own, so that every worker may answer.

First one after the other, so that the counters have an order; then at once, because idle workers need not take turns:
the kernel may hand ten connections in a row to the same one.
"""

import math
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from harness.instrumentation.base import Instrumentation
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.instrumentation.page import MetricsFacts, Scrape
from harness.promql.own_series import PROCESS_START
from harness.runtime import access, http, refusals
from harness.runtime.answers import AnswerError, Problem

OK = 200
SCRAPES = 10
CONCURRENT = 8
"""Readings under way at the same time in the burst."""
BURST = 24
SCRAPE_LIMIT_S = 5.0
LIMIT_S = 30.0
"""For all readings in order; those that it cuts off are not made."""
MAX_BYTES = 64 * 2**20
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError, MemoryError)
"""What prometheus_client's parsers raise on foreign text."""
FORMATS = ("text/plain", "application/openmetrics-text")


def probe_metrics(url: str, names: Instrumentation = DJANGO_PROMETHEUS, scrapes: int = SCRAPES) -> MetricsFacts:
    """Read `url` up to `scrapes` times in order, then at once; without any answer to the first, no more.

    Raises:
        UsageError: `url` is not an http or https URL.
    """
    url = access.bare("--metrics", url)
    deadline = time.monotonic() + LIMIT_S
    found: list[Scrape] = []
    while len(found) < scrapes and time.monotonic() < deadline:
        found.append(_scrape(url, names))
        if found[0].status != OK:
            return MetricsFacts(url, tuple(found))
    with ThreadPoolExecutor(CONCURRENT) as threads:
        concurrent = tuple(threads.map(_scrape, [url] * BURST, [names] * BURST))
    return MetricsFacts(url, tuple(found), concurrent)


def _scrape(url: str, names: Instrumentation) -> Scrape:
    try:
        response = http.get(url, SCRAPE_LIMIT_S, MAX_BYTES, Accept="text/plain;version=0.0.4,*/*;q=0.1")
    except AnswerError as error:
        return Scrape(status=0, problem=_reason(url, error))
    status, content_type = response.status_code, response.headers.get("Content-Type", "")
    if status != OK:
        return Scrape(status=status, content_type=content_type, refused=refusals.refused(refusals.TARGET, response))
    led = str(response.url) if response.history else ""
    return replace(_parse(names, status, content_type, response.content), redirected=led)


def _parse(names: Instrumentation, status: int, content_type: str, body: bytes) -> Scrape:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in FORMATS:
        return Scrape(
            status=status, content_type=content_type, problem="Prometheus takes text/plain or openmetrics-text"
        )
    parse = parse_openmetrics if kind == "application/openmetrics-text" else parse_text
    try:
        families = list(parse(body.decode("utf-8")))
    except UNREADABLE as error:
        return Scrape(status=status, content_type=content_type, problem=f"{type(error).__name__}: {error}")
    if not families:
        return Scrape(status=status, content_type=content_type, problem="the page is empty")
    return _summary(names, status, content_type, families)


def _summary(instrumentation: Instrumentation, status: int, content_type: str, families: Iterable[Metric]) -> Scrape:
    samples = [(family.type, sample) for family in families for sample in family.samples]
    names = frozenset(sample.name for _, sample in samples)
    found = instrumentation.namespaces(names)
    arrived = instrumentation.under(found[0]).arrived if len(found) == 1 else instrumentation.arrived
    created = f"{arrived.removesuffix('_total')}_created"
    counters = 0.0
    values: dict[str, list[float]] = {}
    for kind, sample in samples:
        values.setdefault(sample.name, []).append(sample.value)
        if kind == "counter" and not sample.name.endswith("_created") and math.isfinite(sample.value):
            counters += sample.value
    start_s, created_s = (min(values[name]) if name in values else None for name in (PROCESS_START, created))
    since_s = created_s if start_s is None else start_s
    return Scrape(
        status=status,
        content_type=content_type,
        names=names,
        requests=sum(values[arrived]) if arrived in values else None,
        counters=counters,
        start_s=start_s,
        created_s=created_s,
        age_s=None if since_s is None else time.time() - since_s,
    )


def _reason(url: str, error: AnswerError) -> str:
    match error.problem:
        case Problem.SLOW:
            return f"no end of an answer within {SCRAPE_LIMIT_S:g} s"
        case Problem.LARGE:
            return f"no end of the answer within {MAX_BYTES // 2**20} MiB"
        case _:
            return f"it {refusals.unanswered(refusals.TARGET, url, error)}"
