"""What a run was made with: packages, interpreter and machine, for the report and for comparing runs."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "harness",
    "locust",
    "Django",
    "django-prometheus",
    "prometheus_client",
    "gunicorn",
    "prometheus-api-client",
    "pandas",
)


def versions() -> dict[str, str]:
    """Versions of the interpreter and of the packages that are installed beside the harness."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def fingerprint() -> dict[str, str]:
    """What distinguishes this machine from another in a measurement."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": str(os.cpu_count() or 0),
        "memory_gib": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f}",
    }
