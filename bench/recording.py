"""What recording costs: requests/s of the same locustfile in a closed loop, bare and with each way of recording.

Locust has one core and the target another, with a single worker, so that neither chance in the sharing of cores nor in
the spread of connections over workers counts as a cost.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench import measure
from harness import config, stack

ROUNDS = 5
DURATION_S = 7
USERS = 8
LOCUSTFILE = """
from locust import FastHttpUser, constant, task
class Visitor(FastHttpUser):
    wait_time = constant(0)
    @task
    def fast(self):
        self.client.get("/work/fast")
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
ARMS = ("bare", "recorder", "csv", "csv-logger")


def measure_all() -> str:
    """Run the arms in turn, `ROUNDS` times, against one target; a Markdown table of ratios within each round."""
    profile = config.parse((measure.PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    rates: dict[str, list[float]] = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
        logs = Path(scratch) / "logs"
        logs.mkdir()
        start = replace(profile.start, env={**profile.start.env, "TARGET_WORKERS": "1"})
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-1:])
        with stack.embedded(start, measure.PROJECT, logs, scrape_interval_s=5.0) as services:
            os.sched_setaffinity(0, cores[:1])
            for number in range(ROUNDS + 1):
                order = ARMS if number % 2 else tuple(reversed(ARMS))
                for arm in order:
                    rate = _rate(arm, services.target, Path(scratch) / f"{number}-{arm}")
                    if number:  # the first round warms up
                        rates[arm].append(rate)
                    measure.progress(f"recording round {number} {arm}: {rate:.0f} requests/s")
    os.sched_setaffinity(0, cores)
    return _table(rates)


def _rate(arm: str, target: str, directory: Path) -> float:
    directory.mkdir()
    (directory / "logs").mkdir()
    user = directory / "user.py"
    user.write_text(LOCUSTFILE)
    files, extra, env = [str(user)], [], {}
    if arm == "recorder":
        files.insert(0, str(measure.PROJECT / "harness" / "locust_plugin" / "recorder.py"))
        settings = {"directory": str(directory), "phase": "measure", "views": {}, "known_delay": {}}
        env["HARNESS_RECORDER"] = json.dumps(settings | {"closed_loop": False, "stamp_requests": True})
    elif arm == "csv":
        extra = ["--csv", str(directory / "stats"), "--csv-full-history"]
    elif arm == "csv-logger":
        logger = directory / "logger.py"
        logger.write_text(CSV_LOGGER)
        files.insert(0, str(logger))
        env["BENCH_CSV"] = str(directory / "requests.csv")
    stats = directory / "final.json"
    command = [sys.executable, "-m", "locust", "-f", ",".join(files), "--headless", "--only-summary"]
    command += ["--host", target, "-u", str(USERS), "-r", str(USERS), "-t", f"{DURATION_S}s", "--stop-timeout", "5"]
    command += ["--json-file", str(stats.with_suffix("")), *extra]
    measure.run(command, env=stack.environment(env), cwd=directory)
    time.sleep(0.5)
    entries = json.loads(stats.read_text())
    requests = sum(entry["num_requests"] for entry in entries)
    began = min(entry["start_time"] for entry in entries)
    ended = max(entry["last_request_timestamp"] for entry in entries)
    return float(requests / (ended - began))


def _table(rates: dict[str, list[float]]) -> str:
    lines = [
        "| arm | requests/s, median | against bare in the same round: median (least to greatest) |",
        "| --- | --- | --- |",
    ]
    for arm in ARMS:
        ratios = [rate / bare for rate, bare in zip(rates[arm], rates["bare"], strict=True)]
        middle, least, most = measure.median_and_range(ratios)
        lines.append(f"| {arm} | {statistics.median(rates[arm]):.0f} | {middle:.3f} ({least:.3f} to {most:.3f}) |")
    return "\n".join(lines) + "\n"
