"""Is there a Prometheus at a URL, and does it answer this client? If not, what stands there, and what to do."""

from urllib.parse import urlsplit

import requests

from harness.core.errors import PrometheusError
from harness.runtime import refusals
from harness.runtime.answers import AnswerError, Problem
from harness.runtime.http import Session

PREFIXES = ("/prometheus", "/api/prom", "/select/0/prometheus")
"""Where a server may answer below its host: `--web.route-prefix` as most set it, Mimir, Cortex, VictoriaMetrics."""
OF_PEOPLE = ("/graph", "/query", "/targets", "/alerts", "/api/v1", "/-/ready", "/metrics")
"""Ends of URLs that somebody copies from a browser."""
PROBE_S = 5.0
_SHAPES = (ValueError, KeyError, TypeError, RecursionError, MemoryError)


def check(address: str, session: Session) -> None:
    """See that queries are answered at `address`. Raises PrometheusError with what answers there, and the remedy."""
    try:
        response = session.get(f"{address}/api/v1/query", params={"query": "1"})
    except AnswerError as error:
        what = refusals.unanswered(refusals.PROMETHEUS, address, error)
        if error.problem is Problem.UNREACHABLE:
            raise PrometheusError(f"--prometheus: no Prometheus answers at {address}: it {what}") from None
        raise PrometheusError(f"--prometheus: {address} {what}") from None
    if _is_answer(response):
        return
    if (right := _elsewhere(address, session)) is not None:
        raise PrometheusError(
            f"--prometheus: {address} answers {response.status_code}, and queries are answered at {right}; name that"
        )
    if what := refusals.refused(refusals.PROMETHEUS, response):
        raise PrometheusError(f"--prometheus: {address} {what}")
    raise PrometheusError(
        f"--prometheus: {address} answers {response.status_code}, but not like a Prometheus; is the URL right, with "
        "the prefix of its path, if it has one?"
    )


def _is_answer(response: requests.Response) -> bool:
    try:
        return response.status_code == 200 and "result" in response.json()["data"]
    except _SHAPES:
        return False


def _elsewhere(address: str, session: Session) -> str | None:
    """Another URL of the same origin at which queries are answered; None when there is none."""
    parts = urlsplit(address)
    base = f"{parts.scheme}://{parts.netloc}"
    cut = [parts.path.removesuffix(end) for end in OF_PEOPLE if parts.path.endswith(end)]
    paths = dict.fromkeys([*cut, "", *PREFIXES, *(f"{parts.path}{prefix}" for prefix in PREFIXES)])
    before = session.deadline_s
    session.deadline_s = PROBE_S
    try:
        for path in paths:
            if path.rstrip("/") != parts.path.rstrip("/"):
                try:
                    found = session.get(f"{base}{path}/api/v1/query", params={"query": "1"})
                except AnswerError:
                    continue
                if _is_answer(found):
                    return f"{base}{path}"
    finally:
        session.deadline_s = before
    return None
