"""A second site on the machine uses the same multiprocess directory, and gets requests of its own."""

from harness.faults import Act, Fault, Injection, Sidecar

NEIGHBOUR = """\
import os

exec(compile(open("gunicorn.conf.py").read(), os.path.abspath("gunicorn.conf.py"), "exec"))


def on_starting(server):
    pass
"""
VISITS = """\
import http.client
import sys

for _ in range(25):
    visitor = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
    visitor.request("GET", "/work/page")
    visitor.getresponse().read()
    visitor.close()
"""

FAULT = Fault(
    number=49,
    id="shared-directory",
    does="A second site on the machine uses the same multiprocess directory, and gets requests of its own.",
    lie="the requests of two sites are reported as those of one",
    mend="the deployment: a PROMETHEUS_MULTIPROC_DIR for each site",
    caught_by=("request-conservation", "request-counts"),
    quiet=("scrape-health", "response-conservation", "latency-conservation"),
    injection=Injection(
        modules={"neighbour.py": NEIGHBOUR, "visits.py": VISITS},
        env={"PROMETHEUS_MULTIPROC_DIR": "{tmp}/shared"},
        sidecars=(
            Sidecar(
                "neighbour",
                ("{python}", "-m", "gunicorn", "--config", "{fault}/neighbour.py", "--bind", "127.0.0.1:{port}"),
            ),
        ),
        acts=(Act(3.0, ("{python}", "{fault}/visits.py", "{neighbour_port}")),),
    ),
)
