"""Each origin is reached its own way: headers, parameters, a proxy; and a secret that expired is read again."""

import itertools
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.config.profile import Connection, Credentials
from harness.core import secret, url
from harness.core.errors import UsageError
from harness.runtime import access, connections, http
from harness.runtime.answers import AnswerError, Problem
from harness.runtime.connections import Way
from tests.unit.runtime import impostor
from tests.unit.runtime.impostor import serving, whole


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    secret.forget()
    connections.forget()


def reach(address: str, connection: Connection, **environment: str) -> None:
    access.reach("prometheus", address, connection, Path(), environment)


def test_the_path_of_a_url_is_kept() -> None:
    """A slash at its end is another path: that of a page of metrics decides whether a scrape is redirected."""
    assert access.reach("target", "http://127.0.0.1:1/metrics/", Connection(), Path(), {}).endswith("/metrics/")
    assert access.bare("--metrics", "http://ann:s3cret-word@127.0.0.1:1/metrics/").endswith(":1/metrics/")


def test_headers_parameters_and_tenant_go_along() -> None:
    """To the origin alone; what the request has itself stays."""
    way = Connection(
        headers={"X-Team": "shop", "X-Access-Token": Credentials(env="ACCESS")},
        tenant="blue",
        params={"dedup": "false", "query": "other"},
    )
    with serving(whole(b"")) as (mine, of_mine), serving(whole(b"")) as (other, of_other):
        reach(mine, way, ACCESS="s3cret-word")
        http.get(f"{mine}/api?query=up")
        http.get(other)
    first, second = of_mine[0].decode(), of_other[0].decode()
    assert "GET /api?query=up&dedup=false HTTP/1.1" in first
    for line in ("X-Team: shop", "X-Access-Token: s3cret-word", "X-Scope-OrgID: blue"):
        assert line in first
        assert line not in second
    assert secret.redact("it was s3cret-word") == f"it was {secret.MASK}"
    assert secret.redact("shop and blue") == "shop and blue"


@pytest.mark.parametrize(
    ("connection", "sent"),
    [
        (Connection(token=Credentials(env="SECRET")), "Bearer s3cret-word"),
        (Connection(username="ann", password=Credentials(env="SECRET")), "Basic YW5uOnMzY3JldC13b3Jk"),
        (Connection(headers={"Authorization": Credentials(env="SECRET")}), "s3cret-word"),
    ],
)
def test_a_secret_is_sent_as_its_key_says(connection: Connection, sent: str) -> None:
    """A token, a name with its password, or a whole header."""
    reach("http://127.0.0.1:1", connection, SECRET="s3cret-word\n")
    assert connections.of("http://127.0.0.1:1/x").headers["Authorization"] == sent


def test_a_secret_that_was_refused_is_read_again_once(tmp_path: Path) -> None:
    """A command gives another token each time; the answer that is given is the second one."""
    counter = tmp_path / "count"
    counter.write_text("0")
    program = f"p = {str(counter)!r}; n = int(open(p).read()) + 1; open(p, 'w').write(str(n)); print('token-%d' % n)"
    source = Credentials(command=(sys.executable, "-c", program))

    def answer(connection: socket.socket, request: bytes) -> None:
        (whole(b"well") if b"Bearer token-2" in request else whole(b"", "401 Unauthorized"))(connection, request)

    with serving(answer) as (address, requests):
        reach(address, Connection(token=source))
        assert http.get(address).text == "well"
        assert len(requests) == 2
    with serving(whole(b"", "401 Unauthorized")) as (address, requests):
        reach(address, Connection(token=Credentials(env="SECRET")), SECRET="s3cret-word")
        assert http.get(address).status_code == 401
        assert len(requests) == 1


def test_a_token_that_is_refused_is_not_fetched_for_every_request() -> None:
    """It was fetched a moment ago."""
    fetched = itertools.count()
    with serving(whole(b"", "401 Unauthorized")) as (address, requests):
        origin = url.parse(address).origin
        connections.use(origin, Way(renewed=lambda: {"Authorization": f"Bearer {next(fetched)}"}))
        for _ in range(4):
            assert http.get(address).status_code == 401
    assert len(requests) == 5
    assert next(fetched) == 1


def test_a_proxy_gets_the_whole_url_and_its_own_password() -> None:
    """The host is looked up by it."""
    with serving(whole(b"well")) as (proxy, requests):
        given = proxy.replace("//", "//ann:s3cret-word@")
        reach("http://metrics.invalid:9090", Connection(proxy=Credentials(env="PROXY")), PROXY=given)
        assert http.get("http://metrics.invalid:9090/x?y=1").text == "well"
    text = requests[0].decode()
    assert text.startswith("GET http://metrics.invalid:9090/x?y=1 HTTP/1.1")
    assert "Proxy-Authorization: Basic YW5uOnMzY3JldC13b3Jk" in text
    assert "Host: metrics.invalid:9090" in text


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (whole(b"", "403 Forbidden"), "the proxy .* answers 403"),
        (whole(b"", "407 Proxy Authentication Required"), "answers 407"),
        (impostor.HOSTILE["nothing"], "gave no HTTP answer"),
        (impostor.HOSTILE["header that drips"], "in time"),
    ],
)
def test_a_proxy_that_makes_no_tunnel_is_named(answer: impostor.Answer, says: str) -> None:
    """By the deadline."""
    with serving(answer) as (proxy, requests):
        reach("https://metrics.invalid", Connection(proxy=proxy))
        with pytest.raises(AnswerError, match=says) as caught:
            http.get("https://metrics.invalid/x", 1.0)
        assert requests[0].startswith(b"CONNECT metrics.invalid:443 HTTP/1.1")
    assert caught.value.problem in (Problem.PROXY, Problem.SLOW)


def test_a_port_that_speaks_no_tls_is_told_from_one_that_nobody_listens_on() -> None:
    """Whatever answers there."""
    with serving(whole(b"HTTP")) as (address, _), pytest.raises(AnswerError) as caught:
        http.get(address.replace("http:", "https:"))
    assert caught.value.problem is Problem.NO_TLS
    with pytest.raises(AnswerError) as caught:
        http.get("https://127.0.0.1:1")
    assert caught.value.problem is Problem.UNREACHABLE


@pytest.mark.parametrize("key", ["ca", "client_certificate"])
def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path, key: str) -> None:
    """Before anything is sent, with the key."""
    for given, says in (("missing.pem", "cannot be read"), ("empty.pem", "not usable for TLS")):
        (tmp_path / "empty.pem").write_text("nothing\n")
        with pytest.raises(UsageError, match=rf"^target.*{says}"):
            access.reach("target", "https://127.0.0.1:1", Connection(**{key: given}), tmp_path, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "two\nlines", "x" * 9000, "é"])
def test_what_is_no_secret_is_refused_with_its_place(value: str) -> None:
    """And without its value."""
    with pytest.raises(UsageError, match=r"^prometheus\.token: the environment variable SECRET") as caught:
        reach("http://127.0.0.1:1", Connection(token=Credentials(env="SECRET")), SECRET=value)
    assert not value or value not in str(caught.value)
