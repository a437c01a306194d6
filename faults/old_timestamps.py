"""A gateway stamps each sample with a time two seconds ago."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
import time


def edit(text):
    stamp = int((time.time() - 2) * 1000)
    return "".join(f"{line} {stamp}\\n" if line[:1] not in ("", "#") else f"{line}\\n" for line in text.splitlines())
"""

FAULT = Fault(
    number=92,
    id="old-timestamps",
    does="A gateway stamps each sample with a time two seconds ago.",
    lie="every panel shows the load two seconds before it came",
    mend="the gateway: no times of its own; the scrape job: honor_timestamps: false",
    caught_by=("running-counts",),
    quiet=("generator-health",),
    cause="counted-early",
    injection=Injection(
        modules=_relay.files(EDIT),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
        profile={"quiet_timeout_s": 6.0},
    ),
)
