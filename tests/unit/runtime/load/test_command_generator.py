"""Load commands, as real processes: what they leave, and how they fail."""

import json
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.config.profile import LoadCommand, Profile
from harness.core.errors import ExitCode, HarnessError, LoadError, UsageError
from harness.core.unsaid import Unsaid
from harness.runtime.load import command_generator, command_line, command_results, shards
from harness.runtime.load.command_generator import COMMAND
from harness.runtime.load.generator import Loaded, Progress

TARGET = "http://127.0.0.1:9"
HEADER = "start,latency,method,url,status"
WRITES = f"""
import sys, time
file = open(sys.argv[1], "w")
file.write("{HEADER}\\n")
def row(start=None, latency="0.01", method="GET", url="{TARGET}/cart", status="200"):
    file.write(",".join((f"{{time.time() if start is None else start:.6f}}", latency, method, url, status)) + "\\n")
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A run directory."""
    (tmp_path / "run" / "logs").mkdir(parents=True)
    return tmp_path / "run"


def profile(place: Path, text: str, *words: str, **more: Any) -> Profile:
    """Of a Python program."""
    program = place.parent / "load.py"
    program.write_text(textwrap.dedent(text), encoding="utf-8")
    command = (sys.executable, "load.py", "{samples}", *words)
    return Profile("mine", load=LoadCommand(command, more.pop("format", "csv")), duration_s=2.0, **more)


def load(place: Path, made: Profile, on_progress: Callable[[Progress], None] = lambda _: None) -> Loaded:
    return COMMAND.load(made, place.parent, place, TARGET, "measure", on_progress)


def test_its_results_become_a_whole_shard(place: Path) -> None:
    """With how it performed, what it cannot say, and one URL of each name; the results themselves are gone."""
    text = WRITES + "row(); row(status='404'); row(method='POST', url='/buy?n=1'); row(url='http://127.0.0.1:1/')"
    notes: list[Progress] = []
    begun_s = time.time()
    loaded = load(place, profile(place, text + "\nfile.flush(); time.sleep(1.5)"), notes.append)
    (shard,) = loaded.shards
    assert (shard.phase, shard.rows) == ("measure", 3)
    assert shards.state_of(place, shard).problem == ""
    rows = [row for table in shards.tables(place, loaded.shards) for row in table.to_pylist()]
    assert [(row["method"], row["name"], row["view"], row["status"]) for row in rows] == [
        ("GET", "/cart", "/cart", 200),
        ("GET", "/cart", "/cart", 404),
        ("POST", "/buy", "/buy", 200),
    ]
    health = loaded.health
    assert (health.exit_code, health.elsewhere, health.planned_arrivals, health.unrecorded) == (0, 1, None, 0)
    assert (health.tool, health.log) == (Path(sys.executable).name, "logs/load-measure.log")
    assert health.cpu_ratio is not None
    assert health.loop_lag_s is not None
    assert health.planned_duration_s == health.duration_s == health.loaded_s
    assert begun_s < loaded.ended_s <= time.time()
    assert not loaded.abandoned
    assert loaded.unsaid == (Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.ABSENT, Unsaid.LATENCY, Unsaid.PLAN)
    assert json.loads((place / "logs" / "examples-command.json").read_text()) == {"/cart": "/cart", "/buy": "/buy?n=1"}
    assert not (place / "logs" / "load-results").exists()
    assert {each.phase for each in notes} == {"measure"}
    assert "MiB of results" in notes[-1].note


def test_placeholders_are_filled_in_and_what_a_fault_puts_first_stays_first(place: Path) -> None:
    """Each word by itself: no shell splits it again."""
    text = WRITES + "row(); print(sys.argv[2:])"
    made = profile(place, text, "{target}/a b;c", "{duration}", "{users}", "{{x}}", users=7, load_prefix=("env", "A=1"))
    load(place, made)
    assert f"['{TARGET}/a b;c', '2s', '7', '{{x}}']" in (place / "logs" / "load-measure.log").read_text()


def test_a_command_that_takes_its_duration_is_held_to_it(place: Path) -> None:
    health = load(place, profile(place, WRITES + "row()", "{duration}")).health
    assert health.planned_duration_s == 2.0
    assert health.loaded_s is not None
    assert health.loaded_s < 1.8


def test_a_lost_request_leaves_the_target_busy(place: Path) -> None:
    assert load(place, profile(place, WRITES + "row(status='')")).abandoned


def test_what_k6_interrupted_may_have_been_counted(place: Path) -> None:
    """By its last line of progress; without one, all of its users may have been interrupted."""
    text = """
    import sys
    header = "metric_name,timestamp,metric_value,method,name,status,url"
    url = "http://127.0.0.1:9/cart"
    import time
    rows = [f"{name},{time.time():.0f},{value},GET,{url},200,{url}" for name, value in
            (("http_reqs", 1), ("http_req_duration", 5), ("vus", 3))]
    open(sys.argv[1], "w").write("\\n".join([header, *rows]) + "\\n")
    print(*sys.argv[2:])
    """
    said = ("running (02.0s), 0/3 VUs, 9 complete and 2 interrupted iterations",)
    health = load(place, profile(place, text, *said, format="k6-csv")).health
    assert (health.unrecorded, health.start_resolution_s) == (2 * command_results.PER_HOST, 1.0)
    (place / "samples-0.arrow").unlink()
    (place / "logs" / "load-measure.log").unlink()
    assert load(place, profile(place, text, format="k6-csv")).health.unrecorded == 3 * command_results.PER_HOST


def failure(place: Path, made: Profile) -> HarnessError:
    with pytest.raises(HarnessError) as raised:
        load(place, made)
    assert not list(place.glob("*.arrow"))
    return raised.value


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "print('no host'); raise SystemExit(4)",
            UsageError,
            r"failed \(exit 4\) before it wrote a sample.*no host",
        ),
        ("pass", UsageError, "ended with exit code 0 and wrote nothing to {samples}; see .*load-measure.log"),
        ("import os; os.kill(os.getpid(), 9)", LoadError, "was killed by SIGKILL before it wrote a sample"),
        (WRITES + "file.write('x')", UsageError, "load-results, line 2: is cut: it has no end"),
        (WRITES + "row(); file.write('17,0.1'); file.close(); raise SystemExit(1)", LoadError, "line 3: is cut"),
        (WRITES + "file.write('\\0\\n')", UsageError, "line 2: has a zero byte"),
        (
            WRITES + "file.flush(); file.buffer.write(b'\\xff\\n')",
            UsageError,
            "line 2: is not text in UTF-8",
        ),
        (WRITES + "row(start=time.time() - 60)", UsageError, "line 2: was begun .* s before the command; is the unit"),
        (WRITES + "row(latency='60')", UsageError, "line 2: ended .* s after the command; is the unit"),
        (WRITES + "row(latency='nan')", UsageError, r"line 2: its latency is 'nan'.*\(load.command, format csv\)"),
        ("import os, sys; os.mkfifo(sys.argv[1])", UsageError, "wrote nothing to {samples}"),
        ("import os, sys; os.mkdir(sys.argv[1])", LoadError, "load-results cannot be read: it is not a regular file"),
    ],
)
def test_what_went_wrong_is_named_with_file_and_line(
    place: Path, text: str, error: type[HarnessError], message: str
) -> None:
    """As wrong usage where the results are not what the profile says, and as a failed load where the command failed."""
    raised = failure(place, profile(place, text))
    assert type(raised) is error
    assert raised.exit_code == (ExitCode.USAGE if error is UsageError else ExitCode.INCONCLUSIVE)
    assert re.search(message, str(raised).replace("\n", " ")), str(raised)


def test_a_failure_after_samples_is_the_loads_own(place: Path) -> None:
    """They are kept, and the exit code says that they are not to be trusted."""
    health = load(place, profile(place, WRITES + "row(); file.close(); raise SystemExit(1)")).health
    assert health.exit_code not in health.accepted_exits


def test_a_command_that_does_not_end_is_stopped(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that it started."""
    monkeypatch.setattr(command_generator, "START_LIMIT_S", -3.0)
    text = """
    import os, subprocess, sys, time
    child = subprocess.Popen(["sleep", "600"])
    print(os.getpid(), child.pid, flush=True)
    time.sleep(600)
    """
    made = profile(place, text, stop_timeout_s=1.5)
    raised = failure(place, made)
    assert "did not end within 0.5 s: duration 2 s" in str(raised)
    assert "Give --duration as long as the command loads" in str(raised)
    assert isinstance(raised, LoadError)
    pids = (place / "logs" / "load-measure.log").read_text().split()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_results_that_grow_without_end_end_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_results, "MOST_BYTES", 4 * 2**20)
    text = "import sys, time\nopen(sys.argv[1], 'w').write('x' * 5_000_000)\ntime.sleep(600)"
    assert "wrote more than 4 MiB" in str(failure(place, profile(place, text)))


def test_a_program_that_is_not_there_is_named_before_anything_is_started(tmp_path: Path) -> None:
    """On PATH, or where the profile says it is."""
    for word, what in (("no-such-program", "was not found on PATH"), ("./load", "is not a program that can be run")):
        made = Profile("mine", load=LoadCommand((word, "{samples}"), "csv"))
        with pytest.raises(UsageError, match=rf"load.command: '{word}' {what}; install it"):
            COMMAND.find(made, tmp_path)


def test_a_scenario_is_the_words_and_the_files_that_they_name(place: Path) -> None:
    """It is called by its program and its files: other words may be secrets."""
    made = profile(place, "pass", "--token=x", format="csv")
    found = COMMAND.find(made, place.parent)
    assert found.name == f"{Path(sys.executable).name} load.py"
    (place.parent / "load.py").write_text("other")
    assert COMMAND.find(made, place.parent).content != found.content


def test_k6_accepts_a_crossed_threshold_and_nobody_else_does() -> None:
    for program, codes in (("/opt/bin/k6", (0, 99)), ("vegeta", (0,))):
        assert command_line.accepted_exits(LoadCommand((program, "{samples}"), "csv")) == codes


def test_binary_results_need_vegeta(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    made = profile(place, "import sys; open(sys.argv[1], 'wb').write(b'\\x7f\\x03')", format="vegeta")
    assert "is binary, and vegeta, which reads it, is not on PATH" in str(failure(place, made))
