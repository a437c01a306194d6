"""A live page of metrics, as it was read several times over fresh connections: in order, then at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scrape:
    """One reading of the page."""

    status: int = 200
    """HTTP status; 0 when there was no response."""
    content_type: str = ""
    problem: str = ""
    """Why there was no response, or why its text is not the exposition format; empty when it was read."""
    refused: str = ""
    """Why another status than 200 was given, with the remedy; continues a sentence that begins with the URL."""
    redirected: str = ""
    """Where a redirect led that was followed to this answer; empty for none."""
    names: frozenset[str] = frozenset()
    """Names of the samples; a metric that was never used may have none."""
    requests: float | None = None
    """The counter of arrived requests, summed over its labels."""
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
    """Made at once, so that busy workers leave some to the others; without an order, they show only who answered."""
