"""A proxy cuts off the second half of the metrics page, once, in the middle of the load."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
pages = {"before": None, "loaded": 0}


def edit(text):
    lines = text.splitlines(keepends=True)
    arrived = [float(line.split()[1]) for line in lines if line.startswith("django_http_requests_before_middlewares")]
    before, pages["before"] = pages["before"], arrived[0] if arrived else None
    if before is not None and arrived and arrived[0] - before > 20:
        pages["loaded"] += 1
    if pages["loaded"] == 3:
        pages["loaded"] += 1
        return "".join(lines[: len(lines) // 2])
    return text
"""

FAULT = Fault(
    number=93,
    id="cut-page",
    does="A proxy cuts off the second half of the metrics page, once, in the middle of the load.",
    lie="half of the series have a gap, while up is 1",
    mend="the proxy: pass on the whole body, or an error; the app: Content-Length, or OpenMetrics with its # EOF",
    caught_by=("series-presence",),
    quiet=("generator-health", "request-conservation"),
    injection=Injection(
        modules=_relay.files(EDIT),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
        profile={"duration_s": 5.0},
    ),
)
