"""The database, the cache and the witness that the environment chooses, as Django's settings describe them."""

from typing import Any

from somesite import environment

CONNECT_LIMIT_S = 3
ANSWER_LIMIT_S = 20
CACHE_LIMIT_S = 1.0
"""A cache that is down costs a request no more than this for each step."""

CACHE_BACKENDS = {
    "locmem": "locmem.LocMemCache",
    "file": "filebased.FileBasedCache",
    "memcached": "memcached.PyMemcacheCache",
    "redis": "redis.NativeRedisCache",
    "django-redis": "redis.RedisCache",
}


def database() -> dict[str, Any]:
    """The alias `default`.

    An asynchronous server gives each request a thread of its own, and with it a connection: kept, it would leak.
    """
    engines = {"sqlite": "sqlite3"}
    engine = engines.get(environment.ENGINE, environment.ENGINE)
    place = "somesite.delayed" if environment.SQL_DELAY_MS else "django_prometheus.db.backends"
    settings = {
        "ENGINE": f"{place}.{engine}",
        "CONN_MAX_AGE": 0 if environment.SERVER == "asgi" else None,
        "OPTIONS": DATABASE_OPTIONS[environment.ENGINE],
    }
    if environment.ENGINE == "sqlite":
        return settings | {"NAME": environment.STATE_DIR / "db.sqlite3"}
    return settings | {
        "NAME": environment.DATABASE_NAME,
        "USER": environment.DATABASE_USER,
        "PASSWORD": environment.DATABASE_PASSWORD,
        "HOST": environment.DATABASE_HOST,
        "PORT": environment.DATABASE_PORT,
    }


DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {
        "timeout": ANSWER_LIMIT_S,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    # The time zone comes with the connection: Django's own statement for it would pass by its execute wrappers.
    "postgresql": {
        "connect_timeout": CONNECT_LIMIT_S,
        "options": f"-c TimeZone=UTC -c statement_timeout={ANSWER_LIMIT_S}s",
    },
    "mysql": {
        "connect_timeout": CONNECT_LIMIT_S,
        "read_timeout": ANSWER_LIMIT_S,
        "write_timeout": ANSWER_LIMIT_S,
        "charset": "utf8mb4",
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    },
}


def cache() -> dict[str, Any]:
    """The alias `default`."""
    settings = {
        "BACKEND": f"django_prometheus.cache.backends.{CACHE_BACKENDS[environment.CACHE]}",
        "TIMEOUT": None,
    }
    address = f"{environment.CACHE_HOST}:{environment.CACHE_PORT}"
    match environment.CACHE:
        case "locmem":
            return settings
        case "file":
            return settings | {"LOCATION": environment.STATE_DIR / "cache"}
        case "memcached":
            limits = {"connect_timeout": CACHE_LIMIT_S, "timeout": CACHE_LIMIT_S}
            # A server that came back is asked again after a second, not after a minute.
            again = {"retry_attempts": 0, "retry_timeout": 1, "dead_timeout": 1}
            return settings | {"LOCATION": address, "OPTIONS": limits | again}
        case "redis":
            limits = {"socket_connect_timeout": CACHE_LIMIT_S, "socket_timeout": CACHE_LIMIT_S}
            password = {"password": environment.CACHE_PASSWORD} if environment.CACHE_PASSWORD else {}
            return settings | {"LOCATION": f"redis://{address}/0", "OPTIONS": limits | password}
        case _:
            limits = {"SOCKET_CONNECT_TIMEOUT": CACHE_LIMIT_S, "SOCKET_TIMEOUT": CACHE_LIMIT_S}
            password = {"PASSWORD": environment.CACHE_PASSWORD} if environment.CACHE_PASSWORD else {}
            return settings | {"LOCATION": f"redis://{address}/0", "OPTIONS": limits | password}


def witness() -> dict[str, Any]:
    """The settings of metrics_witness: every response carries the account, or those with the token, or none.

    The SQL log is kept in any case. It is open to everybody in debug mode, to this machine while the target serves no
    other host's name, and to those who know its token.
    """
    readers = "all" if environment.DEBUG else "nobody" if environment.BEYOND_LOOPBACK else "loopback"
    sql_log = {
        "directory": environment.STATE_DIR / "sql-log",
        "statements": environment.SQL_LOG,
        "readers": readers,
        **({"token": environment.DEBUG_TOKEN} if environment.DEBUG_TOKEN else {}),
    }
    common = {"sql_log": sql_log, "labels": {"app": "somesite"}}
    if environment.WITNESS and environment.WITNESS_TOKEN:
        return {"token": environment.WITNESS_TOKEN, **common}
    return {"enabled": environment.WITNESS, **common}
