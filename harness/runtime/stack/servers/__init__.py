"""Databases and caches for the embedded target: started from installed binaries, gone with the stack."""

from collections.abc import Iterable

from harness.runtime.stack.servers import mariadb, memcached, postgresql, redis
from harness.runtime.stack.servers.programs import programs_of, variable
from harness.runtime.stack.servers.server import Found, Server, Started, start

__all__ = ["SERVERS", "Found", "Server", "Started", "find", "programs_of", "start", "variable"]

SERVERS: tuple[Server, ...] = (postgresql.SERVER, mariadb.SERVER, redis.SERVER, memcached.SERVER)


def find(names: Iterable[str]) -> tuple[Found, ...]:
    """The named servers with their programs, in the order of the names. Raises UsageError for what is not installed."""
    by_name = {server.name: server for server in SERVERS}
    return tuple(Found(by_name[name], programs_of(by_name[name])) for name in names)
