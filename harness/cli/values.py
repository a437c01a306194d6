"""How the text of a flag is read. All raise ArgumentTypeError, which ends in usage and one line."""

import argparse
import re

from harness.config import readers
from harness.config.profile import LOOPBACK
from harness.core.errors import UsageError

MOST_PORT = 65535
_HOST = re.compile(r"[0-9A-Za-z.:%_-]{1,253}")


def whole(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 up")
    return int(text)


def number(text: str) -> int:
    """A whole number from 0 up."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 up")
    return int(text)


def arrival_rate(text: str) -> float:
    """Requests per second of an open model."""
    try:
        return readers.arrival_rate(float(text), "arrival_rate")
    except (UsageError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of requests per second above 0, up to {readers.MOST_ARRIVALS:,.0f}"
        ) from None


def setting(text: str) -> tuple[str, str]:
    """NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE")
    return name, value


def some_duration(text: str) -> float:
    """Seconds, more than none."""
    if duration_s := duration(text):
        return duration_s
    raise argparse.ArgumentTypeError("must be longer than 0 s; write for example 15s")


def duration(text: str) -> float:
    """Seconds, of text such as 15s or 2m."""
    try:
        return readers.seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("duration: ")) from None


def address(text: str) -> tuple[str, int]:
    """ADDRESS:PORT; either may be missing: this machine alone, and any free port."""
    host, port = text.rpartition(":")[::2] if ":" in text or text.isdecimal() else (text, "0")
    host = host.removeprefix("[").removesuffix("]") or LOOPBACK[0]
    if not port.isdecimal() or int(port) > MOST_PORT or not _HOST.fullmatch(host):
        raise argparse.ArgumentTypeError(f"{text!r} must be ADDRESS:PORT; write for example --live=127.0.0.1:8089")
    return host, int(port)


def matchers(text: str) -> str:
    """PromQL label matchers."""
    try:
        return readers.matchers(text, "selector")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("selector: ")) from None
