"""A panel takes rate() of a sum over replicas, one of which restarts."""

from dataclasses import replace

from faults import _panel, _replicas, restart
from harness.faults import Act, Fault, Injection

RESTARTED = replace(_replicas.REPLICA, command=("{python}", "{fault}/restarting.py", *_replicas.COMMAND))

FAULT = Fault(
    number=27,
    id="rate-of-sum",
    does="A panel takes rate() of a sum over replicas, one of which restarts.",
    lie="a burst of requests that nobody sent",
    mend="the panel: sum(rate()), because only single counters show their resets",
    caught_by=("dashboards", "scrape-health"),
    quiet=("generator-health",),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules={**_replicas.FILES, "restarting.py": restart.RESTARTING},
        sidecars=(RESTARTED, _replicas.PROXY),
        entry=_replicas.ENTRY,
        scrape=_replicas.SCRAPE,
        profile={**_replicas.PROFILE, "quiet_timeout_s": 3.0},
        acts=(Act(2.5, ("kill", "-USR1", "{replica_pid}")),),
        dashboard=_panel.showing(f"rate(sum({_panel.RESPONSES})[$__range:1s])"),
    ),
)
