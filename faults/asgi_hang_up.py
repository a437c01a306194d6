"""Clients of an ASGI server disconnect before the response."""

from faults import _locustfiles
from harness.faults import Fault, Injection

FAULT = Fault(
    number=31,
    id="asgi-hang-up",
    does="Clients of an ASGI server disconnect before the response.",
    lie="the requests are counted, their responses are not",
    mend="the clients' time-outs: under ASGI the request is cancelled with the connection",
    caught_by=("response-conservation",),
    quiet=("scrape-health",),
    injection=Injection(
        profile={"warmup_s": 0.0, "quiet_timeout_s": 3.0},
        locustfile=_locustfiles.HASTY,
        variants=("asgi",),
    ),
)
