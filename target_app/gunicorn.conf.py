"""How gunicorn serves the reference target: several workers with one shared metrics directory."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

sys.path.insert(0, str(Path(__file__).resolve().parent))  # gunicorn itself does so only after it has read this file
try:
    from somesite import environment
except ImproperlyConfigured as error:
    sys.exit(f"gunicorn.conf.py: {error}")

# Workers read the directory's name when they import prometheus_client, so it is set before any of them starts.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(environment.STATE_DIR / "multiproc"))

wsgi_app = "somesite.asgi:application" if environment.SERVER == "asgi" else "somesite.wsgi:application"
worker_class = "uvicorn_worker.UvicornWorker" if environment.SERVER == "asgi" else environment.SERVER
workers = environment.WORKERS
threads = environment.THREADS if environment.SERVER == "gthread" else 1
# Longer than any client's pause: a kept-alive connection is not closed just as its next request is on the way.
keepalive = 75
graceful_timeout = 10
errorlog = "-"
accesslog = None
# The control socket would be a file outside the state directory.
control_socket_disable = True


def on_starting(server: Arbiter) -> None:
    """Empty the metrics directory and the SQL log before the first worker starts; later, live workers use both.

    Only prometheus_client's own files go, whatever directory the environment names. A master that replaces a live one
    (USR2) knows its pid, and leaves the files of that one's workers.
    """
    metrics = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    metrics.mkdir(parents=True, exist_ok=True)
    if server.master_pid == 0:
        for file in (*metrics.glob("*.db"), *(environment.STATE_DIR / "sql-log").glob("*")):
            file.unlink()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Drop the live gauges of a worker that ended; its counters stay, for what it served was served."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - in the master only once a worker has ended

    multiprocess.mark_process_dead(worker.pid)
