"""A load balancer's health checks use the app all the time."""

from harness.faults import Fault, Injection, Sidecar

CHECKS = """\
import sys, time, urllib.request

while True:
    urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=5).read()
    time.sleep(0.1)
"""

FAULT = Fault(
    number=25,
    id="health-checks",
    does="A load balancer's health checks use the app all the time.",
    lie="the error ratio is diluted, and the rate is too high",
    mend="the panel: exclude the health check's view; the harness: list it in `background`",
    caught_by=("quiescence",),
    quiet=("scrape-health",),
    injection=Injection(
        modules={"health_checks.py": CHECKS},
        sidecars=(Sidecar("balancer", ("{python}", "{fault}/health_checks.py", "{target_port}"), ready=""),),
        profile={"quiet_timeout_s": 2.5},
    ),
)
