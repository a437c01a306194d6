"""Whatever answers in place of Prometheus, it is one error, or an answer that is missing."""

import json
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.core.codes import Code
from harness.core.errors import PrometheusError
from harness.core.query import NoData, Query
from harness.runtime import http, prometheus
from harness.runtime.prometheus import Prometheus
from tests.unit.runtime import impostor
from tests.unit.runtime.impostor import Answer, serving, whole

SHAPES = {
    "no status": whole(b'{"status":"success"}'),
    "a list": whole(b"[]"),
    "null": whole(b'{"data":{"result":null}}'),
    "a text": whole(b'{"data":{"result":"x"}}'),
    "no point": whole(b'{"data":{"result":[{"metric":{},"value":[1]}]}}'),
    "no number": whole(b'{"data":{"result":[1,"x"]}}'),
    "too large a number": whole(b'{"data":{"result":[1,"1e999"]}}'),
    "too long a number": whole(b'{"data":{"result":[1,"1"],"x":' + b"9" * 5000 + b"}}"),
    "too deep": whole(b"[" * 200_000),
    "deep and well": whole(b'{"data":{"result":' + b"[" * 900 + b"]" * 900 + b"}}"),
    "a page": whole(b"<html>"),
    "no UTF-8": whole(b'{"data":{"result":"\xff"}}'),
    "503": whole(b'{"status":"error"}', "503 Service Unavailable"),
    "401": whole(b"who are you", "401 Unauthorized"),
    **{name: impostor.HOSTILE[name] for name in ("body that drips", "a bomb", "no HTTP", "nothing", "half a body")},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(prometheus, "PROBE_S", 0.5)
    monkeypatch.setattr(prometheus, "AGAIN_S", 0.5)
    monkeypatch.setattr(http, "BACKOFF_S", 0.01)
    monkeypatch.setattr(http.Session.__init__, "__defaults__", (0.5, 2**20))


@pytest.mark.parametrize("shape", SHAPES)
def test_any_answer_is_one_error(shape: str) -> None:
    """Of the version, the time and the scrapes."""
    with serving(SHAPES[shape]) as (address, _):
        server = Prometheus(address)
        for ask in (server.version, server.now, server.skew_s):
            with pytest.raises(PrometheusError) as caught:
                ask()
            assert "\n" not in str(caught.value)
        assert server.rules() == []
        if shape == "no point":
            assert isinstance(server.read("up"), NoData)


def test_a_clock_of_whole_seconds_is_read_as_its_second_begins() -> None:
    """Read at any moment, it would seem up to a second late."""

    def answer(connection: socket.socket, request: bytes) -> None:
        document = {"status": "success", "data": {"resultType": "scalar", "result": [1, str(int(time.time()) - 7)]}}
        whole(json.dumps(document).encode())(connection, request)

    with serving(answer) as (address, _):
        assert Prometheus(address).skew_s() == pytest.approx(7.0, abs=0.3)


@pytest.mark.parametrize(("edge", "expected"), [("3", ""), ("2", "3.0 or later")])
def test_a_server_that_does_not_report_its_version_is_known_by_its_behaviour(edge: str, expected: str) -> None:
    """It answers queries and gives 404 for what it was built from; what it evaluates as is asked as of any other."""
    values = {
        "count_over_time": edge,
        "histogram_quantile": "1",
        "increase": "12.5",
        "count(": "1" if edge == "2" else "0",
    }

    def answer(connection: socket.socket, request: bytes) -> None:
        parts = urlsplit(request.split()[1].decode())
        if parts.path.endswith("/buildinfo"):
            whole(b"404 page not found\n", "404 Not Found")(connection, request)
            return
        text = parse_qs(parts.query)["query"][0]
        value = next((value for name, value in values.items() if name in text), "1")
        document = {"status": "success", "data": {"resultType": "scalar", "result": [1, value]}}
        whole(json.dumps(document).encode())(connection, request)

    with serving(answer) as (address, _):
        assert Prometheus(address).version() == expected


@pytest.mark.parametrize(("written", "expected"), [("15", 15.0), ("0", None), ("NaN", None), ("+Inf", None)])
def test_the_default_step_is_what_the_server_shows(written: str, expected: float | None) -> None:
    """What is no step is none."""
    shown = {"data": {"result": [{"metric": {}, "value": [1, written]}]}}
    with serving(whole(json.dumps(shown).encode())) as (address, _):
        assert Prometheus(address).default_step_s() == expected


@pytest.mark.parametrize("shape", ["a list", "503", "no point", "nothing"])
def test_without_an_answer_the_default_step_is_not_known(shape: str) -> None:
    """That is no error: it matters to few panels."""
    with serving(SHAPES[shape]) as (address, _):
        assert Prometheus(address).default_step_s() is None


def _beside(shape: Answer) -> Answer:
    """A Prometheus that knows the time, and answers everything else so."""

    def answer(connection: socket.socket, request: bytes) -> None:
        query = parse_qs(urlsplit(request.split()[1].decode()).query).get("query", [""])[0]
        right = whole(json.dumps({"data": {"result": [1, "1"]}}).encode())
        (right if query == "time()" else shape)(connection, request)

    return answer


@pytest.mark.parametrize(
    "shape", ["no status", "null", "no point", "too deep", "a page", "503", "401", "body that drips"]
)
def test_a_query_without_an_answer_is_missing_and_the_others_are_asked(shape: str) -> None:
    """The run goes on without it, and what needs it is inconclusive."""
    queries = [Query("a", 1.0), Query("b", 1.0, 0.0, 1.0)]
    with serving(_beside(SHAPES[shape])) as (address, _):
        answers = Prometheus(address).fetch(queries)
    assert [answer["query"] for answer in answers] == ["a", "b"]
    assert [answer["code"] for answer in answers] == [Code.NO_ANSWER, Code.NO_ANSWER]
    assert all("result" not in answer and answer["error"] for answer in answers)


def test_a_refusal_is_prometheus_s_own() -> None:
    """400 and 422; what a proxy says is no answer."""
    refusal = whole(b'{"status":"error","errorType":"bad_data","error":"parse error"}', "400 Bad Request")
    with serving(refusal) as (address, _):
        (answer,) = Prometheus(address).fetch([Query("a", 1.0)])
    assert answer["code"] == Code.REFUSED
    assert "parse error" in answer["error"]


def test_a_server_on_which_all_drips_is_not_asked_for_ever() -> None:
    """After one slow query it must tell the time; after three no more are asked."""
    with serving(impostor.HOSTILE["body that drips"]) as (address, _), pytest.raises(PrometheusError):
        Prometheus(address).fetch([Query("a", 1.0)])
    with serving(_beside(SHAPES["body that drips"])) as (address, requests):
        answers = Prometheus(address).fetch([Query(f"a{number}", 1.0) for number in range(20)])
    assert len(requests) == 2 * prometheus.MOST_SLOW
    assert {answer["code"] for answer in answers} == {Code.NO_ANSWER}


def _answered(**more: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}, **more}).encode()


def test_an_answer_with_a_warning_is_none() -> None:
    """A store that did not answer leaves out samples: neither a live question nor evidence takes it for whole."""
    with serving(whole(_answered(warnings=["No StoreAPIs matched"]))) as (address, _):
        server = Prometheus(address)
        with pytest.raises(PrometheusError, match="warns that its answer may not be whole: No StoreAPIs matched"):
            server.read("up")
        (answer,) = server.fetch([Query("up[5s]", 1.0)])
    assert (answer["code"], "result" in answer) == (Code.NO_ANSWER, False)


@pytest.mark.parametrize("more", [{"warnings": ["PromQL warning: bucket label"]}, {"infos": ["PromQL info"]}, {}])
def test_what_concerns_the_expression_alone_is_no_such_warning(more: dict[str, object]) -> None:
    """Its samples are all there."""
    with serving(whole(_answered(**more))) as (address, _):
        (answer,) = Prometheus(address).fetch([Query("up", 1.0)])
    assert answer["result"] == [1, "1"]


def test_each_query_asks_for_samples_as_they_were_scraped() -> None:
    """Now, from each replica, and from every store or not at all."""
    asked: list[str] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        asked.append(request.split()[1].decode())
        whole(_answered())(connection, request)

    with serving(answer) as (address, _):
        Prometheus(address).fetch([Query("up", 1.0)])
    given = parse_qs(urlsplit(asked[-1]).query)
    assert {name: given[name] for name in ("nocache", "dedup", "partial_response")} == {
        "nocache": ["1"],
        "dedup": ["false"],
        "partial_response": ["false"],
    }


def test_half_a_character_in_an_answer_can_be_written() -> None:
    """JSON may hold one, and UTF-8 may not."""
    body = rb'{"data":{"result":[{"metric":{"view":"\ud800\ud83d\ude00"},"value":[1,"2"]}]}}'
    with serving(whole(body)) as (address, _):
        (answer,) = Prometheus(address).fetch([Query("up", 1.0)])
    (series,) = answer["result"]
    assert series["metric"] == {"view": "\ufffd\U0001f600"}


@pytest.mark.parametrize(
    ("body", "status", "error", "code"),
    [
        (
            b'{"error":"1:7: parse error"}',
            "400 Bad Request",
            "refused the query: HTTP 400, 1:7: parse error",
            Code.REFUSED,
        ),
        (b"<html><title>Bad gateway</title>", "500 No", "gave up on the query: HTTP 500, Bad gateway", Code.NO_ANSWER),
        (b"", "422 No", "refused the query: HTTP 422", Code.REFUSED),
    ],
)
def test_why_a_query_got_no_result_is_what_the_server_says(body: bytes, status: str, error: str, code: Code) -> None:
    """Its status, and its own words without what surrounds them."""
    with serving(whole(body, status)) as (address, _):
        (answer,) = Prometheus(address).fetch([Query("up", 1.0)])
    assert (answer["error"], answer["code"]) == (f"Prometheus {error}", code)
