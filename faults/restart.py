"""The app is restarted in the middle of the load."""

from harness.faults import Act, Fault, Injection

RESTARTING = """\
import signal, subprocess, sys

server = subprocess.Popen(sys.argv[1:])


def restart(*_):
    global server
    server.send_signal(signal.SIGQUIT)
    server.wait()
    server = subprocess.Popen(sys.argv[1:])


def stop(*_):
    server.terminate()
    sys.exit(server.wait())


signal.signal(signal.SIGUSR1, restart)
signal.signal(signal.SIGTERM, stop)
while True:
    signal.pause()
"""

FAULT = Fault(
    number=32,
    id="restart",
    does="The app is restarted in the middle of the load.",
    lie="what was counted since the last scrape is lost",
    mend="the deployment: keep a replica up while another restarts, and read rates over windows that show resets",
    caught_by=("scrape-health",),
    quiet=("generator-health",),
    injection=Injection(
        modules={"restarting.py": RESTARTING},
        command=("{python}", "{fault}/restarting.py", "{command}"),
        profile={"quiet_timeout_s": 3.0},
        acts=(Act(2.5, ("kill", "-USR1", "{target_pid}")),),
    ),
)
