"""Locust's HTTP clients on the way to the target: its authorities, the client's certificate, and a proxy."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from locust.contrib.fasthttp import FastHttpSession

from harness.runtime import connections
from harness.runtime.connections import Way


def arguments(way: Way, given: dict[str, Any]) -> dict[str, Any]:
    """What `requests` sends one request to the target with; what the locustfile has asked for stays."""
    made = dict(given)
    if made.get("verify") in (None, True) and (way.ca or not way.verify):
        made["verify"] = way.ca or False
    if way.certificate and not made.get("cert"):
        certificate, key = way.certificate
        made["cert"] = (certificate, key) if key else certificate
    if way.proxy and not made.get("proxies"):
        made["proxies"] = dict.fromkeys(("http", "https"), _with_userinfo(way))
    return made


def instrument_fast(way: Way) -> None:
    """Let each FastHttpUser go this way. By itself it checks no certificate: with a secret or a CA it must.

    Where the locustfile sets `ssl_context_factory`, `insecure`, a pool of its own or a proxy, that stays.
    """
    strict = way.verify and bool(way.ca or way.certificate or way.headers)
    begin: Callable[..., None] = FastHttpSession.__init__

    def session(self: Any, *args: Any, **kwargs: Any) -> None:
        if (strict or way.certificate) and not kwargs.get("ssl_context_factory"):
            kwargs["insecure"] = not way.verify
            kwargs["ssl_context_factory"] = lambda **_: connections.context(way)
        if way.proxy and not kwargs.get("proxy_host"):
            proxy = way.proxy
            kwargs |= {"proxy_host": proxy.host, "proxy_port": proxy.port}
            if proxy.user or proxy.password:
                kwargs |= {"proxy_user": proxy.user, "proxy_password": proxy.password}
        begin(self, *args, **kwargs)

    FastHttpSession.__init__ = session  # type: ignore[method-assign]


def _with_userinfo(way: Way) -> str:
    assert way.proxy is not None, "asked for where there is one"
    proxy = way.proxy
    user = f"{quote(proxy.user, safe='')}:{quote(proxy.password, safe='')}@" if proxy.user or proxy.password else ""
    return proxy.text.replace("://", f"://{user}", 1)
