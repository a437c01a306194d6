"""Memcached: nothing on disk and no login; what listens on loopback is open to this machine."""

import os
from collections.abc import Mapping

from harness.runtime.stack.servers.server import Instance, Server, converse


def _prepare(_: Instance) -> None:
    """Nothing: it keeps no file."""


def _command(instance: Instance) -> tuple[str, ...]:
    command = (str(instance.programs["memcached"]), "-l", "127.0.0.1", "-p", str(instance.port), "-U", "0")
    return (*command, "-u", "root") if os.geteuid() == 0 else command


def _log_in(instance: Instance) -> str:
    """Source: https://github.com/memcached/memcached/blob/master/doc/protocol.txt , `version`."""
    return converse(instance.port, b"version\r\n", b"\r\n").split()[1]


def _placeholders(instance: Instance) -> Mapping[str, str]:
    return {"port": str(instance.port)}


SERVER = Server(
    "memcached",
    programs=("memcached",),
    places=("/usr/bin", "/usr/sbin", "/usr/local/bin"),
    prepare=_prepare,
    command=_command,
    log_in=_log_in,
    placeholders=_placeholders,
)
