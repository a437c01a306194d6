"""An impostor of Prometheus, and of a target, that answers well, or as an attack wants."""

import gzip
import json
import random
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.chaos import mutations
from tests.unit.runtime import impostor

Answer = Callable[[str], bytes]
"""Path with query -> a whole answer, status line included."""
DRIPS = 400
"""One of so many spoilt answers never ends, and takes its deadline."""
PAGE = b"""# HELP django_http_requests_total_by_method_total Count of requests by method.
# TYPE django_http_requests_total_by_method_total counter
django_http_requests_total_by_method_total{method="GET"} 42.0
# TYPE django_http_requests_latency_seconds_by_view_method histogram
django_http_requests_latency_seconds_by_view_method_bucket{le="0.1",method="GET",view="a:b"} 40.0
django_http_requests_latency_seconds_by_view_method_bucket{le="+Inf",method="GET",view="a:b"} 42.0
django_http_requests_latency_seconds_by_view_method_count{method="GET",view="a:b"} 42.0
django_http_requests_latency_seconds_by_view_method_sum{method="GET",view="a:b"} 1.5
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.7e9
"""
CONFIG = "scrape_configs:\n- job_name: django\n  metric_relabel_configs:\n  - {regex: go_.*, action: drop}\n"


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """An answer as it should be."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def document(path: str) -> Any:
    """What a Prometheus says, more or less."""
    split = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(split.query).get("query", [""])[0]
    now, labels = time.time(), {"__name__": "up", "instance": "a:1", "job": "django"}
    match split.path.rpartition("/")[2]:
        case "buildinfo":
            data: Any = {"version": "2.42.0"}
        case "rules":
            rule = {"name": "r", "health": "ok", "type": "recording", "lastError": ""}
            data = {"groups": [{"file": "a.yml", "name": "g", "rules": [rule]}]}
        case "config":
            data = {"yaml": CONFIG}
        case "query_range":
            values = [[now - 30 + each, "1"] for each in range(30)]
            data = {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}
        case _ if query.startswith(("time()", "scalar(")):
            data = {"resultType": "scalar", "result": [now, str(now)]}
        case _ if query.endswith("]"):
            values = [[now - 40 + each, str(each)] for each in range(40)]
            data = {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}
        case _:
            data = {"resultType": "vector", "result": [{"metric": labels, "value": [now, "1"]}]}
    return {"status": "success", "data": data}


def well(path: str) -> bytes:
    """Prometheus's answers, a page of metrics, or a target's state."""
    if "/api/" in path:
        return whole(json.dumps(document(path)).encode(), headers="Content-Type: application/json\r\n")
    if "metrics" in path:
        return whole(PAGE, headers="Content-Type: text/plain; version=0.0.4\r\n")
    return whole(b'{"rows": {"shop.item": 3}, "migrations": {"applied": 1, "unapplied": 0}}')


def spoilt(chance: random.Random, path: str) -> bytes:
    """An answer with something wrong in its shape, its body, its head, or its bytes."""
    good = well(path)
    head, _, body = good.partition(b"\r\n\r\n")
    match chance.randrange(9):
        case 0:
            status = chance.choice(("204 No", "301 M", "400 B", "404 N", "422 U", "429 T", "500 E", "503 S", "999 X"))
            return whole(chance.choice((body, b"", b"<html>no</html>", b'{"status":"error"}')), status)
        case 1:
            place = chance.choice(("/", path, "http://127.0.0.2:1/", "//evil.invalid/", "ftp://x", "\t", "http://[::1"))
            return whole(b"", "302 Found", f"Location: {place}\r\n")
        case 2:
            return whole(gzip.compress(body)[: chance.choice((9, -4, None))], headers="Content-Encoding: gzip\r\n")
        case 3:
            return whole(mutations.raw(chance, body))
        case 4:
            return mutations.raw(chance, good)
        case 5:
            return whole(chance.choice(mutations.HOSTILE)()[:3_000_000])
        case 6 if body.startswith(b"{"):
            return whole(json.dumps(mutations.tree(chance, json.loads(body))).encode("utf-8", "surrogatepass"))
        case 7:
            return whole(mutations.text(chance, body.decode()).encode("utf-8", "surrogatepass"))
        case _:
            return (
                head
                + b"\r\n"
                + chance.choice((b"Content-Length: -1", b"Transfer-Encoding: x", b"A" * 70_000))
                + (b"\r\n\r\n" + body)
            )


@contextmanager
def impostor_of(answer: Answer) -> Iterator[str]:
    """A server that gives these answers; yields its URL. An empty answer is one that drips without end."""

    def reply(connection: Any, request: bytes) -> None:
        words = request.split(b" ", 2)
        path = words[1].decode("latin-1") if len(words) > 1 else ""
        given = answer(path)
        if given:
            connection.sendall(given)
        else:
            impostor.HOSTILE["chunks that drip"](connection, request)

    with impostor.serving(reply) as (url, _):
        yield url


def dishonest(chance: random.Random, share: float) -> Answer:
    """Some answers well, some spoilt, by chance; the first of all always well or always spoilt."""
    is_drip = chance.randrange(DRIPS) == 0

    def answer(path: str) -> bytes:
        if chance.random() >= share:
            return well(path)
        return b"" if is_drip else spoilt(chance, path)

    return answer
