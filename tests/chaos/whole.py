"""Whole things to be broken: stored runs, judged and sealed by this version, kept runs and the record of a gate."""

import importlib
import json
import pkgutil
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec

import harness
from harness.cli.main import main
from harness.core.run import RUN_VERSION
from harness.gate.baseline import baseline_file
from harness.gate.baseline.baseline_file import BASELINE_VERSION, Baseline
from harness.gate.decision import Measurement
from harness.gate.pairs.gate_record import GATE_VERSION, Asked, Record, _plan
from harness.runs import judge, manifest
from harness.runs.run_directory import RunDirectory
from tests.chaos.commands import PROJECT
from tests.unit.gate.arms import VIEW, jobs

STORED = PROJECT / "tests" / "recorded" / "runs"
RUNS = ("clean", "swapped-labels", "restart", "append-slash")
"""One that passes, some that fail."""
FLIPPED = ("clean", "swapped-labels")
NOT_IMPORTED = ("locust", "__main__", "target_side", "pytest_plugin", "keeper")
"""Words in the names of modules that run elsewhere."""


def sealed(name: str, path: Path) -> Path:
    """A stored run as this version of the harness leaves it."""
    shutil.copytree(STORED / name, path)
    (path / "logs").mkdir()
    (path / "logs" / "target.log").write_text("started\n")
    run = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**run, "schema_version": RUN_VERSION}, indent=1))
    directory = RunDirectory(path)
    judge.write_reports(directory, judge.judge(directory, fresh=True))
    manifest.seal(path)
    return path


def copied(path: Path, name: str, *, sealed: bool) -> Path:
    """A stored run; sealed ones have the current schema, the others have no manifest."""
    shutil.copytree(STORED / name, path)
    if sealed:
        run = json.loads((path / "run.json").read_text())
        (path / "run.json").write_text(json.dumps({**run, "schema_version": RUN_VERSION}, indent=1))
        manifest.seal(path)
    return path


@cache
def _made() -> Path:
    return Path(tempfile.mkdtemp(prefix="harness-chaos-whole-"))


@cache
def kept(name: str) -> tuple[Path, bytes, int]:
    """A run as this version leaves it, its report, and the exit code of its verification; made once."""
    path = sealed(name, _made() / name)
    return path, (path / "report.json").read_bytes(), main(["verify", str(path), "--quiet"])


@contextmanager
def prepared() -> Iterator[None]:
    """Import and judge once what the forks of a block use."""
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if not any(word in module.name for word in NOT_IMPORTED):
            importlib.import_module(module.name)
    try:
        for name in FLIPPED:
            kept(name)
        yield
    finally:
        shutil.rmtree(_made(), ignore_errors=True)
        kept.cache_clear()
        _made.cache_clear()


def judged(path: Path) -> Path:
    """A run with its reports and its manifest."""
    return Path(shutil.copytree(kept("clean")[0], path))


def baselines(path: Path) -> Path:
    """A directory of kept runs."""
    path.mkdir()
    arms: list[Measurement] = jobs("kept", 6)
    for arm in arms:
        made = Baseline(BASELINE_VERSION, 1_700_000_000.0, "ci", "mixed.py", arm, "1a2b3c4", (VIEW,))
        (path / f"{arm.id}.json".replace(" ", "-")).write_text(baseline_file.render(made))
    return path


def gate_record() -> bytes:
    """gate.json of a gate that has run no pair."""
    asked = Asked("HEAD~1", "HEAD", (VIEW,))
    plan = _plan(asked, throughput=False)
    record = Record(GATE_VERSION, "g", 1.7e9, "gate", "mixed.py", asked, plan, {"base": "1", "candidate": "2"})
    return msgspec.json.encode(record)
