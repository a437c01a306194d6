"""Query -> evidence, through prometheus-api-client; and waiting for the quiet scrapes that bound the window."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePath
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import Retry

from harness import promql
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Query, Reading
from harness.evidence import prometheus_evidence
from harness.instrumentation.base import Instrumentation
from harness.promql.own_series import UP
from harness.runtime import namespace

POLL_S = 0.1
TIMEOUT_S = 30.0
UNVERSIONED = "3.0 or later"
"""What is told of a server that does not know its version, when it behaves like that."""


GIVEN_UP = (503, 504)
"""How Prometheus, or a proxy before it, answers a query that took too long (web/api/v1/api.go, `returnAPIError`)."""


RETRY = Retry(total=3, read=False, backoff_factor=1.0, status_forcelist=(408, 429, 500, 502), raise_on_status=False)
"""What may be gone the next moment is asked again; a query that took too long would take too long again."""


class _SlowError(PrometheusError):
    """One query took too long; another may not."""


@dataclass(frozen=True, slots=True)
class QuietScrape:
    """One moment at which no request was in flight, or the best that could be had."""

    time_s: float
    idle_requests: int | None
    """Requests by others seen while waiting: 0 when it was really quiet."""


class Prometheus:
    """One Prometheus server."""

    def __init__(self, url: str) -> None:
        """Nothing is sent yet."""
        self.url = url.rstrip("/")
        session = requests.Session()
        session.trust_env = False
        self._session = session
        self._client = PrometheusConnect(url=self.url, session=session, timeout=TIMEOUT_S, retry=RETRY)

    def version(self) -> str:
        """The server's version, e.g. `2.42.0`; raises PrometheusError when it does not answer.

        A server that was built without its release's flags does not know its version. One whose ranges are open on the
        left is 3.0 or later, which is all that a prediction of `rate()` must know; of an older one it stays empty.
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/status/buildinfo", timeout=TIMEOUT_S)
            told = str(answer.json()["data"]["version"])
            return told or (UNVERSIONED if self._has_open_ranges() else "")
        except requests.ConnectionError:
            raise PrometheusError(
                f"--prometheus: no Prometheus answers at {self.url}; is it running, is the URL right?"
            ) from None
        except (requests.RequestException, ValueError, KeyError, TypeError):
            raise PrometheusError(
                f"--prometheus: {self.url} answers, but not as a Prometheus does; is the URL right?"
            ) from None

    def _has_open_ranges(self) -> bool:
        """Of the points 0 s, 5 s and 10 s, a range of 10 s that ends at 10 s leaves out the first."""
        return float(self._instant("scalar(count_over_time(vector(1)[10s:5s]))", 10.0)[1]) == 2

    def now(self) -> float:
        """Unix time on the server's own clock."""
        return float(self._instant("time()", None)[1])

    def skew_s(self) -> float:
        """This machine's clock minus the server's, exact to half the round trip."""
        before = time.time()
        there = self.now()
        return (before + time.time()) / 2 - there

    def fetch(self, queries: Iterable[Query]) -> list[dict[str, Any]]:
        """Ask every query once; an answer is `{query, time_s, result}` as Prometheus gave it, or has `error` instead.

        One that takes too long leaves the others to be asked. Raises PrometheusError when the server cannot be reached.
        """
        answers = []
        for query in dict.fromkeys(queries):
            answer: dict[str, Any] = {"query": query.text, "time_s": query.time_s}
            if query.start_s is not None:
                answer |= {"start_s": query.start_s, "step_s": query.step_s}
            try:
                answer["result"] = self._ask(query)
            except _SlowError as error:
                answer["error"] = str(error)
            except PrometheusApiClientException as error:
                cut = any(f"HTTP Status Code {code}" in str(error) for code in GIVEN_UP)
                answer["error"] = f"Prometheus {'gave the query up' if cut else 'refused the query'}: {error}"
            answers.append(answer)
        return answers

    def rules(self) -> list[dict[str, str]]:
        """Each rule that the server has loaded, with its health, as `RuleHealth`; empty when it does not tell.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/rules", timeout=TIMEOUT_S).json()
            return [
                {
                    "file": PurePath(group["file"]).name,
                    "group": str(group["name"]),
                    "name": str(rule["name"]),
                    "health": str(rule["health"]),
                    "error": str(rule.get("lastError", "")),
                }
                for group in answer["data"]["groups"]
                for rule in group["rules"]
            ]
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError):
            return []

    def instances(self, selector: str) -> tuple[str, ...]:
        """The `instance` labels of the target's processes that are scraped well now. Raises PrometheusError."""
        reading = self._read(f"{UP}{{{selector}}}")
        up = [series for series in reading.series if series.last == 1] if isinstance(reading, Reading) else []
        return tuple(sorted(series.labels.get("instance", "") for series in up))

    def namespace(self, names: Instrumentation, selector: str, given: str | None) -> str | None:
        """As `namespace.find`, of what the server has now. Raises UsageError, PrometheusError."""
        return namespace.find(self._read, names, selector, given)

    def await_scraped(self, names: Instrumentation, selector: str, limit_s: float, given: str | None) -> str:
        """Wait until Prometheus scrapes the target well; returns the namespace of its metrics.

        Raises PrometheusError, UsageError as `namespace` does.
        """
        deadline = time.monotonic() + limit_s
        while True:
            reading = self._read(f"{UP}{{{selector}}}")
            up = [series for series in reading.series if series.last == 1] if isinstance(reading, Reading) else []
            if up and (found := self.namespace(names, selector, given)) is not None:
                return found
            if time.monotonic() > deadline:
                raise PrometheusError(
                    f"{self.url} {self._why_unscraped(names.under(given or ''), selector, reading, up=bool(up))}"
                )
            time.sleep(POLL_S)

    def scrape_interval_s(self, selector: str, limit_s: float) -> float:
        """Seconds between two scrapes of the target, the median of the newest; waits for two of them.

        Raises PrometheusError when they do not come within `limit_s`.
        """
        deadline = time.monotonic() + limit_s
        while True:
            reading = self._read(f"{UP}{{{selector}}}[{promql.duration(limit_s)}]")
            scraped = reading.series if isinstance(reading, Reading) else ()
            steps = sorted(after[0] - before[0] for series in scraped for before, after in pairwise(series.points))
            if steps:
                return round(steps[len(steps) // 2], 3)
            if time.monotonic() > deadline:
                raise PrometheusError(
                    f"{self.url} has not scraped {{{selector}}} twice in {limit_s:g} s; is the selector right?"
                )
            time.sleep(POLL_S)

    def await_quiet(
        self,
        names: Instrumentation,
        selector: str,
        after_s: float,
        interval_s: float,
        limit_s: float,
        *,
        still: bool,
    ) -> QuietScrape:
        """Wait for a visible scrape later than `after_s` at which nothing was in flight.

        With `still`, the counters must also have stood still since the scrape before it, but for the scrape itself.
        When that does not come within `limit_s` others use the target: then the newest scrape, and how many requests
        they made between two scrapes; None when the newest scrapes failed or hold no counters. `after_s` is on
        Prometheus's clock. Raises PrometheusError when no scrape comes.
        """
        deadline = time.monotonic() + limit_s
        while True:
            judged = self._judge_quiet(names, selector, after_s, interval_s)
            if judged and judged[1] == 0 and (not still or judged[2] == 0):
                return QuietScrape(judged[0], 0)
            if time.monotonic() > deadline:
                if judged is None:
                    return QuietScrape(self._newest_scrape(selector, after_s, limit_s), None)
                return QuietScrape(judged[0], max(judged[2], 0))
            time.sleep(POLL_S)

    def _newest_scrape(self, selector: str, after_s: float, limit_s: float) -> float:
        """When Prometheus last tried, well or not. Raises PrometheusError when that was not after `after_s`."""
        reading = self._read(f"{UP}{{{selector}}}[{promql.duration(limit_s)}]")
        tried_s = [series.points[-1][0] for series in reading.series] if isinstance(reading, Reading) else []
        if max(tried_s, default=after_s) <= after_s:
            raise PrometheusError(f"{self.url} has not scraped {selector} for {limit_s:g} s; see its targets page")
        return max(tried_s)

    def _judge_quiet(
        self, names: Instrumentation, selector: str, after_s: float, interval_s: float
    ) -> tuple[float, int, int] | None:
        """Time of the newest scrape after `after_s`, requests in flight then, others' requests since the one before."""
        lookback_s = 5 * interval_s
        metrics = (names.arrived, names.answered)
        counted = [self._read(promql.raw(metric, selector, lookback_s)) for metric in metrics]
        requests_, responses = counted
        if isinstance(requests_, NoData) or isinstance(responses, NoData):
            return None
        answered = _sums(responses)
        newest, flying, strange = 0.0, 0, 0
        for instance, points in _sums(requests_).items():
            answers = answered.get(instance, ())
            if len(points) < 2 or len(answers) < 2 or points[-1][0] <= after_s:
                return None
            grown = points[-1][1] - points[-2][1]
            own = 1 if points[-1][1] - answers[-1][1] >= 1 else 0  # the scrape itself, when Django serves it
            flying += int(points[-1][1] - answers[-1][1]) - own
            strange += int(grown) - own
            newest = max(newest, points[-1][0])
        return newest, flying, strange

    def _why_unscraped(self, names: Instrumentation, selector: str, reading: Reading | NoData, *, up: bool) -> str:
        if isinstance(reading, NoData):
            return (
                f"does not scrape any target with {{{selector}}}; set `selector` in the profile, or add the scrape job"
            )
        if not up:
            down = ", ".join(series.labels.get("instance", "?") for series in reading.series)
            return f"cannot scrape {down} (up is 0); see its targets page for the error"
        return f"scrapes {{{selector}}}, but finds no {names.arrived}; {names.advice.unscraped}"

    def _read(self, text: str) -> Reading | NoData:
        try:
            return prometheus_evidence.parse_result(self._instant(text, None))
        except ValueError:
            return NoData("not a vector")
        except PrometheusApiClientException as error:
            raise PrometheusError(f"{self.url} refused {text}: {error}; is the selector right?") from None

    def _instant(self, text: str, time_s: float | None) -> Sequence[Any]:
        parameters = {} if time_s is None else {"time": f"{time_s:.3f}"}
        try:
            return list(self._client.custom_query(text, params=parameters))
        except requests.RequestException as error:
            raise self._unanswered(error) from None

    def _unanswered(self, error: requests.RequestException) -> PrometheusError:
        if isinstance(error, requests.ReadTimeout):
            return _SlowError(f"{self.url} did not answer within {TIMEOUT_S:g} s")
        return PrometheusError(f"{self.url} does not answer: {type(error).__name__}")

    def _ask(self, query: Query) -> Sequence[Any]:
        if query.start_s is None or query.step_s is None:
            return self._instant(query.text, query.time_s)
        try:
            return list(
                self._client.custom_query_range(
                    query.text,
                    start_time=_utc(query.start_s),
                    end_time=_utc(query.time_s),
                    step=f"{query.step_s:g}",
                    # the client rounds to whole seconds; these override it
                    params={"start": f"{query.start_s:.3f}", "end": f"{query.time_s:.3f}"},
                )
            )
        except requests.RequestException as error:
            raise self._unanswered(error) from None


def _sums(reading: Reading) -> dict[str, list[tuple[float, float]]]:
    """A counter by instance at each scrape, added up over the labels that an app gave it."""
    sums: dict[str, dict[float, float]] = {}
    for series in reading.series:
        points = sums.setdefault(series.labels.get("instance", ""), {})
        for time_s, value in series.points:
            points[time_s] = points.get(time_s, 0.0) + value
    return {instance: sorted(points.items()) for instance, points in sums.items()}


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
