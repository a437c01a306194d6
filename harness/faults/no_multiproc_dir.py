"""Several workers serve without PROMETHEUS_MULTIPROC_DIR, so each scrape reads one of them."""

from harness.faults.fault import Fault, Injection

CONFIG = """\
import os

exec(compile(open("gunicorn.conf.py").read(), os.path.abspath("gunicorn.conf.py"), "exec"))
del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def on_starting(server):
    pass


def child_exit(server, worker):
    pass
"""

FAULT = Fault(
    number=9,
    id="no-multiproc-dir",
    does="Several workers serve without PROMETHEUS_MULTIPROC_DIR, so each scrape reads one of them.",
    lie="counters are those of whichever worker answers; they jump and fall when another does",
    mend="gunicorn.conf.py: set PROMETHEUS_MULTIPROC_DIR before the workers import prometheus_client",
    caught_by=("scrape-health", "request-conservation"),
    quiet=("generator-health",),
    injection=Injection(
        modules={"gunicorn_plain.py": CONFIG},
        env={"TARGET_WORKERS": "4"},
        command=("{command}", "--config", "{fault}/gunicorn_plain.py", "--keep-alive", "0"),
    ),
)
