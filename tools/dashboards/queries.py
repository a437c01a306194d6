"""What the panels ask of Prometheus, by the rules of docs/dashboards.md.

A ratio has no value where there is no traffic, percentiles are taken of summed buckets, `<unnamed view>` is never left
out, and scrapes and health checks always are.
"""

from harness.instrumentation.django_prometheus.metrics import LATENCY_BY_VIEW, RESPONSES_BY_VIEW

TARGETS = 'app=~"$app",job=~"$job",instance=~"$instance"'
"""The matchers that every series has."""
USERS = f'{TARGETS},view!~"$background"'
"""Requests of users, whatever their view."""
NAMED = f'{USERS},view=~"$namespace(:.*)?",method=~"$method"'
"""Those of the namespaces and methods that are chosen."""
VIEW = f'{TARGETS},view=~"$view",method=~"$method"'
RANGE = "$__rate_interval"
QUANTILES = (0.5, 0.95, 0.99)


def rate(metric: str, matchers: str, by: str = "", range_: str = RANGE, offset: str = "") -> str:
    """The growth per second, added up by labels."""
    shifted = f" offset {offset}" if offset else ""
    return f"sum{_by(by)}(rate({metric}{{{matchers}}}[{range_}]{shifted}))"


def responses(matchers: str, by: str = "", offset: str = "") -> str:
    """Responses per second."""
    return rate(RESPONSES_BY_VIEW, matchers, by, offset=offset)


def ratio(part: str, whole: str, *, by: str = "") -> str:
    """Parts per whole: 0 where none of the parts is there, and nothing where the whole is 0."""
    none = f"0 * {whole}" if by else "vector(0)"
    return f"({part} or {none}) / ({whole} > 0)"


def share_of_status(status: str, matchers: str, by: str = "") -> str:
    """The share of responses whose status matches, e.g. `5..`."""
    return ratio(responses(f'{matchers},status=~"{status}"', by), responses(matchers, by), by=by)


def share_without(status: str, matchers: str) -> str:
    """The share of responses whose status does not match."""
    return f"1 - {share_of_status(status, matchers)}"


def quantile(q: float, histogram: str, matchers: str, by: str = "", offset: str = "") -> str:
    """A percentile of the summed buckets of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q:g}, {rate(f'{histogram}_bucket', matchers, labels, offset=offset)})"


def latency(q: float, matchers: str, by: str = "", offset: str = "") -> str:
    """A percentile of the latency of views."""
    return quantile(q, LATENCY_BY_VIEW, matchers, by, offset)


def mean(histogram: str, matchers: str, by: str = "") -> str:
    """The mean of what a histogram holds."""
    count = rate(f"{histogram}_count", matchers, by)
    return f"{rate(f'{histogram}_sum', matchers, by)} / ({count} > 0)"


def increase(matchers: str, by: str) -> str:
    """Responses in the dashboard's whole time range."""
    return f"sum{_by(by)}(increase({RESPONSES_BY_VIEW}{{{matchers}}}[$__range]))"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
