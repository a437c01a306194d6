"""What a URL's host is: one reading, for what is checked, what is connected to and what is shown.

Readers of URLs differ in what they make of odd ones: RFC 3986 ends the authority at `/`, `?` and `#`, the WHATWG's
living standard also at a backslash; some cut blanks and control characters out, and `getaddrinfo` takes `127.1`,
`0x7f.1` and `2130706433` for addresses. Whatever two readers could take for two hosts is refused here.

Sources: https://www.rfc-editor.org/rfc/rfc3986#section-3.2, https://url.spec.whatwg.org/#host-parsing.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote, urljoin

PORTS = {"http": 80, "https": 443}
LONGEST = 65_536
"""Characters of a URL: the longest expression that is asked, each character of it escaped, has 60,000."""
_WHOLE = re.compile(r"(https?)://([^/?#]*)([^\s#][^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_FORBIDDEN = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*{_LABEL}")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_USERINFO = re.compile(r"(?<=://)[^\s/?#@\"'<>]*@(?:[^\s/?#@\"'<>]*@)*")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL of http or https, taken apart."""

    scheme: str
    """In small letters."""
    host: str
    """A name in small letters without a dot at its end, or an address in its shortest form; IPv6 without brackets."""
    port: int
    """The scheme's own when the URL names none."""
    rest: str
    """Path and query; empty, or it begins with `/` or `?`."""
    user: str = ""
    """As written before `:` in the userinfo, decoded."""
    password: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What decides to whom a request goes."""
        return self.scheme, self.host, self.port

    @property
    def text(self) -> str:
        """The URL without userinfo and fragment, so written that every reader finds the same host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.rest}"


def parse(text: str) -> Url:
    """Take a URL apart.

    Raises ValueError with the reason, without the URL, for what is none or could mean two hosts.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    if _FORBIDDEN.search(text):
        raise ValueError("it has a backslash or a control character")
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError("it does not begin with http:// or https:// and a host")
    scheme, authority, rest = match[1].lower(), match[2], match[3] or ""
    userinfo, at, place = authority.rpartition("@")
    if "@" in userinfo:
        raise ValueError("it has two @ before its path")
    host, port = _host_and_port(place)
    user, _, password = userinfo.partition(":") if at else ("", "", "")
    return Url(scheme, host, port or PORTS[scheme], rest, unquote(user), unquote(password))


def same_origin(url: str, location: str) -> bool:
    """Whether a redirect from `url` to `location`, which may be relative, stays where it is."""
    try:
        here, there = parse(url), parse(urljoin(url, location))
    except ValueError:
        return False
    return here.origin == there.origin and not (there.user or there.password) and not _FORBIDDEN.search(location)


def without_userinfo(text: str) -> str:
    """A text of any kind, with the userinfo cut out of each URL in it."""
    return _USERINFO.sub("", text) if "@" in text else text


def _host_and_port(place: str) -> tuple[str, int | None]:
    """The host, canonical, and the port if there is one. Raises ValueError."""
    if place.startswith("["):
        inner, closed, rest = place[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError("its host has an open bracket")
        return _address(inner), _port(rest[1:]) if rest else None
    host, colon, written = place.partition(":")
    host = host.lower().removesuffix(".")
    if _NUMBER.fullmatch(host):
        try:
            host = str(IPv4Address(host))
        except ValueError:
            raise ValueError(f"its host {host!r} is a number that readers take for different addresses") from None
    elif not _NAME.fullmatch(host):
        raise ValueError("its host is neither a name in ASCII nor an address" if host else "it has no host")
    return host, _port(written) if colon and written else None


def _address(inner: str) -> str:
    """An IPv6 address; one that only wraps an IPv4 address is that one. Raises ValueError."""
    try:
        address = IPv6Address(inner)
    except ValueError:
        raise ValueError("what stands in brackets is not an IPv6 address") from None
    if address.scope_id is not None:
        raise ValueError("its address names an interface")
    return str(address.ipv4_mapped or address)


def _port(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= 5 and 0 < int(written) <= 65535):
        raise ValueError("its port is not a number from 1 to 65535")
    return int(written)
