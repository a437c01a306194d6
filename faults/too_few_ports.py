"""Each worker exports on its own port, and there are fewer ports than workers."""

from faults import _unshared
from harness.faults import Fault, Injection

SETTINGS = """
import os

_port = int(os.environ["FAULT_PORT"])
PROMETHEUS_METRICS_EXPORT_PORT_RANGE = range(_port, _port + 1)
PROMETHEUS_METRICS_EXPORT_ADDRESS = "127.0.0.1"
"""

FAULT = Fault(
    number=12,
    id="too-few-ports",
    does="Each worker exports on its own port, and there are fewer ports than workers.",
    lie="the workers without a port are invisible",
    mend="PROMETHEUS_METRICS_EXPORT_PORT_RANGE in the settings: a port per worker, and each of them scraped",
    caught_by=("request-conservation",),
    quiet=("generator-health",),
    cause="unscraped-processes",
    injection=Injection(
        modules=_unshared.FILES,
        settings=SETTINGS,
        command=_unshared.COMMAND,
        env={**_unshared.ENV, "FAULT_PORT": "{spare_port}"},
        scrape={"static_configs": [{"targets": ["127.0.0.1:{spare_port}"], "labels": {"app": "somesite"}}]},
    ),
)
