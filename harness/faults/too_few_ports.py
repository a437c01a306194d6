"""Each worker exports on a port of its own, and there are fewer ports than workers."""

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
SETTINGS = """
import os

_port = int(os.environ["FAULT_PORT"])
PROMETHEUS_METRICS_EXPORT_PORT_RANGE = range(_port, _port + 1)
PROMETHEUS_METRICS_EXPORT_ADDRESS = "127.0.0.1"
"""

FAULT = Fault(
    number=12,
    id="too-few-ports",
    does="Each worker exports on a port of its own, and there are fewer ports than workers.",
    lie="the workers without a port are invisible",
    mend="PROMETHEUS_METRICS_EXPORT_PORT_RANGE in the settings: a port per worker, and each of them scraped",
    caught_by=("request-conservation",),
    quiet=("generator-health",),
    cause="unscraped-processes",
    injection=Injection(
        modules={"gunicorn_plain.py": CONFIG},
        settings=SETTINGS,
        command=("{command}", "--config", "{fault}/gunicorn_plain.py", "--keep-alive", "0"),
        env={"FAULT_PORT": "{spare_port}", "TARGET_WORKERS": "4"},
        scrape={"static_configs": [{"targets": ["127.0.0.1:{spare_port}"], "labels": {"app": "somesite"}}]},
    ),
)
