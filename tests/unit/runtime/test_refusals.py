"""Who is not let in gets one sentence that says why, and what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.config.profile import Connection, Credentials
from harness.core import secret
from harness.core.errors import PrometheusError
from harness.runtime import access, connections, http, reachable, refusals
from harness.runtime.answers import AnswerError, Problem
from tests.unit.runtime.impostor import Answer, serving, whole

RIGHT = whole(json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}).encode())
PAGE = "Content-Type: text/html; charset=utf-8\r\n"


@pytest.fixture(autouse=True)
def unknown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(reachable, "PROBE_S", 1.0)
    yield
    secret.forget()
    connections.forget()


def told(answer: Answer, connection: Connection | None = None) -> str:
    """What is said of a Prometheus that answers so."""
    with serving(answer) as (address, _):
        if connection:
            access.reach("prometheus", address, connection, Path(), {"SECRET": "s3cret-word"})
        with pytest.raises(PrometheusError) as caught:
            reachable.check(address, http.Session(2.0))
    assert str(caught.value).startswith("--prometheus: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "body", "says"),
    [
        (
            "401 Unauthorized",
            'WWW-Authenticate: Basic realm="x"\r\n',
            b"",
            "a name and a password.*--prometheus-username",
        ),
        ("401 Unauthorized", "WWW-Authenticate: Bearer\r\n", b"", "wants a token.*--prometheus-token-env"),
        ("401 Unauthorized", "", b"no org id\n", "no org id.*--prometheus-tenant"),
        ("403 Forbidden", "", b"<html><title>403 Forbidden</title>", "lets nobody in who sends nothing"),
        ("404 Not Found", "", b"404 page not found\n", "not like a Prometheus.*prefix"),
        ("406 Not Acceptable", "", b"", "Accept"),
        ("407 Proxy Authentication Required", "", b"", "--prometheus-proxy-env"),
        (
            "400 Bad Request",
            "",
            b"Client sent an HTTP request to an HTTPS server.\n",
            "an HTTPS server.*write https://",
        ),
        ("429 Too Many Requests", "", b"", "limits how often"),
        ("502 Bad Gateway", "", b"", "what stands before it runs"),
        ("302 Found", "Location: https://127.0.0.1:9/x\r\n", b"", "redirects to https://127.0.0.1:9/x; name"),
        (
            "302 Found",
            "Location: https://sso.invalid/login?next=s\r\n",
            b"",
            "sso.invalid/login, another host, perhaps",
        ),
        ("302 Found", "Location: http://[::/x\r\n", b"", "redirects to 'http://\\[::/x', which is no URL; name"),
        ("200 OK", PAGE, b"<html><title>Sign in</title>", "page for people.*Sign in.*--prometheus-token-env"),
        ("200 OK", "", b"[]", "not like a Prometheus"),
    ],
)
def test_each_answer_that_is_none_has_its_sentence(status: str, headers: str, body: bytes, says: str) -> None:
    """With the server's own words, and the flag that helps."""
    assert re.search(says, told(whole(body, status, headers)))


@pytest.mark.parametrize(
    ("status", "says"),
    [("401 Unauthorized", "refuses what was sent.*expired"), ("403 Forbidden", "is known and may not read")],
)
def test_what_was_sent_and_refused_is_another_case(status: str, says: str) -> None:
    """The secret is not repeated, even where the server repeats it."""
    text = told(whole(b"bad token s3cret-word\n", status), Connection(token=Credentials(env="SECRET")))
    assert re.search(says, text)
    assert "s3cret" not in text


@pytest.mark.parametrize("right", ["/prometheus", "/api/prom", ""])
def test_the_path_at_which_it_answers_is_found(right: str) -> None:
    """A prefix that is missing, or the path of a page that somebody copied from a browser."""

    def answer(connection: object, request: bytes) -> None:
        path = urlsplit(request.split()[1].decode()).path
        reply = RIGHT if path == f"{right}/api/v1/query" else whole(b"nothing here\n", "404 Not Found")
        reply(connection, request)  # type: ignore[arg-type]

    with serving(answer) as (address, _):
        given = address if right else f"{address}/graph"
        with pytest.raises(PrometheusError, match=rf"queries are answered at {re.escape(address + right)}; name that"):
            reachable.check(given, http.Session(2.0))
        reachable.check(address + right, http.Session(2.0))


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (Problem.UNTRUSTED, "--target-ca FILE"),
        (Problem.NO_TLS, "write http://"),
        (Problem.WANTS_CERTIFICATE, "--target-client-certificate FILE and --target-client-key FILE"),
        (Problem.PROXY, "--target-proxy URL"),
        (Problem.UNREACHABLE, "is it running"),
        (Problem.BROKEN, "is the URL right"),
    ],
)
def test_each_problem_has_its_remedy(problem: Problem, says: str) -> None:
    """In the words of the side that is meant."""
    assert says in refusals.unanswered(refusals.TARGET, "https://shop.invalid", AnswerError(problem, "does not answer"))
