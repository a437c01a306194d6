"""PostgreSQL: passwords only, no socket file, no wait for the disk; as an account of its own where we are root."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.runtime import process
from harness.runtime.interrupt import shielded
from harness.runtime.kept import Account
from harness.runtime.stack.servers.client import ask_client
from harness.runtime.stack.servers.place import unprivileged
from harness.runtime.stack.servers.server import DATABASE, USER, Instance, Server

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that it goes with it
}

REMOVE_LIMIT_S = 10.0


def _account() -> Account | None:
    return unprivileged("postgres", "nobody")


def _prepare(instance: Instance) -> None:
    secret = instance.write("password", f"{instance.password}\n")
    command = (
        str(instance.programs["initdb"]),
        f"--pgdata={_data(instance)}",
        f"--username={USER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    )
    instance.run("postgresql", command, _environment())


def _command(instance: Instance) -> tuple[str, ...]:
    settings = (f"--{name}={value}" for name, value in SETTINGS.items())
    return (str(instance.programs["postgres"]), "-D", str(_data(instance)), "-p", str(instance.port), *settings)


def _log_in(instance: Instance) -> str:
    version = _ask(instance, "SHOW server_version").split()[0]
    if DATABASE not in _ask(instance, "SELECT datname FROM pg_database").split():
        _ask(instance, f"CREATE DATABASE {DATABASE}")
    return version


def _ask(instance: Instance, statement: str) -> str:
    address = f"host=127.0.0.1 port={instance.port} user={USER} dbname=postgres connect_timeout=5 sslmode=disable"
    command = (str(instance.programs["psql"]), "-X", "-w", "-A", "-t", "-d", address, "-c", statement)
    return ask_client(instance, command, _environment(PGPASSWORD=instance.password))


def _placeholders(instance: Instance) -> Mapping[str, str]:
    return {"port": str(instance.port), "user": USER, "password": instance.password, "database": DATABASE}


def _clean(instance: Instance) -> None:
    """After SIGKILL: end the processes that outlive the first one, and remove the mark they share.

    The seventh line of postmaster.pid is the key and the id of a System V segment.
    Source: https://github.com/postgres/postgres/blob/master/src/include/utils/pidfile.h
    """
    with shielded():
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):
                if link.readlink() == _data(instance):
                    os.kill(int(link.parent.name), signal.SIGKILL)
        with suppress(OSError, IndexError, subprocess.TimeoutExpired):
            segment = (_data(instance) / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]
            process.capture(("ipcrm", "-m", segment), REMOVE_LIMIT_S)


def _data(instance: Instance) -> Path:
    return instance.directory.resolve() / "data"


def _environment(**extra: str) -> dict[str, str]:
    """Without the user's own PGHOST, PGOPTIONS and the like."""
    inherited = {key: value for key, value in process.environment({}).items() if not key.startswith("PG")}
    return {**inherited, "LC_ALL": "C", **extra}


SERVER = Server(
    "postgresql",
    programs=("postgres", "initdb", "psql"),
    places=("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"),
    prepare=_prepare,
    command=_command,
    log_in=_log_in,
    placeholders=_placeholders,
    account=_account,
    clean=_clean,
    stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for the clients
)
