"""Query -> evidence, through prometheus-api-client over the harness's own client (`harness.runtime.http`).

It is longer than other modules because whatever the server is asked goes through one class and ends in its errors.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from harness.core import secret
from harness.core.codes import Code
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Query, Reading
from harness.core.text import shorten
from harness.evidence import prometheus_evidence, relabel_rules
from harness.promql.own_series import UP
from harness.runtime import dialects, http, reachable, refusals
from harness.runtime.answers import AnswerError, Problem

ALWAYS = {"nocache": "1", "dedup": "false", "partial_response": "false", "max_source_resolution": "0s"}
"""Asked with each query: samples as they were scraped, of now, and all of them. Without these VictoriaMetrics answers
with values of 30 s ago, and Thanos merges replicas sample by sample, or leaves out a store that does not answer."""
ANNOTATION = "PromQL "
"""With which warnings begin that are about an expression (util/annotations/annotations.go): no sample is missing."""
WARNED_AGAIN = 3
"""How often a live question is asked again while its answer comes with a warning."""
POLL_S = 0.1
"""How often the server is asked while something is awaited."""
TIMEOUT_S = 30.0
CLOCK_QUESTIONS = 5
"""How often the server is asked for its time: a busy machine holds one answer up, and rarely all of them."""
TICK_S = 2.0
"""So long the next second of a server's clock is awaited at the most."""
PROBE_S = 5.0
"""After a query that took too long, the server must tell the time within this for others to be asked."""
MOST_SLOW = 3
"""Queries that may take too long; then no more are asked."""
AGAIN_S = 10.0
"""After the first that took too long, each later query may take this."""
UNVERSIONED = "3.0 or later"
"""What is reported for a server that does not know its version but behaves like this."""
REFUSALS = frozenset({400, 422})
"""How Prometheus refuses a query itself (web/api/v1/api.go, `respondError`); any other status is no answer to it."""
NOT_LET_IN = frozenset({401, 403})
OK = 200
LONGEST_REASON = 300
_SHAPES = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError)
"""What reading an answer of another shape raises, in the client library and here."""


DEFAULT_STEP = (
    "(max_over_time(vector(time())[6h:]) - min_over_time(vector(time())[6h:])) / (count_over_time(vector(1)[6h:]) - 1)"
)
"""The mean time between two steps of a subquery that names none."""


class _SlowError(PrometheusError):
    """One query took too long; another may not."""


class _PartialError(PrometheusError):
    """The server warns that the answer may not be whole."""


class _Session(http.Session):
    """A session that knows of its last answer what the client library drops, or puts into a sentence."""

    status = 0
    warned = ""
    """What the server warned of; empty for nothing."""
    said = ""
    """Why it gave no result; empty where it did, or does not say."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """As in the base class. Raises AnswerError."""
        response = super().request(method, url, *args, **kwargs)
        self.status = response.status_code
        self.said = "" if response.status_code == OK else refusals.said_in(response)
        self.warned = _warning(response) if b'"warnings"' in response.content else ""
        return response


class _ShapeError(PrometheusError):
    """One query got something else than an answer; another may not."""


class Prometheus:
    """One Prometheus server."""

    def __init__(self, url: str) -> None:
        """Nothing is sent yet."""
        self.url = url.rstrip("/")
        self._session = _Session(TIMEOUT_S)
        self._client = PrometheusConnect(url=self.url, session=self._session)

    def version(self) -> str:
        """The server's version, e.g. `2.42.0`; raises PrometheusError when it does not answer.

        A server that was built without its release's flags does not know its version, and Cortex does not report its
        own. One whose ranges are open on the left is 3.0 or later, which is all that a prediction of `rate()` must
        know; of an older one it stays empty.
        """
        reachable.check(self.url, self._session)
        try:
            answer = self._session.get(f"{self.url}/api/v1/status/buildinfo")
            version = str(answer.json()["data"]["version"]) if answer.status_code == OK else ""
        except AnswerError as error:
            raise PrometheusError(f"--prometheus: {self.url} {error}; is the URL right?") from None
        except _SHAPES:
            raise PrometheusError(
                f"--prometheus: {self.url} answers, but not like a Prometheus; is the URL right?"
            ) from None
        self._session.repeats = True  # it is there: what it lacks from now on, it may have the next moment
        return version or (UNVERSIONED if self.evaluates_as() == "3.0" else "")

    def evaluates_as(self) -> str:
        """The oldest version of Prometheus that evaluates as the server does; empty for none."""
        return dialects.find(self._number)

    def kind(self) -> str:
        """What a server is that does not name itself, by what it alone answers; empty for any other."""
        if isinstance(self.status("stores"), Mapping):
            return "Thanos Query"
        try:
            self._instant("now()", None)  # of MetricsQL
        except (PrometheusError, PrometheusApiClientException):
            return ""
        return "VictoriaMetrics"

    def now(self) -> float:
        """Unix time on the server's own clock."""
        return self._number("time()", None)

    def skew_s(self) -> float:
        """This machine's clock minus the server's, exact to half the shortest of a few round trips.

        A server that tells whole seconds, as VictoriaMetrics does, is asked until the next begins.
        """
        trips = [self._trip() for _ in range(CLOCK_QUESTIONS)]
        first, last = trips[0][2], time.monotonic() + TICK_S
        while all(there.is_integer() for _, _, there in trips) and time.monotonic() < last:
            trips = [self._trip()]
            if trips[0][2] > first:
                break
            time.sleep(POLL_S / 10)
        return min(trips)[1]

    def _trip(self) -> tuple[float, float, float]:
        """How long the server took to tell its time, this machine's clock minus it, and the time."""
        before = time.time()
        there = self.now()
        after = time.time()
        return after - before, (before + after) / 2 - there, there

    def fetch(self, queries: Iterable[Query]) -> list[dict[str, Any]]:
        """Ask every query once; an answer is `{query, time_s, result}` as Prometheus gave it, or `error` and `code`.

        One that takes too long, or gets something else than an answer, leaves the others to be asked, unless the server
        cannot tell the time either or too many took too long. Raises PrometheusError when the server cannot be reached.
        """
        answers, slow = [], 0
        for query in dict.fromkeys(queries):
            answer: dict[str, Any] = {"query": query.text, "time_s": query.time_s}
            if query.start_s is not None:
                answer |= {"start_s": query.start_s, "step_s": query.step_s}
            if slow < MOST_SLOW:
                answer |= self._answer(query)
                if answer.get("slow"):
                    slow += bool(answer.pop("slow"))
                    self._probe()
            else:
                answer |= {"error": f"{self.url} was not asked: {slow} queries took too long", "code": Code.NO_ANSWER}
            answers.append(answer)
        self._session.deadline_s = TIMEOUT_S
        return answers

    def _answer(self, query: Query) -> dict[str, Any]:
        """`result`, or `error` and `code`, and `slow` when it took too long."""
        try:
            return {"result": self._ask(query)}
        except _SlowError as error:
            return {"error": secret.redact(str(error)), "code": Code.NO_ANSWER, "slow": True}
        except (_ShapeError, _PartialError) as error:
            return {"error": secret.redact(str(error)), "code": Code.NO_ANSWER}
        except PrometheusApiClientException:
            refused = self._session.status in REFUSALS
            message = f"Prometheus {'refused the query' if refused else 'gave up on the query'}: {self._reason()}"
            return {"error": message, "code": Code.REFUSED if refused else Code.NO_ANSWER}

    def _reason(self) -> str:
        """Why the last answer is none."""
        status = self._session.status
        if status in NOT_LET_IN:
            return f"it answers {status}: the credential that was sent is refused; has it expired? (docs/connection.md)"
        return f"HTTP {status}, {self._session.said}" if self._session.said else f"HTTP {status}"

    def _probe(self) -> None:
        """See that the server still answers. Raises PrometheusError."""
        self._session.deadline_s = PROBE_S
        try:
            self.now()
        finally:
            self._session.deadline_s = AGAIN_S

    def rules(self) -> list[dict[str, str]]:
        """Each rule that the server has loaded, with its health, as `RuleHealth`; empty when it does not report them.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/rules").json()
            return [
                {
                    "file": PurePath(group["file"]).name,
                    "group": str(group["name"]),
                    "name": str(rule["name"]),
                    "health": str(rule["health"]),
                    "error": secret.redact(str(rule.get("lastError", ""))),
                }
                for group in answer["data"]["groups"]
                for rule in group["rules"]
            ]
        except (AnswerError, *_SHAPES):
            return []

    def data(self, path: str, parameters: Mapping[str, str]) -> object:
        """The `data` of an answer of the API below `/api/v1/`. Raises PrometheusError when it is refused or none comes.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/{path}", params=parameters)
            document = answer.json()
            if answer.status_code in REFUSALS:
                raise PrometheusError(f"refused: {secret.redact(shorten(str(document['error']), LONGEST_REASON))}")
            found: object = document["data"]
        except AnswerError as error:
            raise self._unanswered(error) from None
        except _SHAPES:
            raise PrometheusError(f"{self.url} answers, but not like a Prometheus; is the URL right?") from None
        return found

    def recorded(self) -> tuple[str, ...]:
        """The names of the series that rules record, whoever loaded them; empty when the server does not report them.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
        """
        try:
            answer = self._session.get(f"{self.url}/api/v1/rules", params={"type": "record"}).json()
            found = {str(rule["name"]) for group in answer["data"]["groups"] for rule in group["rules"]}
        except (AnswerError, *_SHAPES):
            return ()
        return tuple(sorted(found))

    def dropped(self, selector: str, metrics: Iterable[str]) -> tuple[str, ...]:
        """Those of `metrics` that the jobs of the target drop by their names; empty when that is not reported.

        Source: https://prometheus.io/docs/prometheus/latest/querying/api/#config
        """
        reading = self.read(f"{UP}{{{selector}}}")
        jobs = {series.labels.get("job", "") for series in reading.series} if isinstance(reading, Reading) else set()
        try:
            configuration = str(self._session.get(f"{self.url}/api/v1/status/config").json()["data"]["yaml"])
        except (AnswerError, *_SHAPES):
            return ()
        return tuple(sorted(relabel_rules.dropped(configuration, jobs, metrics)))

    def default_step_s(self) -> float | None:
        """The step of subqueries that name none; None where the server does not show it.

        It shows in the times at which it evaluates one, whatever the server is: `evaluation_interval` of Prometheus.
        """
        try:
            reading = self.read(DEFAULT_STEP)
        except PrometheusError:
            return None
        step_s = reading.series[0].last if isinstance(reading, Reading) else math.nan
        return step_s if math.isfinite(step_s) and step_s > 0 else None

    def status(self, path: str, **params: str) -> Any:
        """The `data` of an answer below `/api/v1/`; None where the server does not report it."""
        try:
            answer = self._session.get(f"{self.url}/api/v1/{path}", params=params)
            return answer.json()["data"] if answer.status_code == OK else None
        except (AnswerError, *_SHAPES):
            return None

    def read(self, text: str) -> Reading | NoData:
        """The answer to an expression as of now. Raises PrometheusError when it is refused or none comes."""
        try:
            return prometheus_evidence.parse_result(self._asked_again(text))
        except PrometheusApiClientException:
            if self._session.status in REFUSALS:
                raise PrometheusError(f"{self.url} refused {text}: {self._reason()}; is the selector right?") from None
            raise PrometheusError(f"{self.url} gave no answer to {text}: {self._reason()}") from None
        except _SHAPES:
            return NoData("not a vector", Code.UNREADABLE)

    def _asked_again(self, text: str) -> Sequence[Any]:
        """An answer as of now, asked for again while it comes with a warning. Raises PrometheusError."""
        for _ in range(WARNED_AGAIN):
            try:
                return self._instant(text, None)
            except _PartialError:
                time.sleep(POLL_S)
        return self._instant(text, None)

    def _number(self, text: str, time_s: float | None) -> float:
        """The value of a scalar. Raises PrometheusError when it is refused, none comes, or it is none."""
        try:
            found = self._instant(text, time_s)
            # VictoriaMetrics answers with a vector of one series.
            value = float(found[0]["value"][1] if isinstance(found[0], dict) else found[1])
        except PrometheusApiClientException:
            raise PrometheusError(f"{self.url} gave no answer to {text}: {self._reason()}") from None
        except _SHAPES:
            value = math.nan
        if not math.isfinite(value):
            raise PrometheusError(f"{self.url} gave no number for {text}; is it a Prometheus?")
        return value

    def _instant(self, text: str, time_s: float | None) -> Sequence[Any]:
        parameters = ALWAYS if time_s is None else {**ALWAYS, "time": f"{time_s:.3f}"}
        try:
            return self._whole(_listed(self._client.custom_query(text, params=parameters)))
        except AnswerError as error:
            raise self._unanswered(error) from None
        except _SHAPES:
            raise _ShapeError(f"{self.url} answers, but not like a Prometheus; is the URL right?") from None

    def _whole(self, found: Sequence[Any]) -> Sequence[Any]:
        """The list, where the server did not warn that some of it may be missing. Raises _PartialError."""
        if self._session.warned:
            raise _PartialError(
                f"{self.url} warns that its answer may not be whole: {self._session.warned}; see that all of its "
                "stores answer"
            )
        return found

    def _unanswered(self, error: AnswerError) -> PrometheusError:
        match error.problem:
            case Problem.SLOW:
                return _SlowError(f"{self.url} did not answer within {self._session.deadline_s:g} s")
            case Problem.LARGE:
                return _ShapeError(f"{self.url} {error}")
            case _:
                what = refusals.unanswered(refusals.PROMETHEUS, self.url, error)
                return PrometheusError(f"{self.url} does not answer: it {what}")

    def _ask(self, query: Query) -> Sequence[Any]:
        if query.start_s is None or query.step_s is None:
            found = self._instant(query.text, query.time_s)
        else:
            found = self._range(query, query.start_s, query.step_s)
        try:
            prometheus_evidence.parse_result(found)
        except _SHAPES:
            raise _ShapeError(f"{self.url} answers, but not like a Prometheus; is the URL right?") from None
        return found

    def _range(self, query: Query, start_s: float, step_s: float) -> Sequence[Any]:
        try:
            found = _listed(
                self._client.custom_query_range(
                    query.text,
                    start_time=_utc(start_s),
                    end_time=_utc(query.time_s),
                    step=f"{step_s:g}",
                    # the client rounds to whole seconds; these override it
                    params={**ALWAYS, "start": f"{start_s:.3f}", "end": f"{query.time_s:.3f}"},
                )
            )
            return self._whole(found)
        except AnswerError as error:
            raise self._unanswered(error) from None
        except _SHAPES:
            raise _ShapeError(f"{self.url} answers, but not like a Prometheus; is the URL right?") from None


def _listed(found: Any) -> Sequence[Any]:
    """An answer's list. Raises TypeError for anything else."""
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _warning(response: requests.Response) -> str:
    """What a server warns of that concerns samples; empty for nothing."""
    try:
        warned = response.json().get("warnings") or []
        return shorten("; ".join(str(each) for each in warned if not str(each).startswith(ANNOTATION)), LONGEST_REASON)
    except _SHAPES:
        return ""


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
