"""Records every request of any locustfile: `locust -f recorder.py,theirs.py` with the settings in the environment.

It listens to Locust's `request` event and writes one row per HTTP request, redirect hops included, to an Arrow IPC
stream. In the request path it only keeps references; the rows are made in small batches, so that the event loop is
never held for more than a few milliseconds. It is longer than other modules because all figures of one Locust
process are counted where its requests end.
"""

import atexit
import json
import os
import signal
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import pyarrow as pa
from locust import argument_parser, constant, events
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from harness.core.arrivals import Arrivals
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, Exchange, Labels, batch, stamped
from harness.runtime.load import caller_environment, seen_count, target_way, witness_token
from harness.runtime.load.examples import Examples
from harness.runtime.load.locust_plugin import clients, clients_file, ending_signal, load_shape, pytest_users
from harness.runtime.load.locust_plugin.arrivals import Schedule
from harness.runtime.load.pulse import PULSE_S, UNWRITTEN, Pulse, encode
from harness.runtime.load.seen_count import SeenCount

BATCH_ROWS = 256
"""Rows per record batch: about 2 ms of work, too short to be felt in anybody's latency."""
TICK_S = 0.1
"""How often the event loop's lag is sampled."""
MAX_ERROR_CHARACTERS = 500
ATTACHED = "harness_recorder_attached"
"""Set on Locust's environment."""


def _options() -> set[str]:
    """Variables of Locust's own options."""
    parser = argument_parser.get_empty_argument_parser()
    argument_parser.setup_parser_arguments(parser)
    return {action.env_var for action in parser._actions if getattr(action, "env_var", None)}  # noqa: SLF001 - it names them nowhere else


pa.array([0.0])  # the first array imports pandas: better now than while a master counts this process as ready
caller_environment.restore(os.environ, _options())  # the locustfile, which Locust imports next, may read them


class Recorder:
    """Writes one shard and one pulse file for one Locust process."""

    def __init__(self, environment: Environment, settings: dict[str, Any], schedule: Schedule | None) -> None:
        """Open the next free shard below `settings["directory"]`; raises OSError when that cannot be written."""
        self._environment = environment
        self._schedule = schedule
        self._worker: int | None = settings.get("part")
        self._labels = Labels(settings["views"], settings["known_delay"], settings["phase"], settings["unrouted"])
        self._origin = clients.origin_of(environment.host or "")
        directory = Path(settings["directory"])
        number, self._file = _next_shard(directory)
        self._writer = pa.ipc.new_stream(self._file, stamped(settings.get("clock_offset_s", 0.0)))
        self._examples = Examples()
        self._examples_file = directory / "logs" / f"examples-{number}.json"
        self._seen = SeenCount(seen_count.file_of(directory / f"samples-{number}.arrow"))
        self._pulse_file = (directory / "logs" / f"pulse-{number}.jsonl").open("wb")
        self._waiting: list[Exchange] = []
        self._rows = 0
        self._recorded = 0
        self._recent: list[float] = []
        self._errors = 0
        self._user_errors = 0
        self._first_user_error = ""
        self._elsewhere = 0
        self._last_response_s = 0.0
        self._began_s: float | None = None
        self._stopping_s: float | None = None
        self._closed = False
        self._file.flush()

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
        """Keep one exchange per request on the wire: each redirect hop, then the last one with the time that remains.

        References to Locust's own objects would keep all of them alive until the next flush; what is kept is text and
        numbers.
        """
        if url is None:
            return  # an event of the locustfile's own, none of Locust's HTTP clients'
        latency_ms = response_time or 0.0
        self._recent.append(latency_ms)
        now_s = self._last_response_s = time.time()
        if exception is not None:
            self._errors += 1
        left_s = latency_ms / 1000
        at_s = now_s - left_s if start_time is None else start_time
        intended_s = self._schedule.intended_s(at_s) if self._schedule else None
        if self._origin[0] and clients.origin_of(url) != self._origin:
            self._elsewhere += 1
            return
        hops = clients.hops(response, exception)
        for index, hop in enumerate(hops):
            self._waiting.append(
                Exchange(
                    at_s, hop.took_s, hop.method, name, hop.status, hop.server_timing, None, 0, url, index, intended_s
                )
            )
            at_s += hop.took_s
            intended_s = None if intended_s is None else intended_s + hop.took_s
            left_s -= hop.took_s
        # Locust's HttpSession puts the name in place of the response's own URL while it reports
        request = getattr(response, "request", None) if hops else None
        if self._origin[0] and request is not None and clients.origin_of(str(request.url)) != self._origin:
            self._elsewhere += 1  # the target sent the client on to another host
            self._recorded += len(hops)
            self._seen.set(self._rows + len(self._waiting))
            return
        status = getattr(response, "status_code", 0) or 0
        sent = getattr(request, "method", None)
        self._recorded += len(hops) + bool(status)
        header = clients.server_timing(getattr(response, "headers", None)) if status else ""
        error = None if exception is None else (str(exception) or type(exception).__name__)[:MAX_ERROR_CHARACTERS]
        size = response_length or 0
        if status and error is None and not hops:
            made = getattr(response, "request", None)
            body = getattr(made, "body", None) or getattr(made, "payload", None)
            self._examples.see(name, sent or request_type, url, body)
        self._waiting.append(
            Exchange(
                at_s,
                max(left_s, 0.0),
                sent or request_type,
                name,
                status,
                header,
                error,
                size,
                url,
                len(hops),
                intended_s,
            )
        )
        self._seen.set(self._rows + len(self._waiting))
        if len(self._waiting) >= BATCH_ROWS:
            self.flush()

    def on_user_error(self, exception: BaseException | None = None, **_: Any) -> None:
        """Count tasks that raised, and keep what the first one did."""
        self._user_errors += 1
        if exception is not None and not self._first_user_error:
            text = f"{type(exception).__name__}: {exception}".splitlines()[0]
            self._first_user_error = text[:MAX_ERROR_CHARACTERS]

    def on_start(self, **_: Any) -> None:
        """Note when the users start."""
        self._began_s = time.perf_counter()

    def on_stopping(self, **_: Any) -> None:
        """Note when they are asked to stop, whoever asks."""
        self._stopping_s = self._stopping_s or time.perf_counter()

    def flush(self) -> None:
        """Append the waiting exchanges to the shard, where they outlive this process."""
        if self._closed or not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        worker = self._worker
        if worker is None:
            worker = max(getattr(self._environment.runner, "worker_index", 0), 0)
        try:
            self._writer.write_batch(batch(waiting, self._labels, worker))
            self._file.flush()
        except OSError as error:
            self._give_up(error)
            return
        self._rows += len(waiting)

    def _give_up(self, error: OSError) -> None:
        """End a load that can no longer be recorded. The shard gets no end, so nobody takes it for whole."""
        self._closed = True
        _report(error)
        self._environment.process_exit_code = UNWRITTEN
        if runner := self._environment.runner:
            gevent.spawn(runner.quit)

    def pulse_forever(self) -> None:
        """Write a line a second: users, requests, errors, p95, the loop's lag at each tick, the CPU used.

        When a plan of arrivals is over, so is the load, unless other processes have parts of it.
        """
        over, runner = False, self._environment.runner
        while not (self._closed or over):
            began, cpu_began, lags = time.perf_counter(), time.process_time(), []
            while (elapsed := time.perf_counter() - began) < PULSE_S and not over:
                before = time.perf_counter()
                gevent.sleep(TICK_S)
                lags.append(time.perf_counter() - before - TICK_S)
                over = isinstance(runner, LocalRunner) and self._schedule is not None and self._schedule.over
            self._pulse(elapsed, time.process_time() - cpu_began, lags)
        if runner and over:
            runner.quit()

    def close(self, **_: Any) -> None:
        """Flush, write the closing count and the end of the stream.

        While requests are open there is no end: the process ends under its users, and their requests are in no sample.
        """
        if self._closed:
            return
        if not self._pulse(PULSE_S, 0.0, [], closing=True):
            return
        self._closed = True
        if clients.SENT.open:
            return
        empty = pa.record_batch([pa.array([], type=field.type) for field in SCHEMA], schema=SCHEMA)
        try:
            self._writer.write_batch(empty, custom_metadata={CLOSING_KEY: str(self._rows)})
            self._writer.close()
            self._file.close()
            self._pulse_file.close()
            if self._labels.phase == "measure":
                self._examples.write(self._examples_file)
        except OSError as error:
            _report(error)

    def _pulse(self, elapsed_s: float, cpu_s: float, lags_s: list[float], *, closing: bool = False) -> bool:
        """Write one; False when that cannot be done."""
        recent, self._recent = self._recent, []
        self.flush()
        if self._closed:
            return False
        runner = self._environment.runner
        p95_ms = statistics.quantiles(recent, n=20)[-1] if len(recent) > 1 else (recent[0] if recent else None)
        pulse = Pulse(
            time_s=time.time(),
            users=runner.user_count if runner else 0,
            requests=len(recent),
            requests_per_s=len(recent) / elapsed_s,
            errors=self._errors,
            user_errors=self._user_errors,
            first_user_error=self._first_user_error,
            elsewhere=self._elsewhere,
            answered=clients.SENT.answered,
            unanswered=clients.SENT.unanswered + (clients.SENT.open if closing else 0),
            recorded=self._recorded,
            begun=self._schedule.begun if self._schedule else 0,
            p95_s=None if p95_ms is None else p95_ms / 1000,
            loop_lags_s=tuple(round(max(lag_s, 0.0), 6) for lag_s in lags_s),
            cpu_ratio=cpu_s / elapsed_s,
            last_response_s=max(self._last_response_s, clients.SENT.last_answer_s),
            closing=closing,
            loaded_s=self._loaded_s,
            shaped=self._environment.shape_class is not None,
            client=getattr(runner, "client_id", ""),
        )
        try:
            self._pulse_file.write(encode(pulse))
            self._pulse_file.flush()
        except OSError as error:
            self._give_up(error)
            return False
        return True

    @property
    def _loaded_s(self) -> float:
        if self._began_s is None:
            return 0.0
        return (self._stopping_s or time.perf_counter()) - self._began_s


def _report(error: OSError) -> None:
    sys.stderr.write(f"{type(error).__name__}: the samples cannot be written: {error}\n")


def _next_shard(directory: Path) -> tuple[int, Any]:
    """The lowest shard number nobody has taken, and its file opened for writing."""
    number = 0
    while True:
        try:
            return number, (directory / f"samples-{number}.arrow").open("xb")
        except FileExistsError:
            number += 1


@events.init.add_listener  # type: ignore[untyped-decorator]
def attach(environment: Environment, **_: Any) -> None:
    """Start recording in every process that runs users, once; the master of several processes runs none.

    Locust imports this file a second time when it looks for tests in a locustfile that is written for pytest.
    """
    settings = json.loads(os.environ["HARNESS_RECORDER"])
    if hasattr(environment, ATTACHED):
        return
    setattr(environment, ATTACHED, True)
    ending_signal.note_into(Path(settings["signal_file"]))
    if environment.shape_class is not None:
        load_shape.end_after(environment.shape_class, settings["duration_s"])
    if isinstance(environment.runner, MasterRunner):
        clients_file.note_into(Path(settings["clients_file"]), environment)
        return
    if settings["closed_loop"]:
        for user_class in environment.user_classes:
            user_class.wait_time = constant(0)
    schedule = None
    if settings["arrivals"]:
        schedule = Schedule(Arrivals(**settings["arrivals"]), settings["workers"], environment, settings.get("part"))
        schedule.install()
    token = os.environ.get(witness_token.VARIABLE, "")
    way = target_way.decode(os.environ)
    clients.pin(settings["addresses"])
    clients.instrument(stamp=settings["stamp_requests"], token=token, way=way, target=environment.host or "")
    pytest_users.instrument(schedule.run if schedule else None)
    try:
        recorder = Recorder(environment, settings, schedule)
    except OSError as error:  # Locust would go on without it
        _report(error)
        if isinstance(environment.runner, WorkerRunner) and settings.get("part") is None:
            os.kill(os.getppid(), signal.SIGTERM)  # the master waits for its workers
        os._exit(UNWRITTEN)
    environment.events.test_start.add_listener(recorder.on_start)
    environment.events.test_stopping.add_listener(recorder.on_stopping)
    environment.events.request.add_listener(recorder.on_request)
    environment.events.user_error.add_listener(recorder.on_user_error)
    environment.events.quit.add_listener(recorder.close)
    atexit.register(recorder.close)
    gevent.spawn(recorder.pulse_forever)
    if isinstance(environment.runner, WorkerRunner):
        environment.events.report_to_master.add_listener(lambda **_: recorder.flush())


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin_now(**_: Any) -> None:
    """Let Locust's `--run-time` begin now.

    gevent sets timers from the time at which its loop last ran, and while modules are imported it does not: the load
    would end early by as long as that took.
    """
    gevent.get_hub().loop.update_now()
