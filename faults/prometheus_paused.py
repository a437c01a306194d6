"""Prometheus is paused for two and a half seconds."""

from harness.faults import Act, Fault, Injection

FAULT = Fault(
    number=34,
    id="prometheus-paused",
    does="Prometheus is paused for two and a half seconds.",
    lie="a gap that rate() bridges as if nothing had happened",
    mend="the machine that runs Prometheus: memory, disk, processor; alert on its own scrape durations",
    caught_by=("scrape-health",),
    quiet=("generator-health", "request-conservation", "response-conservation"),
    injection=Injection(
        acts=(Act(1.5, ("sh", "-c", "kill -STOP {prometheus_pid}; sleep 2.5; kill -CONT {prometheus_pid}")),),
    ),
)
