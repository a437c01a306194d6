"""Parts of a real run that are killed: an honest verdict, the samples that there were, and nothing that runs on."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from tests.e2e.conftest import Harness, Writer
from tests.parts import mostly_long

SCENARIO = """
    from locust import HttpUser, constant, task

    class User(HttpUser):
        wait_time = constant(0.02)

        @task
        def work(self):
            self.client.get("/work/fast")
"""
RUNAWAY = """
    import os, time
    from locust import HttpUser, task

    class User(HttpUser):
        @task
        def breed(self):
            global left
            while left:
                left -= 1
                if not os.fork():
                    time.sleep(60)
                    os._exit(0)
            time.sleep(0.1)

    left = 400
"""
"""Forks 400 times and no more, whatever becomes of the limit."""
DAEMON = """
    import os, signal, time

    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
"""
"""In front of a scenario: a daemon that ignores what it can."""


@pytest.fixture(autouse=True)
def nothing_left(harness: Harness) -> Iterator[None]:
    """Whatever a test finds, it leaves no process behind."""
    yield
    for pid, _ in processes(harness):
        os.kill(pid, signal.SIGKILL)


def processes(harness: Harness) -> list[tuple[int, str]]:
    """Ids and command lines of what the command has started."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if harness.mark.encode() in environ.read_bytes():
                found.append((int(environ.parent.name), environ.with_name("cmdline").read_text().replace("\0", " ")))
        except OSError:
            continue
    return found


def await_true(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 100
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert holds()


def is_loaded(out: Path) -> bool:
    """The measured load runs: its first pulse is there, and a second's samples."""
    return any(file.stat().st_size for file in out.glob("logs/pulse-*.jsonl"))


def locust(harness: Harness) -> int:
    (found,) = (pid for pid, command in processes(harness) if "-m locust" in command)
    return found


def freeze_locust(harness: Harness) -> bool:
    """True when one was stopped: that of the warm-up may end at any time, and the next one is a second away."""
    for pid, command in processes(harness):
        if "-m locust" in command:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                return True
    return False


def read_rows(out: Path) -> int:
    """Samples that can be read, of whatever is there."""
    rows = 0
    for file in out.glob("samples-*.arrow"):
        reader = pa.ipc.open_stream(pa.OSFile(str(file)))
        try:
            while True:
                rows += reader.read_next_batch().num_rows
        except (StopIteration, pa.ArrowException, OSError):
            continue
    return rows


def pulsed_rows(out: Path) -> int:
    """Requests that the generator had reported when it last gave a sign of life."""
    lines = [line for file in out.glob("logs/pulse-*.jsonl") for line in file.read_text().splitlines(keepends=True)]
    return sum(json.loads(line)["requests"] for line in lines if line.endswith("\n"))


def begin(harness: Harness, write: Writer, scenario: str = SCENARIO, *more: str) -> tuple[subprocess.Popen[str], Path]:
    file, out = write.file("scenario.py", scenario), harness.scratch / "out"
    arguments = ("run", "smoke", "--locustfile", file, "--duration", "8s", "--warmup", "0s", "--json")
    return harness.start(*arguments, *more, "--out", out), out


def test_a_killed_harness_leaves_its_samples_and_nothing_else(harness: Harness, write: Writer) -> None:
    """SIGKILL in the middle of the load: all that it started dies with it, a daemon of the locustfile too."""
    process, out = begin(harness, write, DAEMON + SCENARIO)
    await_true(lambda: is_loaded(out))
    process.kill()
    process.communicate()
    killed_s = time.monotonic()
    await_true(lambda: not processes(harness))
    assert time.monotonic() - killed_s < 30
    assert read_rows(out) >= pulsed_rows(out) > 0
    verify = harness.start("verify", out)
    _, err = verify.communicate()
    assert verify.returncode == 3
    assert f"{read_rows(out):,} samples of it can be read" in err


@pytest.mark.parametrize(
    ("number", "code", "named"),
    mostly_long(
        [
            (signal.SIGKILL, "generator-crashed", "Locust was killed by SIGKILL after"),
            (signal.SIGINT, "load-cut", "Locust was stopped by SIGINT after"),
            (signal.SIGTERM, "load-cut", "Locust was stopped by SIGTERM after"),
        ]
    ),
    ids=["SIGKILL", "SIGINT", "SIGTERM"],
)
def test_a_load_that_was_cut_is_inconclusive(
    harness: Harness, write: Writer, number: signal.Signals, code: str, named: str
) -> None:
    """Whoever cut it is named; nothing fails for it, and what was recorded is there."""
    process, out = begin(harness, write, SCENARIO, "--arrival-rate", "40")
    await_true(lambda: is_loaded(out))
    os.kill(locust(harness), number)
    printed, err = process.communicate()
    assert process.returncode == 3, f"{printed}{err}"
    verdicts = json.loads(printed)["verdicts"]
    (load,) = (each for each in verdicts if (each["check"], each["subject"]) == ("generator-health", "load"))
    assert load["code"] == code
    assert named in load["why"]
    assert [each for each in verdicts if each["status"] == "fail"] == []
    assert read_rows(out) >= pulsed_rows(out) > 0
    harness.check_clean()


def test_a_locustfile_that_interrupts_its_own_process_fails_nothing(harness: Harness, write: Writer) -> None:
    """While users wait for answers: what they had sent was counted, and nobody saw its end."""
    scenario = """
        import json, os, signal, time
        from locust import HttpUser, constant, task

        MEASURED, BEGAN = json.loads(os.environ["HARNESS_RECORDER"])["phase"] == "measure", time.time()

        class User(HttpUser):
            wait_time = constant(0)

            @task
            def wait(self):
                self.client.get("/work/wait?ms=200", name="/work/wait")
                if MEASURED and time.time() - BEGAN > 3:
                    os.kill(os.getpid(), signal.SIGINT)
    """
    process, _ = begin(harness, write, scenario)
    printed, err = process.communicate()
    assert process.returncode == 3, f"{printed}{err}"
    verdicts = json.loads(printed)["verdicts"]
    assert [each for each in verdicts if each["status"] == "fail"] == []
    (load,) = (each for each in verdicts if (each["check"], each["subject"]) == ("generator-health", "load"))
    assert load["status"] == "inconclusive"
    harness.check_clean()


def test_a_generator_that_is_killed_while_it_starts_is_no_wrong_input(harness: Harness, write: Writer) -> None:
    """The locustfile is not to blame."""
    killing = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    process, _ = begin(harness, write, killing)
    _, err = process.communicate()
    assert process.returncode == 3, err
    assert "Locust was killed by SIGKILL before it recorded a request" in err
    harness.check_clean()


def test_a_load_that_forks_without_end_is_ended(harness: Harness, write: Writer) -> None:
    """Before it exhausts the machine; its processes end with it."""
    process, _ = begin(harness, write, RUNAWAY)
    _, err = process.communicate()
    assert process.returncode == 3, err
    assert "processes at once, more than 257, and was killed" in err
    harness.check_clean()


def test_a_full_disk_ends_the_run_with_a_line(harness: Harness) -> None:
    """No file more can be made: neither a verdict nor a traceback."""
    small = harness.scratch / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "nr_inodes=8", "none", small], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    try:
        done = harness.run("run", "smoke", "--quiet", "--out", small / "out")
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.code == 3, done.told
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("hurry", mostly_long([False, True]), ids=["once", "twice"])
def test_nested_runs_get_the_time_that_they_need(harness: Harness, hurry: bool) -> None:
    """Locust does not answer, so the inner run needs longer than a grace; asked twice, it does not wait for it."""
    out = harness.scratch / "faults"
    process = harness.start("faults", "one-replica", "--jobs", "1", "--quiet", "--out", out)
    await_true(lambda: is_loaded(out / "clean"))  # before, SIGTERM would end it as it ends any process
    await_true(lambda: freeze_locust(harness))
    process.send_signal(signal.SIGTERM)
    if hurry:
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    harness.check_clean()
