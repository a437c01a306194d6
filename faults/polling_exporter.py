"""A sidecar reads the metrics every 2.5 seconds, and Prometheus scrapes its copy."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
import time

state = {"read_s": 0.0, "copy": ""}


def edit(text):
    if time.monotonic() - state["read_s"] >= 2.5:
        state.update(read_s=time.monotonic(), copy=text)
    return state["copy"]
"""

FAULT = Fault(
    number=88,
    id="polling-exporter",
    does="A sidecar reads the metrics every 2.5 seconds, and Prometheus scrapes its copy.",
    lie="a staircase: two scrapes in which nothing happens, then all of it",
    mend="the scrape job: scrape the app itself; the sidecar: read when it is asked",
    caught_by=("running-counts",),
    quiet=("generator-health",),
    cause="stale-page",
    injection=Injection(
        modules=_relay.files(EDIT),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
        profile={"quiet_timeout_s": 6.0},
    ),
)
