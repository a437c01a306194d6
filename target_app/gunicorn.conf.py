"""How gunicorn serves the reference target: several threaded workers with one shared metrics directory."""

import os
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

state_dir = Path(os.environ.get("TARGET_STATE_DIR", Path(__file__).parent / ".state"))

# Workers read the directory's name when they import prometheus_client, so it is set before any of them starts.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(state_dir / "multiproc"))

worker_class = "gthread"
workers = int(os.environ.get("TARGET_WORKERS", "2"))
threads = int(os.environ.get("TARGET_THREADS", "4"))
# Longer than any client's pause: a kept-alive connection is not closed just as its next request is on the way.
keepalive = 75
graceful_timeout = 10
errorlog = "-"
accesslog = None
# The control socket would be a file outside the state directory.
control_socket_disable = True


def on_starting(server: Arbiter) -> None:
    """Empty the metrics directory before the first worker starts, and never later: live workers map its files.

    Only prometheus_client's own files go, whatever directory the environment names. A master that replaces a live one
    (USR2) knows its pid, and leaves the files of that one's workers.
    """
    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    directory.mkdir(parents=True, exist_ok=True)
    if server.master_pid == 0:
        for file in directory.glob("*.db"):
            file.unlink()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Drop the live gauges of a worker that ended; its counters stay, for what it served was served."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - in the master only once a worker has ended

    multiprocess.mark_process_dead(worker.pid)
