"""How the target starts, reloads and is configured."""

import importlib.util
import itertools
import logging
import os
import runpy
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.instrumentation.django_prometheus.metrics import REQUESTS_BY_VIEW
from tests.target_app.conftest import TARGET_APP, python, running

CLIENT = """
import django
from django.test import Client
django.setup()
print(Client(SERVER_NAME="localhost").get("/work/fast").headers.get("Server-Timing"))
"""


def test_a_reload_keeps_what_was_counted(tmp_path: Path) -> None:
    """After HUP there are new workers, and the metrics know the requests of the old ones too."""
    with running(tmp_path) as target:
        old = target.workers()
        for _ in range(20):
            target.ask("/work/fast")
        target.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while (target.workers() & old or len(target.workers()) < 2) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not target.workers() & old
        for _ in range(20):
            target.ask("/work/fast")
        assert target.scrape().total(REQUESTS_BY_VIEW, view="work:fast") == 40


@pytest.mark.parametrize(("master_pid", "left"), [(0, set()), (4711, {"counter_1.db"})], ids=["fresh", "replacing"])
def test_only_a_fresh_master_empties_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master_pid: int, left: set[str]
) -> None:
    """A master that takes over from a live one (USR2) leaves the files of its workers."""
    directory = tmp_path / "multiproc"
    directory.mkdir()
    (directory / "counter_1.db").write_bytes(b"")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(directory))
    conf = runpy.run_path(str(TARGET_APP / "gunicorn.conf.py"))
    conf["on_starting"](SimpleNamespace(master_pid=master_pid))
    assert {file.name for file in directory.iterdir()} == left


def test_the_metrics_directory_is_below_the_state_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn.conf.py names it before a worker can import prometheus_client, and keeps a name that is given."""
    monkeypatch.setenv("TARGET_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unset below, and put back after the test")
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    for name in [name for name in sys.modules if name.split(".")[0] == "somesite"]:
        monkeypatch.delitem(sys.modules, name)  # the variables are read once
    runpy.run_path(str(TARGET_APP / "gunicorn.conf.py"))
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path / "multiproc")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "elsewhere"))
    runpy.run_path(str(TARGET_APP / "gunicorn.conf.py"))
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path / "elsewhere")


def test_a_command_leaves_the_metrics_alone(tmp_path: Path) -> None:
    """`migrate` neither needs the workers' directory nor writes to it, even when the environment names it."""
    shared = tmp_path / "multiproc"
    for _ in range(2):
        done = python("manage.py", "migrate", "-v", "0", state=tmp_path / "state", PROMETHEUS_MULTIPROC_DIR=str(shared))
        assert (done.returncode, done.stderr) == (0, "")
        assert not shared.exists() or not list(shared.iterdir())
        shared.mkdir(exist_ok=True)


@pytest.mark.parametrize(("witness", "present"), [("0", False), ("1", True)])
def test_the_witness_can_be_switched_off(tmp_path: Path, witness: str, present: bool) -> None:
    """Without it there is no header, as with an app that has never heard of witnesses."""
    done = python("-c", CLIENT, state=tmp_path, TARGET_WITNESS=witness, DJANGO_SETTINGS_MODULE="somesite.settings")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mw-view;") if present else done.stdout == "None\n"


def test_a_key_is_asked_for_beyond_loopback(tmp_path: Path) -> None:
    """The built-in key is refused as soon as the target answers to other hosts."""
    beyond = {"TARGET_ALLOWED_HOSTS": "127.0.0.1,example.org"}
    refused = python("manage.py", "check", state=tmp_path, **beyond)
    assert refused.returncode != 0
    assert "TARGET_SECRET_KEY must be set" in refused.stderr
    assert python("manage.py", "check", state=tmp_path, TARGET_SECRET_KEY="k", **beyond).returncode == 0


def test_every_bucket_is_at_most_half_as_wide_as_its_bound(tmp_path: Path) -> None:
    """From 0.1 ms to 10 s, in steps of 1.5 or less, up to infinity."""
    code = "from somesite.settings import PROMETHEUS_LATENCY_BUCKETS as b; print(*b)"
    done = python("-c", code, state=tmp_path)
    *bounds_s, last = map(float, done.stdout.split())
    assert (bounds_s[0], bounds_s[-1], last) == (0.0001, 10.0, float("inf"))
    assert all(low < high <= 1.5 * low * (1 + 1e-9) for low, high in itertools.pairwise(bounds_s))


@pytest.mark.parametrize(("message", "kept"), [("raised on purpose", False), ("a bug", True)])
def test_only_a_deliberate_error_loses_its_traceback(message: str, kept: bool) -> None:
    """A bug of the target is logged whole."""
    spec = importlib.util.spec_from_file_location("logs", TARGET_APP / "somesite" / "logs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    error = RuntimeError(message)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, (RuntimeError, error, None))
    assert module.OneLineOnPurpose().filter(record)
    assert bool(record.exc_info) == kept
