"""What is sent to an origin, and the way to it: headers, parameters, TLS and a proxy, for that origin and no other."""

import base64
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from harness.core import secret, url
from harness.core.url import Url
from harness.runtime.answers import AnswerError, Problem

Origin = tuple[str, str, int]
SHORTEST_RENEWAL_S = 5.0
"""A credential that was refused again so soon is not read again."""
MOST_PROXY_BYTES = 65_536
NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""OpenSSL's reasons when what answers speaks no TLS (crypto/err/openssl.txt)."""
WANTS_CERTIFICATE = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "TLSV1_ALERT_UNKNOWN_CA",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    }
)
"""OpenSSL's reasons when the server ends the handshake for want of a client certificate that it trusts."""
CERTIFICATE_PROBLEMS: Mapping[int, str] = {
    9: "has a certificate that is not valid yet",
    10: "has a certificate that has expired",
    18: "has a certificate that is signed by itself and not trusted here",
    19: "has a certificate of an authority that is not trusted here",
    20: "has a certificate of an authority that is not trusted here",
    21: "has a certificate of an authority that is not trusted here",
    62: "has a certificate for another name",
    64: "has a certificate for another address",
}
"""By OpenSSL's X509_V_ERR number (include/openssl/x509_vfy.h.in)."""


@dataclass(frozen=True, slots=True)
class Way:
    """What goes along with each request to one origin."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Secrets are among them; a header that the request has already stays."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Added to the query, unless the request has a parameter of the name."""
    ca: str = ""
    """File of the trusted authorities; empty for the system's."""
    verify: bool = True
    certificate: tuple[str, str] | None = None
    """Files of the client's certificate and its key."""
    proxy: Url | None = None
    renewed: Callable[[], Mapping[str, str]] | None = None
    """Reads the secrets once more and gives all headers; None where that cannot give others."""

    @property
    def is_open(self) -> bool:
        """No credential is sent."""
        return not self.headers and self.certificate is None


PLAIN = Way()
_ways: dict[Origin, Way] = {}
_renewed_s: dict[Origin, float] = {}


def use(origin: Origin, way: Way) -> None:
    """Go this way to an origin, and to no other, from now on."""
    _ways[origin] = way
    _renewed_s.pop(origin, None)


def of(address: str) -> Way:
    """The way to a URL's origin."""
    try:
        return _ways.get(url.parse(address).origin, PLAIN)
    except ValueError:
        return PLAIN


def forget() -> None:
    """Know none: another command begins in the same process."""
    _ways.clear()
    _renewed_s.clear()


def authorize(origin: Origin, value: str) -> None:
    """Send this `Authorization` to an origin too."""
    secret.remember(value)
    secret.remember(value.partition(" ")[2])
    way = _ways.get(origin, PLAIN)
    use(origin, replace(way, headers={**way.headers, "Authorization": value}))


def renew(origin: Origin) -> bool:
    """Read the secrets of an origin again, because they were refused; whether there are others now."""
    way, now_s = _ways.get(origin, PLAIN), time.monotonic()
    if way.renewed is None or now_s - _renewed_s.get(origin, -SHORTEST_RENEWAL_S) < SHORTEST_RENEWAL_S:
        return False
    headers = way.renewed()
    changed = headers != way.headers
    use(origin, replace(way, headers=headers))
    _renewed_s[origin] = now_s
    return changed


def left_s(deadline: float) -> float:
    """Seconds until the deadline. Raises AnswerError when it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise AnswerError(Problem.SLOW, "did not answer in time")
    return left


@lru_cache(1024)
def addresses(host: str, port: int) -> tuple[tuple[socket.AddressFamily, str], ...]:
    """Where a host is, looked up once in the life of this process: that address was checked, and no other is used.

    Raises OSError when it is nowhere, or when a name of this machine leads to another one.
    """
    found = [
        (family, str(place[0])) for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    if host == "localhost":
        found = [each for each in found if each[1] == "::1" or each[1].startswith("127.")]
    if not found:
        raise OSError(f"{host} has no address on this machine")
    return tuple(dict.fromkeys(found))


def connected(parsed: Url, way: Way, deadline: float) -> socket.socket:
    """A connection to an origin, through the proxy if there is one. Raises OSError and AnswerError."""
    if way.proxy is None:
        return _to_any(parsed, deadline, lambda raw: _secured(raw, parsed, way))
    proxy = way.proxy
    try:
        return _to_any(proxy, deadline, lambda raw: _secured(_tunnelled(raw, parsed, proxy, deadline), parsed, way))
    except (socket.gaierror, ConnectionError) as error:
        reason = error.strerror or type(error).__name__
        raise AnswerError(Problem.PROXY, f"cannot be reached through the proxy {proxy.text}: {reason}") from None


def context(way: Way) -> ssl.SSLContext:
    """What TLS is made with. Raises OSError when a file cannot be read or holds something else."""
    made = ssl.create_default_context(cafile=way.ca or None)
    if not way.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if way.certificate:
        made.load_cert_chain(way.certificate[0], way.certificate[1] or None, password=lambda: "")
    return made


def tls_problem(error: ssl.SSLError) -> AnswerError:
    """What a failed handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = CERTIFICATE_PROBLEMS.get(error.verify_code, f"has a certificate that is refused: {error.verify_message}")
        return AnswerError(Problem.UNTRUSTED, text)
    reason = error.reason or ""
    if reason in NO_TLS:
        return AnswerError(Problem.NO_TLS, "speaks no TLS on this port")
    if reason in WANTS_CERTIFICATE:
        return AnswerError(Problem.WANTS_CERTIFICATE, "ended the TLS handshake: it wants a client certificate")
    return AnswerError(Problem.UNREACHABLE, f"refused the TLS handshake: {reason or 'no reason given'}")


def proxy_headers(proxy: Url) -> dict[str, str]:
    """What a proxy asks for."""
    return {"Proxy-Authorization": basic(proxy.user, proxy.password)} if proxy.user or proxy.password else {}


def basic(user: str, password: str) -> str:
    """An `Authorization` by name and password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _secured(raw: socket.socket, parsed: Url, way: Way) -> socket.socket:
    return context(way).wrap_socket(raw, server_hostname=parsed.host) if parsed.scheme == "https" else raw


def _to_any(place: Url, deadline: float, finish: Callable[[socket.socket], socket.socket]) -> socket.socket:
    """A connection to the first address of the host that takes one. Raises OSError and AnswerError."""
    refused: OSError | None = None
    for family, address in addresses(place.host, place.port):
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(left_s(deadline))
            raw.connect((address, place.port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return finish(raw)
        except OSError as error:
            raw.close()
            refused = error
        except BaseException:
            raw.close()
            raise
    raise refused or OSError("no address")


def _tunnelled(raw: socket.socket, parsed: Url, proxy: Url, deadline: float) -> socket.socket:
    """The connection through a proxy: a tunnel for TLS, itself for plain HTTP. Raises AnswerError."""
    if parsed.scheme != "https":
        return raw
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    lines = [f"CONNECT {host}:{parsed.port} HTTP/1.1", f"Host: {host}:{parsed.port}"]
    lines += [f"{name}: {value}" for name, value in proxy_headers(proxy).items()]
    raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # one byte at a time: what follows belongs to TLS
        raw.settimeout(left_s(deadline))
        byte = raw.recv(1)
        answer += byte
        if not byte or len(answer) > MOST_PROXY_BYTES:
            raise AnswerError(Problem.PROXY, f"cannot be reached: the proxy {proxy.text} gave no HTTP answer")
    status = answer.split(None, 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        given = status[0].decode("ascii", "replace") if status else "nothing"
        raise AnswerError(Problem.PROXY, f"cannot be reached: the proxy {proxy.text} answers {given}")
    return raw
