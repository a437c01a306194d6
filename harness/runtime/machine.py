"""What a run was made with: packages, interpreter and machine, for the report and for comparing runs."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.core import distribution
from harness.runtime import process

OWN = ("locust", "prometheus-api-client", "pandas", "gevent")
"""Packages that load and measure, beside the harness itself."""
TARGETS = (
    "Django",
    "django-prometheus",
    "prometheus_client",
    "gunicorn",
    "uvicorn",
    "psycopg",
    "mysqlclient",
    "redis",
    "django-redis",
    "pymemcache",
)
"""Packages that serve, or stand between the target and its database or cache."""
ASK = (
    "import json, platform, sys\n"
    "from importlib import metadata\n"
    "found = {'target-python': platform.python_version()}\n"
    "for name in sys.argv[1:]:\n"
    "    try:\n"
    "        found[name] = metadata.version(name)\n"
    "    except metadata.PackageNotFoundError:\n"
    "        pass\n"
    "print(json.dumps(found))\n"
)
ASK_LIMIT_S = 20.0


def versions(python: str = sys.executable) -> dict[str, str]:
    """Versions of the interpreter, of the harness's packages, and of those of the target's interpreter `python`.

    Those of a target whose interpreter does not answer are left out.
    """
    own = {"harness": distribution.NAME, **{each: each for each in OWN}}
    found = {"python": platform.python_version(), **_installed(own)}
    targets = {each: each for each in TARGETS}
    return found | (_installed(targets) if python == sys.executable else _asked(python))


def _installed(packages: Mapping[str, str]) -> dict[str, str]:
    """By name, those whose distribution is installed beside the harness."""
    found = {}
    for name, package in packages.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _asked(python: str) -> dict[str, str]:
    """The target's interpreter itself, as `target-python`, and the packages that are installed beside it."""
    try:
        done = process.capture((python, "-c", ASK, *TARGETS), ASK_LIMIT_S)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return {}
    return {str(name): str(value) for name, value in answer.items()} if isinstance(answer, dict) else {}


def processor() -> str:
    """The processor's own name; empty where the system does not report it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def fingerprint() -> dict[str, str]:
    """What distinguishes this machine from another in a measurement."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": str(os.cpu_count() or 0),
        "processor": processor(),
        "memory_gib": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f}",
    }
