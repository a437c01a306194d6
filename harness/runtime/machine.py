"""What a run was made with: packages, interpreter and machine, for the report and for comparing runs."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "harness",
    "locust",
    "Django",
    "django-prometheus",
    "prometheus_client",
    "gunicorn",
    "prometheus-api-client",
    "pandas",
    "gevent",
    "uvicorn",
    "psycopg",
    "mysqlclient",
    "redis",
    "django-redis",
    "pymemcache",
)
"""What loads, serves, measures, or stands between the target and its database or cache."""


def versions() -> dict[str, str]:
    """Versions of the interpreter and of the packages that are installed beside the harness."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


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
