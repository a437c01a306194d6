"""Migrations are applied while the workers keep reporting what was unapplied when they started."""

from harness.faults import Fault, Injection

LATE = """\
import signal, subprocess, sys, time, urllib.request

server = subprocess.Popen(sys.argv[1:])


def stop(*_):
    server.terminate()


signal.signal(signal.SIGTERM, stop)
url = "http://" + sys.argv[-1] + "/metrics"
for _ in range(200):
    try:
        if b"django_migrations_unapplied_total" in urllib.request.urlopen(url, timeout=5).read():
            break
    except OSError:
        pass
    time.sleep(0.1)
subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
server.wait()
"""

FAULT = Fault(
    number=45,
    id="stale-migrations",
    does="Migrations are applied while the workers keep reporting what was unapplied when they started.",
    lie="migrations that were applied long ago are reported as unapplied",
    mend="restart the workers after each migration: the gauges are set once, when a process starts",
    caught_by=("migrations",),
    quiet=("request-conservation", "response-conservation", "request-counts"),
    injection=Injection(
        modules={"late.py": LATE},
        command=("{python}", "{fault}/late.py", "{command}"),
        prepare=(),
        scenario="scenarios/cache.py",
    ),
)
