"""The client's deadline and limits hold for the whole answer, and it goes where it was sent."""

import gzip
import itertools
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.core import secret, url
from harness.runtime import connections, http
from harness.runtime.answers import AnswerError, Problem
from tests.unit.runtime import impostor
from tests.unit.runtime.impostor import serving, whole


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    secret.forget()
    connections.forget()


@pytest.mark.parametrize("kind", impostor.HOSTILE)
def test_an_answer_of_any_other_shape_ends_in_one_error(kind: str) -> None:
    """By the deadline and in one line, whatever drips and however much comes."""
    with serving(impostor.HOSTILE[kind]) as (address, _), pytest.raises(AnswerError) as caught:
        http.get(address, 1.0, 2**20)
    assert "\n" not in str(caught.value)
    assert caught.value.problem in (Problem.SLOW, Problem.LARGE, Problem.BROKEN)


@pytest.mark.parametrize("headers", ["", "Connection: close\r\n", "Content-Type: text/plain\r\n"])
def test_an_answer_comes_whole(headers: str) -> None:
    """Compressed or not, kept alive or closed."""
    with serving(whole(b"body", headers=headers)) as (address, _):
        assert http.get(f"{address}/x").text == "body"
    twice = gzip.compress(b"bo") + gzip.compress(b"dy")
    with serving(whole(twice, headers=f"Content-Encoding: gzip\r\n{headers}")) as (address, _):
        assert http.get(address).text == "body"


def test_a_redirect_to_another_origin_is_not_followed() -> None:
    """Nobody is asked there, whether the redirect is an error or the answer."""
    with serving(whole(b"other")) as (other, reached):
        leading = whole(b"", "302 Found", f"Location: {other}/x\r\n")
        with serving(leading) as (address, _):
            with pytest.raises(AnswerError, match="redirects to another host") as caught:
                http.get(address)
            assert caught.value.problem is Problem.ELSEWHERE
            assert http.get(address, follow=False).status_code == 302
        assert reached == []


def test_a_redirect_on_the_same_origin_is_followed_but_not_in_circles() -> None:
    """`/healthz` to `/healthz/`."""

    def answer(connection: socket.socket, request: bytes) -> None:
        path = request.split()[1].decode()
        leads = {"/healthz": "/healthz/", "/loop": "/loop"}.get(path)
        reply = whole(b"", "302 Found", f"Location: {leads}\r\n") if leads else whole(b"well")
        reply(connection, request)

    with serving(answer) as (address, _):
        assert http.get(f"{address}/healthz").text == "well"
        with pytest.raises(AnswerError, match="redirects in circles"):
            http.get(f"{address}/loop")


def _hiccups(status: str, body: bytes, times: int) -> impostor.Answer:
    numbers = itertools.count()

    def answer(connection: socket.socket, request: bytes) -> None:
        (whole(body, status) if next(numbers) < times else whole(b"{}"))(connection, request)

    return answer


def test_a_hiccup_of_a_proxy_is_gone_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the deadline; an error of Prometheus's own stays one."""
    monkeypatch.setattr(http, "BACKOFF_S", 0.01)
    with serving(_hiccups("503 Service Unavailable", b"<html>", 2)) as (address, requests):
        assert http.Session(5.0, repeats=True).get(address).status_code == 200
        assert len(requests) == 3
    with serving(_hiccups("503 Service Unavailable", b'{"errorType":"timeout"}', 9)) as (address, requests):
        assert http.Session(5.0, repeats=True).get(address).status_code == 503
        assert len(requests) == 1


def test_a_name_stays_where_it_was_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is used, wherever the name leads later."""
    places = ["127.0.0.1"]

    def look_up(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (places[0], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    connections.addresses.cache_clear()
    with serving(whole(b"here")) as (address, _):
        named = address.replace("127.0.0.1", "shop.example")
        assert http.get(named).text == "here"
        places[0] = "192.0.2.1"
        assert http.get(named).text == "here"
    connections.addresses.cache_clear()


def test_localhost_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the name is made to mean."""
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: elsewhere)
    connections.addresses.cache_clear()
    with pytest.raises(AnswerError, match="cannot be reached"):
        http.get("http://localhost:80/")
    connections.addresses.cache_clear()


def test_a_credential_goes_to_its_origin_and_to_no_other() -> None:
    """And is known as a secret from then on."""
    with serving(whole(b"")) as (mine, of_mine), serving(whole(b"")) as (other, of_other):
        connections.authorize(url.parse(mine).origin, connections.basic("ann", "s3cret-word"))
        http.get(mine)
        http.get(other)
        assert b"Authorization: Basic YW5uOnMzY3JldC13b3Jk" in of_mine[0]
        assert b"Authorization" not in of_other[0]
        assert secret.redact("YW5uOnMzY3JldC13b3Jk") == secret.MASK


def test_the_deadline_is_one_for_all_redirects() -> None:
    """Each of them a little slow."""

    def answer(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.4)
        whole(b"", "302 Found", f"Location: {request.split()[1].decode()}x\r\n")(connection, request)

    with serving(answer) as (address, _), pytest.raises(AnswerError) as caught:
        http.get(f"{address}/x", 1.0)
    assert caught.value.problem is Problem.SLOW
