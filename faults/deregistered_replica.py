"""Service discovery loses one of two replicas, which goes on serving."""

from faults import _replicas
from harness.faults import Act, Fault, Injection, Sidecar

REGISTRY = """\
import json
import os
import pathlib
import signal
import sys

file, *ports = sys.argv[1:]
groups = [{"targets": [f"127.0.0.1:{port}" for port in ports], "labels": {"app": "somesite"}}]
written = pathlib.Path(f"{file}.new")
written.write_text(json.dumps(groups))
os.replace(written, file)
if len(ports) > 1:
    signal.pause()
"""
WRITE = ("{python}", "{fault}/registry.py", "{fault}/targets.json")

FAULT = Fault(
    number=81,
    id="deregistered-replica",
    does="Service discovery loses one of two replicas, which goes on serving.",
    lie="half of the traffic ends, and with it the replica's up: no alert on up == 0 fires",
    mend="the service discovery; an alert on absent(up) or on the number of targets",
    caught_by=("scrape-health",),
    quiet=("generator-health",),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules={**_replicas.FILES, "registry.py": REGISTRY},
        sidecars=(
            *_replicas.SIDECARS,
            Sidecar("registry", (*WRITE, "{target_port}", "{replica_port}"), ready=""),
        ),
        entry=_replicas.ENTRY,
        profile={**_replicas.PROFILE, "quiet_timeout_s": 3.0},
        scrape={
            "static_configs": [],
            "file_sd_configs": [{"files": ["{fault}/targets.json"], "refresh_interval": "1s"}],
        },
        acts=(Act(2.5, (*WRITE, "{target_port}")),),
    ),
)
