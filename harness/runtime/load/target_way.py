"""The way to the target, handed to the recorder inside Locust by an environment variable: it may hold secrets.

It is in no argument of a process, no file and no message.
"""

import os
import ssl
from collections.abc import Mapping

import msgspec

from harness.core.url import Url
from harness.runtime import connections
from harness.runtime.connections import Way

VARIABLE = "HARNESS_TARGET_WAY"


class _Written(msgspec.Struct):
    headers: dict[str, str]
    ca: str
    verify: bool
    certificate: tuple[str, str] | None
    proxy: Url | None


def encode(target: str) -> str:
    """The way to a target as a text."""
    way = connections.of(target)
    ca = way.ca or (ssl.get_default_verify_paths().cafile or "" if way.verify and _is_named() else "")
    return msgspec.json.encode(_Written(dict(way.headers), ca, way.verify, way.certificate, way.proxy)).decode()


def _is_named() -> bool:
    """Whether OpenSSL is told the authorities: Locust's own are those of a package, whatever the system trusts."""
    return ssl.get_default_verify_paths().openssl_cafile_env in os.environ


def decode(environment: Mapping[str, str]) -> Way:
    """The way as it was encoded; the plain one where there is none."""
    text = environment.get(VARIABLE, "")
    if not text:
        return connections.PLAIN
    written = msgspec.json.decode(text, type=_Written)
    return Way(written.headers, {}, written.ca, written.verify, written.certificate, written.proxy)
