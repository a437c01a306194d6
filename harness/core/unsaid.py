"""What the results of a load generator leave out, so that verdicts which need it are weaker."""

from enum import StrEnum


class Unsaid(StrEnum):
    """One thing that a run's samples cannot say. docs/generators.md lists which format leaves out what."""

    HEADERS = "headers"
    """Headers of responses, so the witness's account."""
    REDIRECTS = "redirects"
    """Requests that the generator sent on its own after a redirect: only the last one has a sample."""
    IN_FLIGHT = "in-flight"
    """Requests that had no end when the load ended."""
    ABSENT = "absent"
    """Whether each request has a row: that is up to the command."""
    START = "start"
    """Starts to better than a millisecond."""
    LATENCY = "latency"
    """Latencies to better than a tenth of a millisecond."""
    CONNECT = "connect"
    """The time to connect, which is missing from the latencies."""
    PLAN = "plan"
    """How much load was planned."""
