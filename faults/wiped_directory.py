"""The multiprocess directory is emptied while the workers use it."""

from harness.faults import Act, Fault, Injection

FAULT = Fault(
    number=11,
    id="wiped-directory",
    does="The multiprocess directory is emptied while the workers use it.",
    lie="all counts are gone, and what is counted afterwards is lost",
    mend="the deployment: empty PROMETHEUS_MULTIPROC_DIR before the first worker starts, never later",
    caught_by=("request-conservation", "scrape-health"),
    quiet=("generator-health",),
    injection=Injection(
        profile={"quiet_timeout_s": 3.0},
        acts=(Act(2.0, ("sh", "-c", "rm {tmp}/target/multiproc/*.db")),),
    ),
)
