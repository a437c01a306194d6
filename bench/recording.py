"""What recording costs: requests/s of the same locustfile in a closed loop, bare and with each way of recording.

The processor time of the Locust process for each request stands beside it: a shared machine disturbs it less.
Locust has one core and the target another, with a single worker, so that neither chance in the sharing of cores nor in
the spread of connections over workers counts as a cost.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import measure
from harness.config import toml_file
from harness.config.profile import Profile
from harness.runtime import process
from harness.runtime.load import locust_command, locust_generator, target_way
from harness.runtime.stack import embedded

ROUNDS = 9
DURATION_S = 7
USERS = 8
LOCUSTFILE = """
import json, os, time
from locust import FastHttpUser, constant, events, task
class Visitor(FastHttpUser):
    wait_time = constant(0)
    @task
    def fast(self):
        self.client.get("/work/fast")
began = []
@events.test_start.add_listener
def begin(environment, **_):
    began[:] = [time.perf_counter(), time.process_time()]
@events.test_stop.add_listener
def end(environment, **_):
    wall_s, cpu_s = time.perf_counter() - began[0], time.process_time() - began[1]
    requests = environment.stats.total.num_requests
    with open(os.environ["BENCH_COST"], "w") as file:
        json.dump({"requests_per_s": requests / wall_s, "cpu_s": cpu_s / requests}, file)
"""
CSV_LOGGER = """
import csv, os
from locust import events
@events.init.add_listener
def open_log(environment, **_):
    file = open(os.environ["BENCH_CSV"], "w", newline="")
    writer = csv.writer(file)
    def log(request_type, name, response_time, response_length, response, exception, start_time, url, **_):
        row = [start_time, request_type, name, response_time, response_length, response.status_code, exception]
        writer.writerow(row)
    environment.events.request.add_listener(log)
"""
RATIO = "against bare in the same round: median (least to greatest)"
ARMS = ("bare", "recorder", "csv", "csv-logger")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of Locust reached, and what each request took of its process."""

    requests_per_s: float
    cpu_s: float


def measure_all() -> str:
    """Run the ways in turn, `ROUNDS` times, against one target; a Markdown table of ratios within each round."""
    profile = toml_file.parse((measure.PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    costs: dict[str, list[Cost]] = {way: [] for way in ARMS}
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
        logs = Path(scratch) / "logs"
        logs.mkdir()
        start = replace(profile.start, env={**profile.start.env, "TARGET_WORKERS": "1"})
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-1:])
        with embedded.embedded(start, measure.PROJECT, logs, scrape_interval_s=5.0) as services:
            os.sched_setaffinity(0, cores[:1])
            for number in range(ROUNDS + 1):
                order = ARMS if number % 2 else tuple(reversed(ARMS))
                for way in order:
                    cost = _cost(way, profile, services.target, Path(scratch) / f"{number}-{way}")
                    if number:  # the first round warms up
                        costs[way].append(cost)
                    measure.progress(f"recording round {number} {way}: {cost}")
    os.sched_setaffinity(0, cores)
    return _table(costs)


def _cost(way: str, profile: Profile, target: str, directory: Path) -> Cost:
    directory.mkdir()
    (directory / "logs").mkdir()
    user = directory / "user.py"
    user.write_text(LOCUSTFILE)
    report = directory / "cost.json"
    files, extra, env = [str(user)], [], {"BENCH_COST": str(report)}
    if way == "recorder":
        files.insert(0, str(locust_command.RECORDER))
        phase, ending = ("measure", float(DURATION_S), None), directory / "ending.signal"
        env["HARNESS_RECORDER"] = json.dumps(
            locust_generator.recorder_settings(profile, directory, target, *phase, ending)
        )
        env[target_way.VARIABLE] = target_way.encode(target)
    elif way == "csv":
        extra = ["--csv", str(directory / "stats"), "--csv-full-history"]
    elif way == "csv-logger":
        logger = directory / "logger.py"
        logger.write_text(CSV_LOGGER)
        files.insert(0, str(logger))
        env["BENCH_CSV"] = str(directory / "requests.csv")
    command = [sys.executable, "-m", "locust", "-f", ",".join(files), "--headless", "--only-summary"]
    command += ["--host", target, "-u", str(USERS), "-r", str(USERS), "-t", f"{DURATION_S}s", "--stop-timeout", "5"]
    measure.run([*command, *extra], env=process.environment(env), cwd=directory)
    time.sleep(0.5)
    return Cost(**json.loads(report.read_text()))


def _table(costs: dict[str, list[Cost]]) -> str:
    heads = ("recording", "requests/s, median", RATIO, "processor time each, median", RATIO)
    lines = [
        f"| {' | '.join(heads)} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for way in ARMS:
        rates = _ratios([cost.requests_per_s for cost in costs[way]], [cost.requests_per_s for cost in costs["bare"]])
        cpu = _ratios([cost.cpu_s for cost in costs[way]], [cost.cpu_s for cost in costs["bare"]])
        middle = [statistics.median(getattr(cost, name) for cost in costs[way]) for name in ("requests_per_s", "cpu_s")]
        lines.append(f"| {way} | {middle[0]:.0f} | {rates} | {middle[1] * 1e6:.0f} µs | {cpu} |")
    return "\n".join(lines) + "\n"


def _ratios(values: Sequence[float], bare: Sequence[float]) -> str:
    ratios = [value / base for value, base in zip(values, bare, strict=True)]
    return "{:.3f} ({:.3f} to {:.3f})".format(*measure.median_and_range(ratios))
