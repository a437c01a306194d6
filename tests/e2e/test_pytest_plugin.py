"""The pytest plugin with a run of its own."""

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.e2e.conftest import PROJECT, Harness

PROFILE = """
[profiles.short]
duration = "4s"
warmup = "1s"
dashboards = []
rules = []
"""


def suite(harness: Harness, tmp_path: Path) -> tuple[str, ...]:
    """A suite of tests with one assertion of its own, and the command that runs it."""
    text = (PROJECT / "harness.toml").read_text() + PROFILE
    for path in ("target_app", "scenarios/mixed.py"):
        text = text.replace(f'"{path}"', json.dumps(str(PROJECT / path)))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "harness.toml").write_text(text)
    (tmp_path / "test_mine.py").write_text("def test_load(harness_report): assert harness_report.samples > 10\n")
    flags = ("--basetemp", str(harness.temporary / "pytest"), "--rootdir", str(tmp_path), "--harness-profile=short")
    return (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *flags, "--junitxml=j.xml", "-q")


def test_a_stopped_run_leaves_nothing(harness: Harness, tmp_path: Path) -> None:
    """A job that is cancelled is told so by SIGTERM."""
    process = subprocess.Popen(
        suite(harness, tmp_path), cwd=tmp_path, env=harness.environment, stdout=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob("reports/*/samples-*.arrow")):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate()
    assert process.returncode == 130, out
    assert "interrupted" in out
    harness.check_clean()


def test_a_run_of_its_own_becomes_tests(harness: Harness, tmp_path: Path) -> None:
    """The load is run once, its verdicts are the tests, and a user's own assertion sees the same report."""
    done = subprocess.run(
        suite(harness, tmp_path), cwd=tmp_path, env=harness.environment, capture_output=True, text=True, check=False
    )
    harness.check_clean()
    document = ET.parse(tmp_path / "j.xml")
    names = {case.get("name", "") for case in document.iter("testcase")}
    assert "test_load" in names, done.stdout
    assert any(name.startswith("request-counts work:fast GET") for name in names), names
    assert [failure.get("message") for failure in document.iter("failure")] == []
    assert done.returncode == 0
    assert len([*(tmp_path / "reports").iterdir()]) == 1
