"""Finding Prometheus and configuring it; starting and stopping is tested on the real stack."""

import json
from pathlib import Path

import pytest

from harness.config.profile import TargetStart
from harness.core.errors import UsageError
from harness.runtime.stack import prometheus_server


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without tools, on a machine without Prometheus."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HARNESS_PROMETHEUS", raising=False)
    monkeypatch.setattr(prometheus_server, "CLONE", tmp_path / "clone")
    return tmp_path


def binary(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_no_prometheus_says_what_to_install(bare: Path) -> None:
    """Where it was looked for, the make target, and the variable."""
    with pytest.raises(UsageError, match=r"no prometheus binary on PATH or in .*make prometheus.*HARNESS_PROMETHEUS"):
        prometheus_server.find_prometheus(bare)


def test_the_variable_comes_first_then_what_was_built_then_path_then_tools(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place only when those before it have none."""
    cloned = binary(bare / "clone" / ".tools" / "bin" / "prometheus")
    assert prometheus_server.find_prometheus(bare) == cloned
    project = binary(bare / ".tools" / "bin" / "prometheus")
    assert prometheus_server.find_prometheus(bare) == project
    on_path = binary(bare / "prometheus")
    assert prometheus_server.find_prometheus(bare) == on_path
    built = binary(bare / ".tools" / "backends" / "bin" / "prometheus")
    assert prometheus_server.find_prometheus(bare) == built
    named = binary(bare / "elsewhere" / "prom")
    monkeypatch.setenv("HARNESS_PROMETHEUS", str(named))
    assert prometheus_server.find_prometheus(bare) == named


@pytest.mark.parametrize("executable", [True, False])
def test_a_variable_that_names_no_program_is_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch, *, executable: bool
) -> None:
    """Missing, or not executable."""
    path = bare / "prom"
    if not executable:
        path.write_text("")
    monkeypatch.setenv("HARNESS_PROMETHEUS", str(path))
    with pytest.raises(UsageError, match=r"HARNESS_PROMETHEUS: .* is not an executable file"):
        prometheus_server.find_prometheus(bare)


def test_the_clone_is_where_make_unpacks() -> None:
    """The directory of the Makefile, when the harness runs from a clone."""
    assert (prometheus_server.CLONE / "Makefile").is_file()


PORT = {"target_port": "8000"}


@pytest.mark.parametrize("labels", [{}, {"app": "shop", "env": "test"}])
def test_the_targets_labels_are_those_of_the_profile(tmp_path: Path, labels: dict[str, str]) -> None:
    """And no other: `job` comes from the job's name."""
    file = prometheus_server.write_config(tmp_path, TargetStart(("serve",), labels=labels), 1.0, (), PORT)
    (job,) = json.loads(file.read_text())["scrape_configs"]
    assert job["job_name"] == "django"
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8000"], "labels": labels}]


def test_a_fault_replaces_keys_of_the_scrape_job(tmp_path: Path) -> None:
    """With their placeholders filled in, at any depth; the other keys stay."""
    scrape = {"static_configs": [{"targets": ["localhost:{target_port}"]}], "sample_limit": 5}
    start = TargetStart(("serve",), labels={"app": "shop"}, metrics="/m", scrape=scrape)
    (job,) = json.loads(prometheus_server.write_config(tmp_path, start, 0.5, (), PORT).read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["localhost:8000"]}]
    assert (job["sample_limit"], job["metrics_path"]) == (5, "/m")


def test_a_placeholder_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """With those that are."""
    start = TargetStart(("serve",), scrape={"static_configs": [{"targets": ["{nobody_port}"]}]})
    with pytest.raises(UsageError, match=r"start\.scrape: '\{nobody_port\}' .* not one of \{target_port\}"):
        prometheus_server.write_config(tmp_path, start, 1.0, (), PORT)
