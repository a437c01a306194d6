"""Query -> evidence, through prometheus-api-client."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import Retry

from harness.core.codes import Code
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Query, Reading
from harness.evidence import prometheus_evidence
from harness.promql.own_series import UP

POLL_S = 0.1
"""How often the server is asked while something is awaited."""
TIMEOUT_S = 30.0
CLOCK_QUESTIONS = 5
"""How often the server is asked for its time: a busy machine holds one answer up, and rarely all of them."""
UNVERSIONED = "3.0 or later"
"""What is reported for a server that does not know its version but behaves like this."""


GIVEN_UP = (503, 504)
"""How Prometheus, or a proxy before it, answers a query that took too long (web/api/v1/api.go, `returnAPIError`)."""


RETRY = Retry(total=3, read=False, backoff_factor=1.0, status_forcelist=(408, 429, 500, 502), raise_on_status=False)
"""What may be gone the next moment is asked again; a query that took too long would take too long again."""


class _SlowError(PrometheusError):
    """One query took too long; another may not."""


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
            version = str(answer.json()["data"]["version"])
            return version or (UNVERSIONED if self._has_open_ranges() else "")
        except requests.ConnectionError:
            raise PrometheusError(
                f"--prometheus: no Prometheus answers at {self.url}; is it running, is the URL right?"
            ) from None
        except (requests.RequestException, ValueError, KeyError, TypeError):
            raise PrometheusError(
                f"--prometheus: {self.url} answers, but not like a Prometheus; is the URL right?"
            ) from None

    def _has_open_ranges(self) -> bool:
        """Of the points 0 s, 5 s and 10 s, a range of 10 s that ends at 10 s leaves out the first."""
        return float(self._instant("scalar(count_over_time(vector(1)[10s:5s]))", 10.0)[1]) == 2

    def now(self) -> float:
        """Unix time on the server's own clock."""
        return float(self._instant("time()", None)[1])

    def skew_s(self) -> float:
        """This machine's clock minus the server's, exact to half the shortest of a few round trips."""
        trips = []
        for _ in range(CLOCK_QUESTIONS):
            before = time.time()
            there = self.now()
            after = time.time()
            trips.append((after - before, (before + after) / 2 - there))
        return min(trips)[1]

    def fetch(self, queries: Iterable[Query]) -> list[dict[str, Any]]:
        """Ask every query once; an answer is `{query, time_s, result}` as Prometheus gave it, or `error` and `code`.

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
                answer |= {"error": str(error), "code": Code.NO_ANSWER}
            except PrometheusApiClientException as error:
                cut = any(f"HTTP Status Code {code}" in str(error) for code in GIVEN_UP)
                message = f"Prometheus {'gave up on the query' if cut else 'refused the query'}: {error}"
                answer |= {"error": message, "code": Code.NO_ANSWER if cut else Code.REFUSED}
            answers.append(answer)
        return answers

    def rules(self) -> list[dict[str, str]]:
        """Each rule that the server has loaded, with its health, as `RuleHealth`; empty when it does not report them.

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

    def recorded(self) -> tuple[str, ...]:
        """The names of the series that rules record, whoever loaded them; empty when the server does not report them.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/rules", params={"type": "record"}, timeout=TIMEOUT_S).json()
            found = {str(rule["name"]) for group in answer["data"]["groups"] for rule in group["rules"]}
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError):
            return ()
        return tuple(sorted(found))

    def instances(self, selector: str) -> tuple[str, ...]:
        """The `instance` labels of the target's processes that are scraped well now. Raises PrometheusError."""
        reading = self.read(f"{UP}{{{selector}}}")
        up = [series for series in reading.series if series.last == 1] if isinstance(reading, Reading) else []
        return tuple(sorted(series.labels.get("instance", "") for series in up))

    def read(self, text: str) -> Reading | NoData:
        """The answer to an expression as of now. Raises PrometheusError when it is refused or none comes."""
        try:
            return prometheus_evidence.parse_result(self._instant(text, None))
        except ValueError:
            return NoData("not a vector", Code.UNREADABLE)
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


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
