"""The real command on real parts, and proof that it leaves nothing behind."""

import os
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

from harness.config import toml_file
from harness.core.codes import Code
from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from harness.report.render.json_report import parse
from harness.runtime.stack import embedded
from tests.e2e.rig import Rig
from tests.oracle.compare import differences

PROJECT = Path(__file__).resolve().parents[2]
MARK = "HARNESS_TEST_MARK"


ANSWERED = "answered"


@pytest.fixture
def answered(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells the log of the tests which server really answered."""
    return lambda told: record_property(ANSWERED, told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what answered, as the processes that run the tests side by side cannot."""
    reports = terminalreporter.getreports("passed")
    told = sorted(str(value) for report in reports for name, value in report.user_properties if name == ANSWERED)
    if told:
        terminalreporter.section("servers that answered")
        for line in told:
            terminalreporter.write_line(line)


CHANGED_BY_TESTS = {("verify",), ("report",)}
"""Commands that tests call on run directories in which they changed something."""


def hold_against_the_oracle(directory: Path, begun_s: float = 0.0) -> None:
    """Every run below `directory` that was judged after `begun_s`: the independent judge finds the same."""
    for report in directory.rglob("report.json"):
        if report.with_name("evidence.json").exists() and report.stat().st_mtime >= begun_s:
            assert differences(report.parent) == [], report.parent


def rows_of(run: Path, phase: str = "measure") -> list[dict[str, object]]:
    """All samples of one phase."""
    rows: list[dict[str, object]] = []
    for file in sorted(run.glob("samples-*.arrow")):
        with pa.ipc.open_stream(file) as reader:
            rows += [row for row in reader.read_all().to_pylist() if row["phase"] == phase]
    return rows


def unsettled(report: Report) -> list[Verdict]:
    """What did not pass, except where generator or target had too little of the machine and the verdict says so."""
    busy = {(Status.INCONCLUSIVE, code) for code in (Code.SATURATED, Code.MACHINE_BUSY)}
    return [each for each in report.verdicts if each.status is not Status.PASS and (each.status, each.code) not in busy]


@dataclass(frozen=True)
class Done:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """All it wrote, progress first: a failed test ends with the verdicts."""
        return f"{self.err}\n{self.out}"

    def check_passed(self, run: Path) -> None:
        """The run passed, but for what a machine that runs other tests too leaves open."""
        assert (run / "report.json").exists(), self.told
        report = parse((run / "report.json").read_text())
        assert unsettled(report) == [], self.told
        busy = any(verdict.status is not Status.PASS for verdict in report.verdicts)
        assert self.code == (3 if busy else 0), self.told


@dataclass
class Harness:
    """Runs `harness` with a temporary directory and a mark of its own, to find what it leaves behind."""

    scratch: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.temporary.mkdir()

    @property
    def temporary(self) -> Path:
        return self.scratch / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        """By which what it starts is found again."""
        return {**os.environ, "TMPDIR": str(self.temporary), MARK: self.mark}

    def start(self, *arguments: str | Path, **env: str) -> subprocess.Popen[str]:
        """Start the command; a run that names no directory is left in the scratch directory."""
        if arguments[:1] == ("run",) and "--out" not in arguments:
            arguments = (*arguments, "--out", self.scratch / f"run-{uuid.uuid4().hex[:8]}")
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli.main", *map(str, arguments)],
            cwd=PROJECT,
            env={**self.environment, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path, **env: str) -> Done:
        """Run the command to its end, and see that it left no process and no temporary file."""
        begun_s = time.time()
        process = self.start(*arguments, **env)
        try:
            out, err = process.communicate(timeout=150)
        finally:
            process.kill()
            process.wait()
        self.check_clean()
        if arguments[:1] not in CHANGED_BY_TESTS:
            hold_against_the_oracle(self.scratch, begun_s)
        return Done(process.returncode, out, err)

    def check_clean(self) -> None:
        """No process with this mark runs, no file is in the temporary directory."""
        assert self.processes() == []
        assert list(self.temporary.iterdir()) == []

    def processes(self) -> list[str]:
        """Command lines of the live processes that this harness started, itself included."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{MARK}={self.mark}".encode() in environ.read_bytes():
                    found.append(environ.with_name("cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """The `harness` command."""
    return Harness(tmp_path)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """What deployments are made of; all of it is stopped."""
    directory = tmp_path / "rig"
    directory.mkdir()
    made = Rig(directory, os.environ)
    try:
        yield made
    finally:
        made.stop_all()


@pytest.fixture
def write(tmp_path: Path) -> "Writer":
    """Writes small files for a test."""
    return Writer(tmp_path)


@dataclass(frozen=True)
class Writer:
    """Writes dedented files below a directory."""

    directory: Path

    def file(self, name: str, text: str) -> Path:
        """Write one file."""
        path = self.directory / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def config(self, extra: str) -> Path:
        """A harness.toml with one profile `test`, whose keys are `extra`."""
        return self.file("harness.toml", f"[profiles.test]\n{textwrap.dedent(extra)}")


def copied_project(root: Path, profiles: str) -> Path:
    """The reference target and its scenarios with other profiles, as a repository of two commits."""
    root.mkdir()
    (root / "harness.toml").write_text(profiles)
    for name in ("target_app", "scenarios"):
        listed = subprocess.run(["git", "ls-files", name], cwd=PROJECT, capture_output=True, text=True, check=True)
        for file in listed.stdout.splitlines():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes((PROJECT / file).read_bytes())
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("commit", "-qm", "1"),
        ("commit", "-q", "--allow-empty", "-m", "2"),
    ):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Stack]:
    """The reference target and a Prometheus that run already, as somebody's own deployment would."""
    profile = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    logs = tmp_path_factory.mktemp("logs")
    with embedded.embedded(profile.start, PROJECT, logs, scrape_interval_s=1.0) as running:
        yield running
