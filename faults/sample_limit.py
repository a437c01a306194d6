"""A sample_limit is exceeded during the load."""

from harness.faults import Act, Fault, Injection

EDIT = (
    "import pathlib, sys; path = pathlib.Path(sys.argv[1]); "
    'path.write_text(path.read_text().replace(\'"job_name"\', \'"sample_limit": 100, "job_name"\'))'
)

FAULT = Fault(
    number=35,
    id="sample-limit",
    does="A sample_limit is exceeded during the load.",
    lie="up is 0, and panels show old values until their range has passed",
    mend="the scrape job: a higher sample_limit, or fewer series",
    caught_by=("scrape-health",),
    quiet=("generator-health",),
    injection=Injection(
        profile={"quiet_timeout_s": 3.0},
        acts=(
            Act(2.0, ("{python}", "-c", EDIT, "{tmp}/prometheus.yml")),
            Act(2.2, ("kill", "-HUP", "{prometheus_pid}")),
        ),
    ),
)
