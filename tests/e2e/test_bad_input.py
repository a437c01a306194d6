"""Everything a user can get wrong: one line that says what, where and what to do, the right exit code, nothing left."""

import json
import shutil
import socket
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from harness.runtime import process
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Harness, Writer
from tests.parts import mostly_long

STORED = PROJECT / "tests" / "recorded" / "runs" / "clean"
SHORT = ("--duration", "3s", "--warmup", "1s")


def error_of(done: object) -> str:
    """The error message, which is not a traceback."""
    err = str(getattr(done, "err", ""))
    assert "Traceback (most recent call last)" not in err.split("see ", maxsplit=1)[0], err
    return next(line for line in err.splitlines() if line.startswith("harness: "))


def embedded_config(write: Writer, extra: str = "") -> Path:
    """A profile that starts the reference target, changed by `extra`."""
    return write.config(
        f"""
        scenario = "{PROJECT}/scenarios/cache.py"
        {extra}
        [profiles.test.start]
        command = ["{{python}}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{{port}}",
                   "somesite.wsgi"]
        prepare = [["{{python}}", "manage.py", "migrate", "--verbosity", "0"]]
        cwd = "{PROJECT}/target_app"
        env = {{ TARGET_STATE_DIR = "{{tmp}}/target" }}
        """
    )


def test_an_unknown_profile_is_named_with_a_suggestion(harness: Harness) -> None:
    """The profiles that exist are listed."""
    done = harness.run("run", "smok")
    assert done.code == 2
    assert "no profile 'smok' (did you mean 'smoke'?); it has" in error_of(done)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("userz = 3", "profiles.test.userz: unknown key (did you mean 'users'?)"),
        ("users = 0", "profiles.test.users: 0 must be a whole number from 1 up"),
        ("duration = 'soon'", "profiles.test.duration: 'soon' is not a duration"),
        ("thresholds = ['p95 under 3']", "is not a limit"),
        ("pace = 'fast'", "must be 'own'"),
        ("users = ", "not valid TOML"),
        ("[profiles.test.start]\ncwd = '.'", "command is missing"),
        (
            "[profiles.test.start]\ncommand = ['x']\nprot = 1",
            "profiles.test.start.prot: unknown key (did you mean 'port'?)",
        ),
    ],
)
def test_a_bad_key_or_value_names_the_file_and_the_key(
    harness: Harness, write: Writer, text: str, message: str
) -> None:
    """Every key of harness.toml is checked before anything starts."""
    done = harness.run("run", "--config", write.config(text))
    assert done.code == 2
    assert message in error_of(done)
    assert "harness.toml" in error_of(done)


def test_a_missing_config_and_a_missing_locustfile_are_named(harness: Harness, tmp_path: Path) -> None:
    """Both name the path and the flag."""
    done = harness.run("run", "--config", tmp_path / "none.toml")
    assert (done.code, "--config: " in error_of(done)) == (2, True)
    done = harness.run("run", "--locustfile", tmp_path / "none.py")
    assert (done.code, "--locustfile: " in error_of(done)) == (2, True)


def test_a_locustfile_that_raises_is_named_with_its_reason(harness: Harness, write: Writer) -> None:
    """Locust's own traceback goes to the log, its last line to the user."""
    done = harness.run("run", *SHORT, "--locustfile", write.file("broken.py", "raise RuntimeError('no such shop')\n"))
    assert done.code == 2
    assert "RuntimeError: no such shop" in error_of(done)


def test_a_locustfile_without_users_is_named(harness: Harness, write: Writer) -> None:
    """Nothing to run is a usage error."""
    done = harness.run("run", *SHORT, "--locustfile", write.file("empty.py", "import locust\n"))
    assert done.code == 2
    assert "No User class found" in error_of(done)


def test_a_prometheus_that_is_none_is_named(harness: Harness, tmp_path: Path) -> None:
    """The variable must name an executable file."""
    done = harness.run("run", HARNESS_PROMETHEUS=str(tmp_path / "none"))
    assert done.code == 2
    assert "HARNESS_PROMETHEUS: " in error_of(done)


def test_a_port_that_is_taken_is_named(harness: Harness, write: Writer) -> None:
    """A fixed port is never fought for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = embedded_config(write)
        config.write_text(config.read_text() + f"port = {port}\n")
        done = harness.run("run", *SHORT, "--config", config)
    assert done.code == 2
    assert f"start.port: port {port} is taken" in error_of(done)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("import time; time.sleep(60)", "did not become ready within 2 s"),
        ("raise SystemExit('no database here')", "ended by itself (exit 1)"),
    ],
)
def test_a_target_that_never_becomes_ready_shows_its_log(
    harness: Harness, write: Writer, command: str, message: str
) -> None:
    """The time limit and the last lines of its log are in the error; nothing is left running."""
    config = write.config(
        f"""
        scenario = "{PROJECT}/scenarios/cache.py"
        [profiles.test.start]
        command = ["{sys.executable}", "-c", "{command}"]
        ready_timeout = "2s"
        """
    )
    done = harness.run("run", "--config", config)
    assert done.code == 3
    assert message in error_of(done)
    assert "no database here" in done.err or "sleep" in command


def test_a_prometheus_that_cannot_start_takes_the_target_with_it(harness: Harness, write: Writer) -> None:
    """A start that fails half-way stops what had started."""
    done = harness.run("run", "--config", embedded_config(write), HARNESS_PROMETHEUS=shutil.which("false") or "")
    assert done.code == 3
    assert "prometheus ended by itself" in error_of(done)


def test_an_unknown_placeholder_is_named(harness: Harness, write: Writer) -> None:
    """Only the placeholders that exist are filled in."""
    config = embedded_config(write)
    config.write_text(config.read_text().replace("{tmp}", "{temp}"))
    done = harness.run("run", "--config", config)
    assert done.code == 2
    assert "start.env.TARGET_STATE_DIR" in error_of(done)


def test_a_host_that_is_not_allowed_is_refused(harness: Harness) -> None:
    """Nobody load-tests a stranger by a typo."""
    done = harness.run("run", "--target", "http://192.0.2.1:8000", "--prometheus", "http://127.0.0.1:9")
    assert done.code == 2
    assert 'allow_hosts = ["192.0.2.1"]' in error_of(done).replace("'", '"')


@pytest.mark.parametrize(
    ("target", "prometheus", "message"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:9", "--target: '127.0.0.1:8000' is not a URL"),
        ("http://127.0.0.1:8000", "", "--prometheus is missing"),
    ],
)
def test_a_bad_address_is_named(harness: Harness, target: str, prometheus: str, message: str) -> None:
    """Before anything is sent."""
    done = harness.run("run", "--target", target, "--prometheus", prometheus)
    assert done.code == 2
    assert message in error_of(done)


def test_no_prometheus_at_the_address_is_inconclusive(harness: Harness, services: embedded.Stack) -> None:
    """Nothing could be measured: exit 3."""
    done = harness.run("run", "--target", services.target, "--prometheus", f"http://127.0.0.1:{process.free_port()}")
    assert done.code == 3
    assert "no Prometheus answers at" in error_of(done)
    done = harness.run("run", "--target", services.target, "--prometheus", services.target)
    assert done.code == 3
    assert "not like a Prometheus" in error_of(done)


def test_a_prometheus_that_does_not_scrape_the_target_is_inconclusive(
    harness: Harness, services: embedded.Stack
) -> None:
    """The selector that found nothing is named."""
    own = ("--target", services.target, "--prometheus", services.prometheus)
    done = harness.run("run", *own, "--selector", 'job="shop"')
    assert done.code == 3
    assert 'does not scrape any target with {job="shop"}' in error_of(done)


IDLE = """
    from locust import User, constant, task
    class Idle(User):
        wait_time = constant(0.1)
        @task
        def nothing(self):
            pass
"""
HOPELESS = """
    from locust import FastHttpUser, constant, task
    class Hopeless(FastHttpUser):
        wait_time = constant(0.1)
        network_timeout = 0.01
        @task
        def hang_up(self):
            self.client.get("/work/wait?ms=200", name="/work/wait")
"""


@pytest.mark.parametrize(
    ("text", "message"), mostly_long([(IDLE, "no request was recorded"), (HOPELESS, "requests was answered")])
)
def test_no_answered_request_is_inconclusive(
    harness: Harness, write: Writer, tmp_path: Path, text: str, message: str
) -> None:
    """Zero requests, or none that came back, prove nothing: exit 3, and what was recorded is kept."""
    out = tmp_path / "run"
    flags = ("--users", "2", "--warmup", "0s", "--out", out, "--locustfile", write.file("user.py", text))
    done = harness.run("run", *SHORT, *flags)
    assert done.code == 3, done.told
    verdicts = json.loads((out / "report.json").read_text())["verdicts"]
    assert any(message in verdict["why"] for verdict in verdicts)
    assert not [verdict for verdict in verdicts if verdict["status"] == "fail"]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A copy of a stored run."""
    return Path(shutil.copytree(STORED, tmp_path / "stored"))


def test_an_output_directory_in_use_is_refused(harness: Harness, stored: Path) -> None:
    """No run overwrites another."""
    done = harness.run("run", "--out", stored)
    assert done.code == 2
    assert "is not empty" in error_of(done)


def test_a_path_that_is_no_run_directory_is_named(harness: Harness, tmp_path: Path) -> None:
    """Neither an empty directory nor none at all."""
    for path in (tmp_path / "nowhere", harness.temporary):
        done = harness.run("verify", path)
        assert done.code == 2
        assert str(path) in error_of(done)


@pytest.mark.parametrize("name", ["run.json", "evidence.json"])
def test_a_damaged_or_missing_file_of_a_run_is_inconclusive(harness: Harness, stored: Path, name: str) -> None:
    """Truncated, no JSON, another type, or gone: exit 3 with the file's name."""
    whole = (stored / name).read_text()
    for damaged in (whole[: len(whole) // 2], "[]", "{}", '{"schema_version": 1, "answers": [{"query": 3}]}'):
        (stored / name).write_text(damaged)
        done = harness.run("verify", stored)
        assert (done.code, name in error_of(done)) == (3, True), damaged[:40]
    (stored / name).unlink()
    done = harness.run("verify", stored)
    assert (done.code, name in error_of(done)) == (3, True)


def test_an_unreadable_file_is_inconclusive(harness: Harness, stored: Path) -> None:
    """What the system refuses to read is named like any other damage; a directory it refuses to everybody."""
    (stored / "evidence.json").unlink()
    (stored / "evidence.json").mkdir()
    done = harness.run("verify", stored)
    assert (done.code, "evidence.json" in error_of(done)) == (3, True)


def test_a_corrupt_shard_is_inconclusive(harness: Harness, stored: Path) -> None:
    """Bytes overwritten in the middle: what cannot be read is not judged."""
    shard = max(stored.glob("samples-*.arrow"), key=lambda file: file.stat().st_size)
    data = bytearray(shard.read_bytes())
    data[5000:5400] = b"\xff" * 400
    shard.write_bytes(bytes(data))
    done = harness.run("verify", stored, "-v")
    assert done.code in (1, 3)
    assert done.code == 3 or "request-counts" in done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["run.json", "evidence.json", "samples"])
def test_a_newer_schema_asks_for_an_upgrade(harness: Harness, stored: Path, name: str) -> None:
    """A run of a later harness is not guessed at."""
    if name == "samples":
        shard = max(stored.glob("samples-*.arrow"), key=lambda file: file.stat().st_size)
        with pa.ipc.open_stream(shard.read_bytes()) as reader:
            table = reader.read_all().replace_schema_metadata({"harness.schema_version": "99"})
        with pa.ipc.new_stream(shard, table.schema) as writer:
            writer.write_table(table)
    else:
        document = json.loads((stored / name).read_text())
        (stored / name).write_text(json.dumps(document | {"schema_version": 99}))
    done = harness.run("verify", stored)
    assert done.code == 2
    assert "upgrade the harness" in error_of(done)


def test_a_damaged_report_says_how_to_make_it_again(harness: Harness, stored: Path) -> None:
    """`harness report` needs report.json."""
    assert harness.run("report", stored).code == 2
    (stored / "report.json").write_text("{")
    done = harness.run("report", stored)
    assert done.code == 3
    assert "harness verify" in error_of(done)


@pytest.mark.parametrize("arguments", [("run", "--users", "0"), ("run", "--duration", "long"), ("fly",), ()])
def test_a_bad_flag_is_a_usage_error(harness: Harness, arguments: tuple[str, ...]) -> None:
    """As argparse says it, exit 2."""
    assert harness.run(*arguments).code == 2
