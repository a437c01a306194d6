"""Single requests, sent by the harness itself between two scrapes, as rows of a shard of their own."""

import time
from collections.abc import Iterator, Mapping

from harness.core import url
from harness.evidence.client.schema import Exchange
from harness.runtime import http
from harness.runtime.answers import AnswerError
from harness.runtime.load import witness_token

ROUNDS = 3
"""How often each path is asked: a thread that is held up once does not look like a timer that misses work."""
TIMEOUT_S = 30.0
PHASE = "probe"
"""Of these rows, in the column of that name."""


def probe(target: str, paths: Mapping[str, str], *, token: str, stamp: bool, at_most_s: float) -> tuple[Exchange, ...]:
    """Ask each path, by the name of its requests, `ROUNDS` times, in turn; those that `at_most_s` leaves time for.

    A path that makes another host of the target's URL is not asked: it may come from a worker.
    """
    own = {name: path for name, path in paths.items() if url.same_origin(target, target + path)}
    return tuple(_exchanges(target, own, token, stamp, time.monotonic() + at_most_s))


def _exchanges(target: str, paths: Mapping[str, str], token: str, stamp: bool, deadline: float) -> Iterator[Exchange]:
    with http.Session(TIMEOUT_S) as session:
        for _ in range(ROUNDS):
            for name, path in paths.items():
                if time.monotonic() > deadline:
                    return
                session.cookies.clear()
                yield _exchange(session, name, target + path, _headers(token, stamp))


def _headers(token: str, stamp: bool) -> dict[str, str]:
    return ({witness_token.HEADER: token} if token else {}) | (
        {"X-Request-Start": f"t={time.time():.6f}"} if stamp else {}
    )


def _exchange(session: http.Session, name: str, address: str, headers: Mapping[str, str]) -> Exchange:
    started_s, began = time.time(), time.perf_counter()
    try:
        answer = session.get(address, headers=headers, allow_redirects=False)
    except AnswerError as error:
        kind = str(error.problem)
        return Exchange(started_s, time.perf_counter() - began, "GET", name, 0, "", kind, 0, address, 0)
    took_s, header = time.perf_counter() - began, answer.headers.get("Server-Timing", "")
    return Exchange(started_s, took_s, "GET", name, answer.status_code, header, None, len(answer.content), address, 0)
