"""Records every request of any locustfile: `locust -f recorder.py,theirs.py` with the settings in the environment.

It listens to Locust's `request` event and writes one row per HTTP request, redirect hops included, to an Arrow IPC
stream. In the request path it only keeps references; the rows are made in small batches, so that the event loop is
never held for more than a few milliseconds.
"""

import atexit
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gevent
import pyarrow as pa
from locust import constant, events
from locust.clients import HttpSession
from locust.contrib.fasthttp import LocustUserAgent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from harness.instrumentation import UNNAMED_VIEW
from harness.samples import CLOSING_KEY, SCHEMA, Timing, known_delay, parse_server_timing

BATCH_ROWS = 256
"""Rows per record batch: about 2 ms of work, too short to be felt in anybody's latency."""
TICK_S = 0.1
"""How often the event loop's lag is sampled."""
PULSE_S = 1.0
"""How often progress is written and waiting rows are flushed."""
HOPS = "_harness_hops"
"""Attribute of a FastHttpUser's request object that carries the responses of its redirects."""
FIRST_REDIRECT = 300
"""Responses below this status end a call; those from it on may be followed, or retried, inside the client."""
MAX_ERROR_CHARACTERS = 500
NOTHING = Timing(None, None)
NO_TIMINGS: dict[str, Timing] = {}


class Hop(NamedTuple):
    """One answered request inside a call of the client that went on after it."""

    method: str
    status: int
    server_timing: str
    took_s: float


class Recorder:
    """Writes one shard and one pulse file for one Locust process."""

    def __init__(self, environment: Environment, settings: dict[str, Any]) -> None:
        """Open the next free shard below `settings["directory"]`; raises OSError when that cannot be written."""
        self._environment = environment
        self._settings = settings
        self._views: dict[str, str] = settings["views"]
        self._delays: dict[str, str] = settings["known_delay"]
        self._phase: str = settings["phase"]
        self._host = (environment.host or "").rstrip("/")
        directory = Path(settings["directory"])
        number, self._file = _next_shard(directory)
        self._writer = pa.ipc.new_stream(self._file, SCHEMA)
        pa.array([0.0])  # the first array imports pandas, which would hold the event loop for half a second under load
        self._pulse_file = (directory / "logs" / f"pulse-{number}.jsonl").open("w", encoding="utf-8")
        self._waiting: list[tuple[Any, ...]] = []
        self._rows = 0
        self._recent: list[float] = []
        self._errors = 0
        self._user_errors = 0
        self._elsewhere = 0
        self._last_response_s = 0.0
        self._closed = False
        self._worker = 0

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        response: Any = None,
        exception: Any = None,
        start_time: float | None = None,
        url: str | None = None,
        **_: Any,
    ) -> None:
        """Keep what Locust tells about one request; the work is left to `flush`."""
        latency_ms = response_time or 0.0
        self._waiting.append((start_time, latency_ms, request_type, name, response, exception, response_length, url))
        self._recent.append(latency_ms)
        self._last_response_s = time.time()
        if exception is not None:
            self._errors += 1
        if len(self._waiting) >= BATCH_ROWS:
            self.flush()

    def on_user_error(self, **_: Any) -> None:
        """Count tasks that raised."""
        self._user_errors += 1

    def flush(self) -> None:
        """Turn the waiting requests into rows and append them to the shard."""
        if self._closed or not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self._worker = max(getattr(self._environment.runner, "worker_index", 0), 0)
        rows = [row for kept in waiting for row in self._to_rows(*kept)]
        if not rows:
            return
        columns = [
            pa.array(column, type=field.type) for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
        self._rows += len(rows)

    def pulse_forever(self) -> None:
        """Write a line a second: users, requests, errors, p95, the loop's lag at each tick, the CPU used."""
        while not self._closed:
            began, cpu_began, lags = time.perf_counter(), time.process_time(), []
            while (elapsed := time.perf_counter() - began) < PULSE_S:
                before = time.perf_counter()
                gevent.sleep(TICK_S)
                lags.append(time.perf_counter() - before - TICK_S)
            self._pulse(elapsed, time.process_time() - cpu_began, lags)

    def close(self, **_: Any) -> None:
        """Flush, write the closing count and the end of the stream."""
        if self._closed:
            return
        self._pulse(PULSE_S, 0.0, [], closing=True)
        self._closed = True
        empty = pa.record_batch([pa.array([], type=field.type) for field in SCHEMA], schema=SCHEMA)
        self._writer.write_batch(empty, custom_metadata={CLOSING_KEY: str(self._rows)})
        self._writer.close()
        self._file.close()
        self._pulse_file.close()

    def _pulse(self, elapsed_s: float, cpu_s: float, lags_s: list[float], *, closing: bool = False) -> None:
        recent, self._recent = self._recent, []
        self.flush()
        if self._closed:
            return
        runner = self._environment.runner
        p95_ms = statistics.quantiles(recent, n=20)[-1] if len(recent) > 1 else (recent[0] if recent else None)
        line = {
            "time_s": time.time(),
            "users": runner.user_count if runner else 0,
            "requests": len(recent),
            "requests_per_s": len(recent) / elapsed_s,
            "errors": self._errors,
            "user_errors": self._user_errors,
            "elsewhere": self._elsewhere,
            "p95_s": None if p95_ms is None else p95_ms / 1000,
            "loop_lags_s": [round(max(lag_s, 0.0), 6) for lag_s in lags_s],
            "cpu_ratio": cpu_s / elapsed_s,
            "last_response_s": self._last_response_s,
            "closing": closing,
            "shape": self._environment.shape_class is not None,
        }
        self._pulse_file.write(json.dumps(line) + "\n")
        self._pulse_file.flush()

    def _to_rows(
        self,
        started_s: float | None,
        latency_ms: float,
        method: str,
        name: str,
        response: Any,
        exception: Any,
        size: int,
        url: str | None,
    ) -> Iterator[tuple[Any, ...]]:
        """One row per request on the wire: each redirect hop, then the last one with the time that remains."""
        if self._host and url and not url.startswith(self._host):
            self._elsewhere += 1
            return
        hops = _hops(response, exception)
        at_s = started_s if started_s is not None else time.time() - latency_ms / 1000
        left_s = latency_ms / 1000
        for index, hop in enumerate(hops):
            yield self._row(at_s, hop.took_s, hop.method, name, hop.status, hop.server_timing, None, 0, url, index)
            at_s += hop.took_s
            left_s -= hop.took_s
        status = getattr(response, "status_code", 0) or 0
        sent = getattr(getattr(response, "request", None), "method", None) if hops else None
        header = _server_timing(getattr(response, "headers", None)) if status else ""
        error = None if exception is None else (str(exception) or type(exception).__name__)[:MAX_ERROR_CHARACTERS]
        yield self._row(at_s, max(left_s, 0.0), sent or method, name, status, header, error, size, url, len(hops))

    def _row(
        self,
        started_s: float,
        latency_s: float,
        method: str,
        name: str,
        status: int,
        server_timing: str,
        error: str | None,
        size: int,
        url: str | None,
        hop: int,
    ) -> tuple[Any, ...]:
        timings = parse_server_timing(server_timing) if server_timing else NO_TIMINGS
        inner, outer, raised = timings.get("view", NOTHING), timings.get("app", NOTHING), timings.get("raised", NOTHING)
        queue, database, cache = (
            timings.get("queue", NOTHING),
            timings.get("db", NOTHING),
            timings.get("cache", NOTHING),
        )
        witnessed = inner is not NOTHING
        parameter = self._delays.get(name)
        return (
            started_s,
            None,
            latency_s,
            method,
            name,
            (inner.description or UNNAMED_VIEW) if witnessed else self._views.get(name, name),
            status,
            error,
            size or 0,
            inner.duration_s,
            outer.duration_s,
            raised.duration_s,
            raised.description,
            queue.duration_s,
            int(database.description) if database.description and database.description.isdecimal() else None,
            database.duration_s,
            cache.description,
            known_delay(url, parameter) if parameter and url and hop == 0 else None,
            hop,
            self._worker,
            self._phase,
        )


def _next_shard(directory: Path) -> tuple[int, Any]:
    """The lowest shard number nobody has taken, and its file opened for writing."""
    number = 0
    while True:
        try:
            return number, (directory / f"samples-{number}.arrow").open("xb")
        except FileExistsError:
            number += 1


def _hops(response: Any, exception: Any) -> list[Hop]:
    """The responses that came before `response` in one call of the client, oldest first."""
    request = getattr(exception, "request", None) or getattr(response, "request", None)
    kept: list[Hop] | None = getattr(request, HOPS, None)
    if kept is not None:
        is_last_one_of_them = (getattr(response, "status_code", 0) or 0) >= FIRST_REDIRECT
        return kept[:-1] if is_last_one_of_them else kept
    history = getattr(response, "history", None) or getattr(getattr(exception, "response", None), "history", None)
    return [
        Hop(hop.request.method, hop.status_code, _server_timing(hop.headers), hop.elapsed.total_seconds())
        for hop in history or ()
    ]


def _server_timing(headers: Any) -> str:
    value = headers.get("server-timing") if headers else None
    return ", ".join(value) if isinstance(value, list) else value or ""


def _instrument_clients(stamp: bool) -> None:
    """Keep the redirects a FastHttpUser follows, and stamp requests with `X-Request-Start` if asked.

    geventhttpclient hands over the chain only when it ends well (geventhttpclient/useragent.py, `urlopen`), and the
    server counted every hop.
    """
    fast_send, send = LocustUserAgent._urlopen, HttpSession.send  # noqa: SLF001 - Locust's own point for overriding

    def urlopen(agent: LocustUserAgent, request: Any) -> Any:
        if stamp:
            request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        began = time.perf_counter()
        response = fast_send(agent, request)  # type: ignore[no-untyped-call]
        if response.status_code >= FIRST_REDIRECT:
            hop = Hop(
                request.method, response.status_code, _server_timing(response.headers), time.perf_counter() - began
            )
            request.__dict__.setdefault(HOPS, []).append(hop)
        return response

    def send_stamped(session: HttpSession, request: Any, **kwargs: Any) -> Any:
        request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        return send(session, request, **kwargs)

    LocustUserAgent._urlopen = urlopen  # type: ignore[method-assign]  # noqa: SLF001 - as above
    if stamp:
        HttpSession.send = send_stamped  # type: ignore[assignment, method-assign]


@events.init.add_listener  # type: ignore[untyped-decorator]
def attach(environment: Environment, **_: Any) -> None:
    """Start recording in every process that runs users; the master of several processes runs none."""
    settings = json.loads(os.environ["HARNESS_RECORDER"])
    if isinstance(environment.runner, MasterRunner):
        return
    if settings["closed_loop"]:
        for user_class in environment.user_classes:
            user_class.wait_time = constant(0)
    _instrument_clients(stamp=settings["stamp_requests"])
    recorder = Recorder(environment, settings)
    environment.events.request.add_listener(recorder.on_request)
    environment.events.user_error.add_listener(recorder.on_user_error)
    environment.events.quit.add_listener(recorder.close)
    atexit.register(recorder.close)
    gevent.spawn(recorder.pulse_forever)
    if isinstance(environment.runner, WorkerRunner):
        environment.events.report_to_master.add_listener(lambda **_: recorder.flush())
