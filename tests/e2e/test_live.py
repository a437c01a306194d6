"""`--live` on real runs: the page's numbers beside those of the report, and what it may not do."""

import json
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from harness.report.render.json_report import parse
from tests.e2e.conftest import Harness, hold_against_the_oracle

SHORT = ("--duration", "10s", "--warmup", "1s", "--users", "4")
LIMIT_S = 150.0
SETTLED_S = 6.0
"""A moment so much older than the newest has all of its samples: no request of these scenarios takes longer."""


HELD_S = 5.0
"""Laws are held so long after t0 at the latest, by the look after that."""


def announced(process: Any) -> str:
    """The address that the command prints first."""
    line = process.stderr.readline()
    found = re.fullmatch(r"live page: (http://127\.0\.0\.1:\d+/)\n", line)
    assert found, line
    return found[1]


def state(address: str) -> dict[str, Any] | None:
    try:
        with urlopen(f"{address}live.json", timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return None  # the run is over


def _read_to_the_end(address: str, found: list[str]) -> None:
    """As a browser does: what the stream sent last, and the page that is there then."""
    with urlopen(f"{address}events", timeout=LIMIT_S) as stream:
        lines = [line.decode() for line in stream if line.startswith(b"data: ")]
    found += [lines[-1].removeprefix("data: "), urlopen(address, timeout=20).read().decode()]


def test_what_the_page_showed_is_what_the_report_shows(harness: Harness, tmp_path: Path) -> None:
    """Number by number, at each moment; a refused name in between harms nothing, and the page becomes the report."""
    out = tmp_path / "run"
    process = harness.start("run", *SHORT, "--live", "--out", out)
    seen: list[dict[str, Any]] = []
    at_end: list[str] = []
    try:
        address = announced(process)
        reader = threading.Thread(target=_read_to_the_end, args=(address, at_end))
        reader.start()
        with pytest.raises(HTTPError, match="421") as caught:
            urlopen(Request(address, headers={"Host": "elsewhere.example"}), timeout=20)
        caught.value.close()
        until = time.monotonic() + LIMIT_S
        while process.poll() is None and time.monotonic() < until:
            if (found := state(address)) is None or found["over"]:
                break
            seen.append(found)
            time.sleep(0.5)
        told, complained = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
    reader.join()
    last_state, last_page = at_end
    seen.append(json.loads(last_state))
    harness.check_clean()
    hold_against_the_oracle(tmp_path)
    report = parse((out / "report.json").read_text())  # of whatever a busy machine made of the run
    assert process.returncode == report.exit_code, complained + told
    assert last_page == (out / "report.html").read_text()
    drawn = {round(point.elapsed_s, 3): point for point in report.rate}
    compared = 0
    for document in seen:
        settled_s = float("inf") if document["over"] else (document["scraped_s"] or 0) - SETTLED_S
        for point in document["points"]:
            moment_s = round(point["elapsed_s"], 3)
            if moment_s > max(drawn) and not document["over"]:
                continue  # after t1, drawn while nobody knew yet that it was
            if moment_s < settled_s:
                final = drawn[moment_s]
                assert point == {name: getattr(final, name) for name in point}, document["now_s"]
                compared += 1
    assert compared > len(drawn)
    last = seen[-1]
    assert last["over"]
    assert [each["elapsed_s"] for each in last["points"]] == pytest.approx(sorted(drawn))
    laws = {law["check"]: law["outcome"] for law in last["laws"]}
    failed = any(verdict.check == "scrape-health" and verdict.status != "pass" for verdict in report.verdicts)
    looked = {each["scraped_s"] for each in seen if not each["over"] and (each["scraped_s"] or 0) > HELD_S}
    if len(looked) > 1:  # on a slow machine the page looks too seldom to hold a law before the end
        assert laws["scrapes"] == "pass" or failed
        assert laws["running-counts"] == "pass"
    assert set(laws.values()) <= {"pass"} or failed
    assert [document["problem"] for document in seen if document["problem"]] == []


def test_a_port_that_is_taken_ends_the_command_before_it_begins(harness: Harness) -> None:
    """With exit 2 and the next step; nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = harness.run("run", *SHORT, f"--live=127.0.0.1:{port}")
    assert done.code == 2
    assert done.err == f"harness: --live: 127.0.0.1:{port} is taken; name another port, or none for a free one\n"
    assert not list(harness.scratch.glob("run-*"))


@pytest.mark.long
def test_up_shows_what_is_scraped(harness: Harness) -> None:
    """Without a load; Ctrl-C ends it in order."""
    process = harness.start("up", "--live")
    try:
        address, until = announced(process), time.monotonic() + LIMIT_S
        found: dict[str, Any] | None = None
        while time.monotonic() < until and not (found and found["scraped_s"]):
            time.sleep(0.5)
            found = state(address)
        assert found
        assert found["client"] is None
        assert found["problem"] == ""
        process.terminate()
        process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    harness.check_clean()
