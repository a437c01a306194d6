"""The promtool that judges the project's own rules and configurations."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from harness.runtime.stack import prometheus_server

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / ".tools" / "bin" / "promtool"


@cache
def find() -> Path:
    """The one that `make setup` unpacked, or else the one beside the Prometheus that is used."""
    found = OWN if OWN.exists() else prometheus_server.find_prometheus(ROOT).resolve().with_name("promtool")
    assert found.exists(), f"{found} does not exist; `make prometheus` unpacks it"
    return found


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What it says of files."""
    return subprocess.run([find(), *arguments], capture_output=True, text=True, check=False)


def run_cases(file: Path) -> subprocess.CompletedProcess[str]:
    """What it says of cases of rules; skips the test where their values are those of another release.

    From 3.0 on a range leaves out its first moment, so that one over whole scrapes holds one scrape less.
    """
    if not re.search(r"\bversion 2\.", run("--version").stdout):
        pytest.skip(f"the cases hold the values of Prometheus 2, and {find()} is of another release")
    return run("test", "rules", file)
