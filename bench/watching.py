"""What watching costs: requests/s of a closed loop with `--live` and a reader of its page, against one without.

Locust has one core and the target another, so the harness's looks and the page take their time from both. Both runs of
a round follow each other at once, in turn the one and the other first.
"""

import http.client
import json
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from bench import measure

ROUNDS = 8
DURATION = "12s"
USERS = "8"
LIMIT_S = 180.0
LOCUSTFILE = """
from locust import FastHttpUser, constant, task
class Visitor(FastHttpUser):
    wait_time = constant(0)
    @task
    def fast(self):
        self.client.get("/work/fast")
"""


def measure_all() -> str:
    """A table of rates and of the ratios within each round."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
        scenario = Path(scratch) / "fast.py"
        scenario.write_text(LOCUSTFILE)
        for number in range(ROUNDS):
            for live in (False, True) if number % 2 else (True, False):
                out = Path(scratch) / f"{number}-{live}"
                rates[live].append(_rate(scenario, out, live=live))
            measure.progress(f"watching round {number}: {rates[False][-1]:.0f} bare, {rates[True][-1]:.0f} watched")
    ratios = [watched / bare for bare, watched in zip(rates[False], rates[True], strict=True)]
    lines = ["| run | requests/s: median (least to greatest) | against bare in the same round |", "| --- | --- | --- |"]
    for name, live in (("bare", False), ("`--live`, with a reader", True)):
        middle, least, most = measure.median_and_range(rates[live])
        ratio = "1" if not live else "{:.3f} ({:.3f} to {:.3f})".format(*measure.median_and_range(ratios))
        lines.append(f"| {name} | {middle:,.0f} ({least:,.0f} to {most:,.0f}) | {ratio} |")
    return "\n".join(lines) + "\n"


def _rate(scenario: Path, out: Path, *, live: bool) -> float:
    """Requests per second of the load of one run; raises RuntimeError when it has none."""
    settings = ("--users", USERS, "--duration", DURATION, "--warmup", "2s", "--set", 'start.env.TARGET_WORKERS="1"')
    command = measure.harness("run", "smoke", "--locustfile", str(scenario), *settings, "--out", str(out))
    process = subprocess.Popen(
        [*command, *(["--live"] if live else [])],
        cwd=measure.PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        if live:
            line = process.stderr.readline()
            found = re.search(r"http://(\S+)/", line)
            if not found:
                raise RuntimeError(f"no page was announced, but: {line}")
            threading.Thread(target=_read, args=(found[1],), daemon=True).start()
        process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
    run = json.loads((out / "run.json").read_text())
    rows = sum(shard["rows"] for shard in run["shards"] if shard["phase"] == "measure")
    return float(rows) / float(run["generator"]["loaded_s"])


def _read(address: str) -> None:
    """As a browser does: the stream, and then the page that is there."""
    for path in ("/events", "/"):
        connection = http.client.HTTPConnection(address, timeout=LIMIT_S)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
