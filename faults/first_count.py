"""An error happens for the first time, once, and a panel counts errors with increase()."""

from faults import _panel
from harness.faults import Fault, Injection

LATE = """\
from locust import FastHttpUser, constant, task


class Steady(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def fast(self):
        self.client.get("/work/fast")


class Late(FastHttpUser):
    fixed_count = 1
    wait_time = constant(2)
    calls = 0

    @task
    def fail_once(self):
        self.calls += 1
        if self.calls == 2:
            self.client.get("/work/fail")
"""
"""The warm-up is over before the second call."""

FAULT = Fault(
    number=16,
    id="first-count",
    does="An error happens for the first time, once, and a panel counts errors with increase().",
    lie="no error happened",
    mend="the app: export the series at 0 when it starts, and so prime the labels that an alert depends on",
    caught_by=(),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "dashboards"),
    named_by=("first-count-hidden",),
    injection=Injection(
        locustfile=LATE,
        dashboard=_panel.showing(f'sum(increase({_panel.RESPONSES_BY_VIEW}{{job="django",status="500"}}[$__range]))'),
    ),
)
