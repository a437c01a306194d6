"""Each server really starts, takes our login, and leaves nothing behind, however it ends."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from pymemcache import Client
from redis import Redis
from redis.exceptions import AuthenticationError

from harness.core.errors import StackError, UsageError
from harness.runtime.stack import servers
from harness.runtime.stack.servers import Found, Started
from tests.e2e.conftest import PROJECT, Harness, Writer
from tests.parts import mostly_long

BY_NAME = {server.name: server for server in servers.SERVERS}


@dataclass(frozen=True)
class Running:
    """A server that runs for a test, and where it lives."""

    started: Started
    directory: Path
    process: int

    @property
    def words(self) -> Mapping[str, str]:
        """The placeholders without the server's name in front."""
        return {word.removeprefix(f"{self.started.name}_"): value for word, value in self.started.placeholders.items()}


def found(name: str) -> Found:
    """A server's programs; skips the test, with the missing one, where they are not installed."""
    try:
        return servers.find([name])[0]
    except UsageError as error:
        if "make services" not in str(error):
            raise
        pytest.skip(str(error))


@contextmanager
def running(name: str, tmp_path: Path) -> Iterator[Running]:
    """Start a server, and see that no process and no directory of it is left."""
    with ExitStack() as stack:
        started = servers.start(stack, found(name), tmp_path, tmp_path)
        number = process_of(started.placeholders[f"{name}_port"])
        directory = Path(f"/proc/{number}/cwd").readlink()
        directory = directory.parent if directory.name == "data" else directory
        assert re.match(rf"harness-{name}-", directory.name)
        yield Running(started, directory, number)
    assert processes_below(directory) == []
    assert not directory.exists()


def process_of(port: str) -> int:
    """The process that names this port on its command line and has none of that kind above it."""
    numbers = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if int(file.parent.name) != os.getpid() and re.search(rf"\b{port}\b", file.read_text(errors="replace")):
                numbers.append(int(file.parent.name))
    return min(numbers)


def processes_below(directory: Path) -> list[int]:
    """Processes that work in a directory or below it, also when it is gone."""
    numbers = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if str(link.readlink()).startswith(str(directory)):
                numbers.append(int(link.parent.name))
    return numbers


def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_postgresql_takes_our_login_alone(tmp_path: Path, answered: Callable[[str], None]) -> None:
    """In UTF-8 and UTC, with the password only; as root it runs as somebody else."""
    with running("postgresql", tmp_path) as server:
        words = dict(server.words)
        login = {"host": "127.0.0.1", "port": words["port"], "user": words["user"], "dbname": words["database"]}
        with psycopg.connect(**login, password=words["password"]) as connection:  # type: ignore[arg-type]
            query = "SELECT current_setting('server_encoding'), current_setting('TimeZone'), version()"
            row = connection.execute(query).fetchone()
            assert row is not None
            assert row[:2] == ("UTF8", "UTC")
            assert row[2].startswith(f"PostgreSQL {server.started.version}")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(**login, password="guessed")  # type: ignore[arg-type]
        assert os.geteuid() != 0 or Path(f"/proc/{server.process}").stat().st_uid != 0
        answered(f"{server.started.name} {server.started.version}")


def test_mariadb_takes_our_login_alone(tmp_path: Path, answered: Callable[[str], None]) -> None:
    """With the password only, in utf8mb4 and UTC; its socket is in its own directory."""

    def ask(password: str, statement: str) -> subprocess.CompletedProcess[str]:
        words = server.words
        client = [str(found("mariadb").programs["mariadb"]), "--no-defaults", "-h127.0.0.1", f"-P{words['port']}"]
        login = [f"-u{words['user']}", f"-D{words['database']}", "-BN", "-e", statement]
        env = {**os.environ, "MYSQL_PWD": password}
        return subprocess.run([*client, *login], env=env, capture_output=True, text=True, check=False)

    with running("mariadb", tmp_path) as server:
        done = ask(server.words["password"], "SELECT @@character_set_database, @@time_zone, VERSION()")
        assert done.stdout.split("\t")[:2] == ["utf8mb4", "+00:00"], done.stderr
        assert done.stdout.split("\t")[2].startswith(server.started.version)
        assert ask(server.words["password"], "CREATE TABLE t (a int); DROP TABLE t").returncode == 0
        assert "Access denied" in ask("guessed", "SELECT 1").stderr
        assert (server.directory / "data" / "mariadb.sock").is_socket()
        answered(f"{server.started.name} {server.started.version}")


def test_redis_takes_our_login_alone(tmp_path: Path, answered: Callable[[str], None]) -> None:
    """With the password only, and writes nothing to the disk."""
    with running("redis", tmp_path) as server:
        port = int(server.words["port"])
        with Redis(port=port, password=server.words["password"]) as client:
            assert client.set("a", "1")
            assert client.info("server")["redis_version"] == server.started.version
            assert client.config_get("save") == {"save": ""}
        with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
            stranger.get("a")
        assert [file.name for file in server.directory.iterdir()] == ["redis.conf"]
        answered(f"{server.started.name} {server.started.version}")


def test_memcached_answers(tmp_path: Path, answered: Callable[[str], None]) -> None:
    """On loopback; it knows no password."""
    with running("memcached", tmp_path) as server:
        client = Client(("127.0.0.1", int(server.words["port"])))
        assert client.set("a", "1", noreply=False)
        assert client.get("a") == b"1"
        assert client.version().decode() == server.started.version
        client.close()
        answered(f"{server.started.name} {server.started.version}")


@pytest.mark.parametrize("name", BY_NAME)
def test_a_server_that_is_killed_is_cleaned_up(tmp_path: Path, name: str) -> None:
    """No process of it outlives the stop, and no shared memory."""
    with running(name, tmp_path) as server:
        segments = Path("/proc/sysvipc/shm").read_text().splitlines()
        own = [line for line in segments if f" {server.process} " in line]
        assert bool(own) == (name == "postgresql")
        os.kill(server.process, signal.SIGKILL)
    left = Path("/proc/sysvipc/shm").read_text()
    assert [line for line in left.splitlines() if f" {server.process} " in line] == []


def test_a_server_that_dies_while_it_starts_shows_its_log(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """Exit code 3 with what it said last; the one that had started goes with it."""
    found("memcached")
    program = write.file("redis-server", "#!/bin/sh\necho no memory for you; exit 7\n")
    program.chmod(0o755)
    config = stack_of(write, "memcached", "redis")
    done = harness.run("run", "--config", config, HARNESS_REDIS_BIN=str(tmp_path))
    assert done.code == 3, done.told
    assert "redis ended by itself (exit 7)" in done.err
    assert "no memory for you" in done.err


def test_a_preparation_that_fails_shows_its_log(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """The same for what comes before the start."""
    for name in ("mariadbd", "mariadb-install-db", "mariadb"):
        write.file(name, "#!/bin/sh\necho no room for tables; exit 7\n").chmod(0o755)
    done = harness.run("run", "--config", stack_of(write, "mariadb"), HARNESS_MARIADB_BIN=str(tmp_path))
    assert done.code == 3, done.told
    assert re.search(r"mariadb: `\S+mariadb-install-db .*` failed \(exit 7\)", done.err)
    assert "no room for tables" in done.err


@pytest.mark.parametrize(
    ("services_", "seen"),
    mostly_long([(("redis", "postgresql"), "initdb"), (("redis", "mariadb"), "mariadb-install-db")]),
)
def test_an_interruption_while_a_server_is_prepared_stops_everything(
    harness: Harness, write: Writer, services_: tuple[str, ...], seen: str
) -> None:
    """Exit code 130, no process, no temporary file."""
    for name in services_:
        found(name)
    before = set(Path("/tmp").glob("harness-postgresql-*"))
    process = harness.start("up", "--config", stack_of(write, *services_))
    try:
        until(lambda: process.poll() is not None or any(seen in command for command in harness.processes()))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    harness.check_clean()
    until(lambda: set(Path("/tmp").glob("harness-postgresql-*")) <= before)


def test_a_wrong_directory_is_named(harness: Harness, write: Writer) -> None:
    """The variable, what it should hold, and exit code 2, before anything starts."""
    done = harness.run("run", "--config", stack_of(write, "redis"), HARNESS_REDIS_BIN="/nowhere")
    assert done.code == 2
    assert "harness: HARNESS_REDIS_BIN: /nowhere is not a directory with an executable redis-server" in done.err


@pytest.mark.parametrize("name", BY_NAME)
def test_a_missing_program_is_named_with_the_next_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server, where it was looked for, the make target and the variable."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(f"HARNESS_{name.upper()}_BIN", raising=False)
    server = replace(BY_NAME[name], places=("/nowhere/*/bin",))
    message = (
        rf"{name}: no {server.programs[0]} on PATH or in /nowhere/\*/bin; .*`make services`.*HARNESS_{name.upper()}_BIN"
    )
    with pytest.raises(UsageError, match=message):
        servers.programs_of(server)


def test_of_several_versions_the_newest_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and not by letter; helpers come from beside it."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("HARNESS_POSTGRESQL_BIN", raising=False)
    server = replace(BY_NAME["postgresql"], places=(f"{tmp_path}/*/bin",))
    for version in ("9.6", "15", "14"):
        for program in server.programs:
            file = tmp_path / version / "bin" / program
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o755)
    assert {path.parent.parent.name for path in servers.programs_of(server).values()} == {"15"}


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit, what was seen, and nothing left."""
    monkeypatch.setattr("harness.runtime.stack.servers.server.READY_S", 0.5)
    silent = replace(BY_NAME["memcached"], command=lambda _: ("sleep", "600"))
    with (
        ExitStack() as stack,
        pytest.raises(StackError, match=r"memcached did not become ready within 0.5 s: port \d+"),
    ):
        servers.start(stack, Found(silent, {}), tmp_path, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["memcached.log"]


@pytest.mark.long
def test_a_run_names_its_variants_and_the_versions_of_their_servers(harness: Harness, tmp_path: Path) -> None:
    """In run.json, and in the header of the console's report."""
    found("redis")
    out = tmp_path / "run"
    done = harness.run("run", "--variant", "redis", "--duration", "4s", "--warmup", "1s", "--out", out)
    done.check_passed(out)
    run = json.loads((out / "run.json").read_text())
    assert run["variants"] == ["redis"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", run["versions"]["redis"])
    assert "variants redis" in done.out
    assert "Ready to accept connections" in (out / "logs" / "redis.log").read_text()


def stack_of(write: Writer, *names: str) -> Path:
    """A profile that starts these services, and a target that never comes to its turn."""
    return write.config(
        f"""
        scenario = "{PROJECT}/scenarios/cache.py"
        [profiles.test.start]
        command = ["false"]
        services = {list(names)}
        """
    )
