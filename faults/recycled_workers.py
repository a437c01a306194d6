"""gunicorn replaces a worker after 60 requests, and its hook deletes the metrics files of the one that ended."""

from harness.faults import Fault, Injection

CONFIG = """\
import os
import pathlib

exec(compile(open("gunicorn.conf.py").read(), os.path.abspath("gunicorn.conf.py"), "exec"))


def post_fork(server, worker):
    worker.max_requests = 60 if worker.age % 2 else 1_000_000


def child_exit(server, worker):
    for file in pathlib.Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"*_{worker.pid}.db"):
        file.unlink()
"""
"""Every second worker stays, so that the counters fall and never to nothing."""

FAULT = Fault(
    number=47,
    id="recycled-workers",
    does="gunicorn replaces a worker after 60 requests, and its hook deletes the metrics files of the one that ended.",
    lie="each counter falls when a worker ends, and rate() takes what is left for a burst",
    mend="gunicorn's child_exit: multiprocess.mark_process_dead(worker.pid), which removes live gauges alone",
    caught_by=("scrape-health", "request-conservation"),
    quiet=("generator-health",),
    injection=Injection(
        modules={"recycling.py": CONFIG},
        command=("{command}", "--config", "{fault}/recycling.py"),
        profile={"quiet_timeout_s": 3.0},
    ),
)
