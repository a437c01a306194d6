"""Which process answers, where it listens, and a number of its own for each answer.

A number that comes twice is an answer that came twice: a cache or a proxy repeated it.
"""

import itertools
import os
import secrets
from collections.abc import Mapping
from functools import lru_cache

from django.http import HttpRequest

from metrics_witness.server_timing import word

_LARGEST = (1 << 64) - 1
_numbers = itertools.count(secrets.randbits(64))
_process = os.getpid()


def _begin() -> None:
    """A forked process counts from a start of its own: two of 100 processes overlap once in 10^8 times."""
    global _numbers, _process
    _numbers, _process = itertools.count(secrets.randbits(64)), os.getpid()


os.register_at_fork(after_in_child=_begin)


def nonce() -> str:
    """16 hexadecimal digits that no other answer has."""
    return f"{next(_numbers) & _LARGEST:016x}"


def identity(request: HttpRequest, instance: str, labels: Mapping[str, str]) -> str:
    """Process id, instance and labels, as words; `instance` empty: the socket on which the server listens."""
    meta = request.META
    place = instance or _address(meta.get("SERVER_NAME", ""), meta.get("SERVER_PORT", ""))
    return " ".join((str(_process), word(place), *_pairs(tuple(labels.items()))))


@lru_cache(64)
def _pairs(labels: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(f"{name}={word(value)}" for name, value in labels)


@lru_cache(64)
def _address(name: str, port: str) -> str:
    """As Prometheus writes an address, an IPv6 one in brackets; empty without a port."""
    host = f"[{name}]" if ":" in name else name
    return f"{host}:{port}" if host and port else ""
