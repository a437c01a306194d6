"""Redis: nothing on disk, a password, and its own text protocol for the login."""

import re
from collections.abc import Mapping

from harness.runtime.process import NotReadyError
from harness.runtime.stack.servers.server import Instance, Server, converse


def _prepare(instance: Instance) -> None:
    settings = ["bind 127.0.0.1", f"requirepass {instance.password}", 'save ""', "appendonly no", "daemonize no"]
    instance.write("redis.conf", "\n".join([*settings, ""]))


def _command(instance: Instance) -> tuple[str, ...]:
    return (str(instance.programs["redis-server"]), "redis.conf", "--port", str(instance.port))


def _log_in(instance: Instance) -> str:
    """Inline commands. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands ."""
    question = f"AUTH {instance.password}\r\nINFO server\r\nQUIT\r\n".encode()
    answer = converse(instance.port, question, b"+OK\r\n")
    version = re.search(r"^redis_version:(\S+)", answer, re.MULTILINE)
    if version is None:
        raise NotReadyError(f"port {instance.port} answered {answer[:200]!r}")
    return version[1]


def _placeholders(instance: Instance) -> Mapping[str, str]:
    return {"port": str(instance.port), "password": instance.password}


SERVER = Server(
    "redis",
    programs=("redis-server",),
    places=("/usr/bin", "/usr/sbin", "/usr/local/bin"),
    prepare=_prepare,
    command=_command,
    log_in=_log_in,
    placeholders=_placeholders,
)
