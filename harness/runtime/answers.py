"""Why there is no answer to a request, as a value."""

from enum import StrEnum

import requests

from harness.core import secret
from harness.core.text import shorten


class Problem(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    LARGE = "large"
    ELSEWHERE = "elsewhere"
    """It redirects to another origin, or in circles."""
    BROKEN = "broken"
    """What came is no HTTP."""
    UNTRUSTED = "untrusted"
    """Its certificate is refused here."""
    NO_TLS = "no-tls"
    """It was asked by TLS and speaks none."""
    WANTS_CERTIFICATE = "wants-certificate"
    """It ended the handshake for want of a client certificate."""
    PROXY = "proxy"
    """The proxy on the way gave no connection."""


class AnswerError(requests.RequestException):
    """There is no answer; the message is one line that begins with what happened, without the URL."""

    def __init__(self, problem: Problem, text: str, location: str = "") -> None:
        """`text` continues a sentence that begins with the URL; `location` is where a redirect leads."""
        super().__init__(secret.redact(shorten(text, 300)))
        self.problem = problem
        self.location = location
