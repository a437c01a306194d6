"""Machines on which a run is not at home: with files that it may not write, another user's, or too small."""

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import PROJECT, Done, Harness
from tests.e2e.rig import await_true
from tests.parts import mostly_long

NOBODY = "65534"
STRANGER = f"""
    set -e
    mount --make-rprivate /
    mount --bind {PROJECT} {PROJECT}
    mount --bind "$1" "$1"
    mount -o remount,bind,ro {PROJECT}
    shift
    mount -t tmpfs -o ro,mode=000 none /dev/shm
    cd {PROJECT}
    exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \\
        --inh-caps=-all,+dac_read_search --ambient-caps=+dac_read_search --bounding-set=-all,+dac_read_search "$@"
"""
"""The first argument is the directory of the test, which may be in the clone and stays as it is.

The clone is read-only and no shared memory can be had. The user may read all files, as the interpreter may be
root's, and write its own alone."""
OTHER_CLOCK = {"TZ": "Pacific/Chatham", "LC_ALL": "C"}
"""12 h 45 min or 13 h 45 min ahead of UTC."""


def command(harness: Harness, prefix: Sequence[str], *arguments: str | Path, **env: str) -> Done:
    """Run `harness` by another command."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "harness.cli.main", *map(str, arguments)],
        cwd=PROJECT,
        env={**harness.environment, **env},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def stranger(harness: Harness) -> list[str]:
    """What goes before a command that a stranger runs in a clone that it may not write to."""
    if os.geteuid() or not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip("only root can become another user")
    prefix = ["unshare", "--mount", "sh", "-c", STRANGER, "sh", str(harness.scratch)]
    if why := subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False).stderr:
        pytest.skip(f"a file system cannot be made read-only here: {why.strip()}")
    for path in (harness.scratch, *harness.scratch.parents[:2]):
        path.chmod(path.stat().st_mode | 0o011)
    for path in (harness.scratch, harness.temporary):
        os.chown(path, int(NOBODY), int(NOBODY))
    return prefix


def test_a_stranger_runs_it_in_a_clone_that_is_read_only(harness: Harness, stranger: list[str]) -> None:
    """In another time zone, without a home, a locale or shared memory; elsewhere the run is judged alike."""
    out = harness.scratch / "out"
    env = {**OTHER_CLOCK, "HOME": "/nonexistent"}
    done = command(harness, stranger, "run", "smoke", "--duration", "4s", "--out", out, **env)
    done.check_passed(out)
    harness.check_clean()
    assert {path.stat().st_uid for path in out.rglob("*")} == {int(NOBODY)}
    before = json.loads((out / "report.json").read_text())
    assert harness.run("verify", out).code == done.code
    assert json.loads((out / "report.json").read_text()) == before


def test_a_clone_that_is_read_only_takes_no_reports(harness: Harness, stranger: list[str]) -> None:
    """They are below it unless another directory is named, which the line says."""
    done = command(harness, stranger, "run", "smoke", **OTHER_CLOCK)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"harness: --out: {PROJECT / 'reports'}")
    assert line.endswith("cannot be created: Read-only file system; name another directory")
    harness.check_clean()


@contextmanager
def limited(mebibytes: int) -> Iterator[Path]:
    """A control group whose processes have so much memory together."""
    for parent, file in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = Path("/sys/fs/cgroup", parent, f"harness-test-{uuid.uuid4().hex[:8]}")
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / file).exists():
            break
        group.rmdir()
    else:
        pytest.skip("no control group for memory can be made here")
    try:
        (group / file).write_text(str(mebibytes << 20))
        with suppress(OSError):
            (group / "memory.swap.max").write_text("0")
        yield group
    finally:
        for pid in map(int, members(group)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await_true("all of them have ended", lambda: not members(group))
        group.rmdir()


def members(group: Path) -> list[str]:
    """Process ids."""
    return (group / "cgroup.procs").read_text().split()


@pytest.mark.parametrize("mebibytes", mostly_long([200, 300, 120]))
def test_a_container_that_is_too_small_gets_no_verdict(harness: Harness, mebibytes: int) -> None:
    """Whatever the kernel kills: no verdict, no traceback, and nothing runs on."""
    out = harness.scratch / "out"
    with limited(mebibytes) as group:
        prefix = ("sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh")
        done = command(harness, prefix, "run", "smoke", "--duration", "4s", "--out", out)
        await_true("nothing runs on", lambda: not members(group))
    assert done.code in {-9, 3}, done.told
    assert "Traceback" not in done.told
    assert not (out / "report.json").exists() or json.loads((out / "report.json").read_text())["status"] != "pass"
