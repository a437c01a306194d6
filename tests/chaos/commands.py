"""The commands whose parts are killed, on a copy of the reference target with short loads."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HARNESS = (sys.executable, "-m", "harness")
LOAD_S = 4.0
PROFILE = f"""
[profiles.chaos]
users = 4
duration = "{LOAD_S:g}s"
warmup = "1s"
dashboards = []
rules = []
"""
TEST = "def test_load(harness_report): assert harness_report.samples > 10\n"
COPIED = ("target_app", "scenarios", "faults")


@dataclass(frozen=True, slots=True)
class Command:
    """One way to call the harness."""

    name: str
    arguments: tuple[str, ...]
    """`{out}` stands for a directory of its own."""
    busy_s: float
    """Until about when it does something, on a busy machine."""
    limit_s: float = 150.0
    """It hangs when it has not ended so long after the attack."""

    def line(self, out: Path) -> tuple[str, ...]:
        """What is executed."""
        return tuple(word.replace("{out}", str(out)) for word in self.arguments)


SHORT = ("--pairs", "5", "--slices", "1", "--slice", "1s", "--quiet")
SMALL = ("-p", "no:cacheprovider", "-q", "test_mine.py", "--rootdir", "{out}", "--basetemp", "{out}/temporary")
COMMANDS = (
    Command("run", (*HARNESS, "run", "chaos", "--quiet", "--out", "{out}"), 16),
    Command("run, open", (*HARNESS, "run", "chaos", "--arrival-rate", "30", "--quiet", "--out", "{out}"), 16),
    Command("run, workers", (*HARNESS, "run", "chaos", "--workers", "2", "--quiet", "--out", "{out}"), 18),
    Command(
        "gate",
        (*HARNESS, "gate", "--base", "HEAD", "--candidate", "HEAD", "--profile", "chaos", *SHORT, "--out", "{out}"),
        40,
        300,
    ),
    Command(
        "faults",
        (*HARNESS, "faults", "one-replica", "--jobs", "1", "--profile", "chaos", "--quiet", "--out", "{out}"),
        30,
        420,
    ),
    Command(
        "pytest",
        (sys.executable, "-m", "pytest", *SMALL, "--harness-profile=chaos", "--harness-config={out}/harness.toml"),
        16,
    ),
    Command("up", (*HARNESS, "up", "chaos"), 8),
)


def copied(root: Path) -> Path:
    """A project of its own in git: `harness gate` makes worktrees, and a killed one leaves them."""
    root.mkdir(parents=True)
    (root / "harness.toml").write_text((PROJECT / "harness.toml").read_text() + PROFILE)
    (root / "pytest.ini").write_text("[pytest]\n")
    (root / "test_mine.py").write_text(TEST)
    for name in COPIED:
        for file in (PROJECT / name).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts and ".state" not in file.parts:
                place = root / file.relative_to(PROJECT)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read_bytes())
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "chaos")):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


def prepared(command: Command, project: Path, out: Path) -> Path:
    """Where the command is run: in the project, or for pytest in a copy whose reports are in `out`."""
    if command.name != "pytest":
        return project
    out.mkdir()
    for name in ("pytest.ini", "test_mine.py"):
        (out / name).write_bytes((project / name).read_bytes())
    text = (project / "harness.toml").read_text()
    for path in ("target_app", "scenarios/mixed.py"):
        text = text.replace(f'"{path}"', f'"{project / path}"')
    (out / "harness.toml").write_text(text)
    return out
