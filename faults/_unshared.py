"""gunicorn with several workers and no shared metrics directory; no connection stays with one of them."""

FILES = {
    "unshared.py": """\
import os

exec(compile(open("gunicorn.conf.py").read(), os.path.abspath("gunicorn.conf.py"), "exec"))
del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def on_starting(server):
    pass


def child_exit(server, worker):
    pass
"""
}
COMMAND = ("{command}", "--config", "{fault}/unshared.py", "--keep-alive", "0")
ENV = {"TARGET_WORKERS": "4"}
