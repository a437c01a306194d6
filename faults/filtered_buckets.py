"""A panel filters buckets with > 0 inside histogram_quantile()."""

from faults import _panel
from harness.faults import Fault, Injection

WAITING = """\
from locust import FastHttpUser, constant, task


class Waiting(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def wait(self):
        self.client.get("/work/wait?ms=60", name="/work/wait")
"""
"""All in a bucket or two, so that those below stay empty."""

FAULT = Fault(
    number=38,
    id="filtered-buckets",
    does="A panel filters buckets with > 0 inside histogram_quantile().",
    lie="percentiles are too low",
    mend="the panel: no filter inside histogram_quantile(); its result is NaN where there is no traffic",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        locustfile=WAITING,
        dashboard=_panel.showing(
            "histogram_quantile(0.5, sum by (le) "
            f"(rate({_panel.LATENCY_BY_VIEW}_bucket{{view='work:wait'}}[$__range]) > 0))"
        ),
    ),
)
