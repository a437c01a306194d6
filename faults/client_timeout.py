"""Clients give up on requests that the server then answers well."""

from faults import _locustfiles
from harness.faults import Fault, Injection

FAULT = Fault(
    number=28,
    id="client-timeout",
    does="Clients give up on requests that the server then answers well.",
    lie="users see failures where every metric reports a 200",
    mend="no metric of the app can show it: monitor clients or proxy; set the server's limits below the clients'",
    caught_by=(),
    named_by=("no-response",),
    quiet=("scrape-health", "response-conservation", "latency-conservation"),
    injection=Injection(
        locustfile=_locustfiles.HASTY,
    ),
)
