"""MariaDB: a database and a user of our own, no configuration of the machine's, no socket outside its directory."""

import os
from collections.abc import Mapping

from harness.runtime import process
from harness.runtime.stack.servers.client import ask_client
from harness.runtime.stack.servers.server import DATABASE, USER, Instance, Server


def _prepare(instance: Instance) -> None:
    command = (
        str(instance.programs["mariadb-install-db"]),
        "--no-defaults",
        f"--basedir={_base(instance)}",
        f"--datadir={instance.directory / 'data'}",
        "--skip-test-db",
        *_as_root(),
    )
    instance.run("mariadb", command, process.environment({"TMPDIR": str(instance.directory)}))
    statements = (
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;",
        f"CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{instance.password}';",
        f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'127.0.0.1';",
    )
    instance.write("users.sql", "\n".join([*statements, ""]))


def _command(instance: Instance) -> tuple[str, ...]:
    return (
        str(instance.programs["mariadbd"]),
        "--no-defaults",
        f"--basedir={_base(instance)}",
        f"--datadir={instance.directory / 'data'}",
        f"--tmpdir={instance.directory}",
        f"--init-file={instance.directory / 'users.sql'}",
        "--skip-networking=0",
        "--bind-address=127.0.0.1",
        f"--port={instance.port}",
        "--socket=mariadb.sock",  # below the data directory: a whole path may pass the limit of 107 characters
        "--pid-file=mariadb.pid",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--default-time-zone=+00:00",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        *_as_root(),
    )


def _log_in(instance: Instance) -> str:
    command = (
        str(instance.programs["mariadb"]),
        "--no-defaults",
        "--host=127.0.0.1",
        f"--port={instance.port}",
        f"--user={USER}",
        f"--database={DATABASE}",
        "--skip-ssl",
        "--batch",
        "--skip-column-names",
        "--execute=SELECT VERSION()",
    )
    answer = ask_client(instance, command, process.environment({"MYSQL_PWD": instance.password}))
    return answer.partition("-")[0]


def _placeholders(instance: Instance) -> Mapping[str, str]:
    return {"port": str(instance.port), "user": USER, "password": instance.password, "database": DATABASE}


def _base(instance: Instance) -> str:
    """Where MariaDB is unpacked: its messages and first tables lie below."""
    return str(instance.programs["mariadbd"].resolve().parent.parent)


def _as_root() -> tuple[str, ...]:
    return ("--user=root",) if os.geteuid() == 0 else ()


SERVER = Server(
    "mariadb",
    programs=("mariadbd", "mariadb-install-db", "mariadb"),
    places=("/usr/sbin", "/usr/bin", "/usr/local/bin"),
    prepare=_prepare,
    command=_command,
    log_in=_log_in,
    placeholders=_placeholders,
)
