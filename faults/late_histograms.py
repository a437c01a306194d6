"""Histograms come from a page two scrapes old, everything else from the newest."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
import collections

kept = collections.deque(maxlen=3)


def parts(text):
    lines = text.splitlines(keepends=True)
    timed = [line for line in lines if line.startswith("django_http_requests_latency_")]
    return [line for line in lines if line not in set(timed)], timed


def edit(text):
    others, timed = parts(text)
    kept.append(timed)
    return "".join(others + kept[0])
"""

FAULT = Fault(
    number=122,
    id="late-histograms",
    does="Histograms come from a page two scrapes old, everything else from the newest.",
    lie="percentiles are two scrapes late, and beside them the rates are right",
    mend="the exporter or gateway that keeps its histograms: answer with all metrics of one moment",
    caught_by=("running-latency",),
    quiet=("generator-health", "request-counts", "running-counts"),
    cause="late-histograms",
    injection=Injection(
        modules=_relay.files(EDIT),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
        profile={"quiet_timeout_s": 6.0},
    ),
)
