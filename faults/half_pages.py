"""A proxy cuts off the second half of every second metrics page."""

from faults import _relay
from harness.faults import Fault, Injection

EDIT = """\
import itertools

NUMBERS = itertools.count()


def edit(text):
    lines = text.splitlines(keepends=True)
    return "".join(lines[: len(lines) // 2] if next(NUMBERS) % 2 else lines)
"""

FAULT = Fault(
    number=94,
    id="half-pages",
    does="A proxy cuts off the second half of every second metrics page.",
    lie="every second value is missing from half of the series, while up is 1",
    mend="the proxy: pass on the whole body, or an error",
    caught_by=("series-presence",),
    quiet=("generator-health",),
    cause="cut-page",
    injection=Injection(
        modules=_relay.files(EDIT),
        sidecars=_relay.SIDECARS,
        scrape=_relay.SCRAPE,
    ),
)
