"""Each scrape gets the page of two scrapes before."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
import collections

kept = collections.deque(maxlen=3)


def edit(text):
    kept.append(text)
    return kept[0]
"""

FAULT = Fault(
    number=89,
    id="held-back",
    does="Each scrape gets the page of two scrapes before.",
    lie="every panel and every alert is two scrapes late",
    mend="the gateway between app and Prometheus: answer with the newest page",
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
