"""Network namespaces, hosts of their own for a test: one in the middle, and others that reach it and nobody else."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

MIDDLE = "10.213.0.1"


@dataclass(frozen=True)
class Hosts:
    """Names of namespaces; the first is in the middle and has the address `MIDDLE`."""

    names: tuple[str, ...]

    def within(self, place: int, command: Sequence[str]) -> list[str]:
        """The command in one of them."""
        return ["ip", "netns", "exec", self.names[place], *command]

    def cut(self, place: int) -> None:
        """Take the cable out."""
        _ip("-n", self.names[place], "link", "set", "eth0", "down")


def why_not() -> str:
    """Why there can be none here; empty when there can."""
    if os.geteuid() or shutil.which("ip") is None:
        return "namespaces need root and iproute2"
    name = f"h-{uuid.uuid4().hex[:8]}"
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        return f"namespaces are not permitted here: {error.stderr.strip()}"
    _ip("netns", "delete", name)
    return ""


@contextmanager
def hosts(others: int) -> Iterator[Hosts]:
    """Make them, and remove them however the block ends: links and addresses go with them."""
    mark = uuid.uuid4().hex[:6]
    names = tuple(f"h-{mark}-{place}" for place in range(others + 1))
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        middle = names[0]
        _ip("-n", middle, "link", "add", "bridge0", "type", "bridge")
        _ip("-n", middle, "address", "add", f"{MIDDLE}/24", "dev", "bridge0")
        _ip("-n", middle, "link", "set", "bridge0", "up")
        for place, name in enumerate(names[1:], 2):
            port = f"port{place}"
            _ip("-n", middle, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", middle, "link", "set", port, "master", "bridge0", "up")
            _ip("-n", name, "address", "add", f"10.213.0.{place}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        yield Hosts(names)
    finally:
        for name in names:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30)
