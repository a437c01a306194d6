"""What a service that does not let the harness in means, as one sentence with the remedy.

The sentences continue after the service's URL. What the server itself says is quoted and never judged: the status, the
headers and the kind of the problem decide.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests

from harness.core import secret, url
from harness.core.document import read_json
from harness.core.text import shorten
from harness.runtime import connections
from harness.runtime.answers import AnswerError, Problem

LONGEST_QUOTE = 120
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HTML = ("text/html", "application/xhtml+xml")
NOT_SERVED = frozenset({400, 401, 407, 502, 503, 504})
"""Statuses of a target's first page from which no load gets further, or hardly."""
READ_BYTES = 4096
"""Of a body that is quoted."""


@dataclass(frozen=True, slots=True)
class Side:
    """Which service is meant, as keys and flags name it."""

    table: str

    def flags(self, *keys: str) -> str:
        """The flags of these keys, as they are written."""
        return " and ".join(f"--{self.table}-{key}" for key in keys)


PROMETHEUS, TARGET = Side("prometheus"), Side("target")


def unanswered(side: Side, address: str, error: AnswerError) -> str:
    """Why there is no answer, and what to do."""
    match error.problem:
        case Problem.UNTRUSTED:
            return (
                f"{error}; name the file of the authority that signed it: {side.flags('ca FILE')}, or, for a test "
                f"system, {side.flags('no-verify')}"
            )
        case Problem.NO_TLS:
            return f"{error}; write http:// if it is meant to be open, or name the port that speaks TLS"
        case Problem.WANTS_CERTIFICATE:
            return f"{error}; give it one: {side.flags('client-certificate FILE', 'client-key FILE')}"
        case Problem.PROXY:
            return (
                f"{error}; correct {side.flags('proxy URL')}, or ask who runs the proxy to let {_host(address)} through"
            )
        case Problem.ELSEWHERE if error.location:
            return _redirect(side, address, error.location)
        case Problem.UNREACHABLE:
            return f"{error}; is it running, is the URL right, and does it need a proxy ({side.flags('proxy URL')})?"
        case _:
            return f"{error}; is the URL right?"


def refused(side: Side, response: requests.Response) -> str:
    """Why an answer is none that was asked for, and what to do; empty for an answer that gives no reason."""
    address, status = str(response.url), response.status_code
    sent = not connections.of(address).is_open
    says = f"answers {status}{_quoted(response)}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return f"{says}: {_credential(side, response, sent=sent)}"
        case HTTPStatus.FORBIDDEN if sent:
            return f"{says}: what was sent is known and may not read this; give it the right to, or name another one"
        case HTTPStatus.FORBIDDEN:
            return f"{says}: it lets nobody in who sends nothing; {_remedy(side)}"
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return f"{says}: the proxy wants a password; give it with the URL in {side.flags('proxy-env VARIABLE')}"
        case HTTPStatus.NOT_ACCEPTABLE:
            return (
                f"{says}: it has nothing in a format that was asked for; whatever answers there chooses by the Accept "
                "header: name the URL of the service itself, or let the view answer in the text format"
            )
        case HTTPStatus.BAD_REQUEST:
            return f"{says}: {_bad_request(side, address)}"
        case HTTPStatus.BAD_GATEWAY | HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.GATEWAY_TIMEOUT:
            return f"{says}: what stands before it runs, and it does not; start it, or wait until it is ready"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return f"{says}: it limits how often it may be asked; raise the limit for this run"
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"{says}: it has an error of its own; see its log, or that of what stands before it"
        case _ if 300 <= status < 400:
            return _redirect(side, address, response.headers.get("Location", ""))
        case _ if status < 400 and is_page(response):
            where = f" at {urlsplit(address).path}" if response.history else ""
            return f"answers with a page for people{where}{_quoted(response)}, such as a login; {_remedy(side)}"
        case _:
            return ""


def is_page(response: requests.Response) -> bool:
    """Whether it is HTML."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _HTML


def _credential(side: Side, response: requests.Response, *, sent: bool) -> str:
    if sent:
        return "it refuses what was sent; is it right, has it expired, and is it for this service?"
    scheme = response.headers.get("WWW-Authenticate", "").partition(" ")[0].lower()
    if scheme == "basic":
        return f"it wants a name and a password; give {side.flags('username NAME', 'password-env VARIABLE')}"
    if scheme == "bearer":
        return f"it wants a token; give {side.flags('token-env VARIABLE')}"
    return f"it wants to know who asks; {_remedy(side)}"


def _remedy(side: Side) -> str:
    ways = [side.flags("token-env VARIABLE"), side.flags("username NAME", "password-env VARIABLE")]
    if side == PROMETHEUS:
        ways.append(side.flags("tenant NAME"))
    return f"give {', or '.join(ways)} (docs/connection.md)"


def _bad_request(side: Side, address: str) -> str:
    if address.startswith("http://"):
        return "if it speaks TLS on this port, write https://; if it does not know the host's name, add it there"
    return f"if it wants a client certificate, give {side.flags('client-certificate FILE', 'client-key FILE')}"


def _redirect(side: Side, address: str, location: str) -> str:
    leads = location
    try:
        leads = urljoin(address, location)
        here, there = url.parse(address), url.parse(leads)
    except ValueError:
        return f"redirects to {_place(leads)!r}, which is no URL; name the URL at which it answers itself"
    place = _place(leads)
    if here.host == there.host:
        base = f"{there.scheme}://{urlsplit(there.text).netloc}"
        return f"redirects to {place}; name {base} with --{side.table}"
    return (
        f"redirects to {place}, another host, perhaps a login; if that is it, name it with --{side.table}, else "
        f"{_remedy(side)}"
    )


def _place(leads: str) -> str:
    """Where a redirect leads, without what may be secret."""
    return shorten(url.without_userinfo(leads.partition("?")[0].partition("#")[0]), LONGEST_QUOTE)


def said_in(response: requests.Response) -> str:
    """What the server says of it, on one line and without secrets; empty for nothing that can be shown."""
    text = response.content[:READ_BYTES].decode("utf-8", "replace")
    if title := _TITLE.search(text):
        text = title[1]
    elif text.lstrip().startswith("{"):
        text = _error_of(response)
    elif "<" in text:
        text = ""
    return shorten(secret.redact(" ".join(text.split())), LONGEST_QUOTE)


def _quoted(response: requests.Response) -> str:
    """The same in brackets."""
    said = said_in(response)
    return f" ({said})" if said else ""


def _error_of(response: requests.Response) -> str:
    try:
        document = read_json(response.content[:READ_BYTES].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return ""
    found = document.get("error") or document.get("message") or document.get("detail")
    return found if isinstance(found, str) else ""


def _host(address: str) -> str:
    return urlsplit(address).hostname or "the host"
