"""A machine that runs short of something: one line, the right exit code, no traceback."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BROKEN = """
import sys
from harness.cli.main import main
from harness.runs import judge
def broken(path):
    {error}
judge.verify = broken
sys.exit(main(["verify", sys.argv[1]]))
"""


def python(
    text: str, *arguments: Path | str, before: Callable[[], None] | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        preexec_fn=before,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EDQUOT])
@pytest.mark.parametrize("name", ["", ", 'some/file'"], ids=["no name", "a name"])
def test_what_the_machine_lacks_is_named(tmp_path: Path, number: int, name: str) -> None:
    """With the file where there is one, and what was recorded; it is inconclusive."""
    done = python(BROKEN.format(error=f"raise OSError({number}, {os.strerror(number)!r}{name})"), tmp_path)
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"harness: {'some/file: ' if name else ''}{os.strerror(number)}; what was recorded is in ")


def test_a_place_that_is_read_only_is_a_wrong_one(tmp_path: Path) -> None:
    """Another one can be named."""
    done = python(BROKEN.format(error=f"raise OSError({errno.EROFS}, 'Read-only file system', 'a/b')"), tmp_path)
    assert done.returncode == 2
    assert done.stderr == "harness: a/b: Read-only file system; name another path, or check its permissions\n"


def test_memory_that_runs_out_is_no_bug(tmp_path: Path) -> None:
    """Nor a verdict."""
    done = python(BROKEN.format(error="raise MemoryError"), tmp_path)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"harness: there is too little memory; what was recorded is in {tmp_path}; ")


def test_an_address_space_that_no_library_fits_into_is_refused(tmp_path: Path) -> None:
    """They would end the process in their own way."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400_000 * 1024, 400_000 * 1024))

    done = python("from harness.cli.main import entrypoint; entrypoint()", "verify", tmp_path, before=limit)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("harness: there is too little memory")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_print_is_replaced(encoding: str) -> None:
    """The command goes on, and its exit code is that of its verdict."""
    text = (
        "import sys\n"
        "from harness.cli.main import main\n"
        "from harness.cli.commands import verify\n"
        "verify.output.show = lambda *_: print('a\\u2714b\\u00e9') or 0\n"
        "from harness.runs import judge\n"
        "judge.verify = lambda _: None\n"
        "sys.exit(main(['verify', '.']))\n"
    )
    done = python(text, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_directory_that_cannot_be_made_is_wrong_or_the_disk_is_full(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call, and two reasons."""
    from harness.core.errors import ExitCode, HarnessError
    from harness.runs.run_directory import RunDirectory

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "there")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HarnessError, match=os.strerror(number)) as caught:
        RunDirectory(tmp_path / "out").create()
    assert caught.value.exit_code == (ExitCode.INCONCLUSIVE if number == errno.ENOSPC else ExitCode.USAGE)


@pytest.mark.parametrize(("free", "code"), [(0, 3), (9, 2)], ids=["full", "read-only"])
def test_no_place_for_temporary_files_is_named(tmp_path: Path, free: int, code: int) -> None:
    """As in a container whose file system is read-only; Python names no file then."""
    nowhere = (
        "import os, tempfile, types; tempfile._candidate_tempdir_list = lambda: ['/proc']; "
        f"os.statvfs = lambda _: types.SimpleNamespace(f_blocks=9, f_bavail={free}); tempfile.gettempdir()"
    )
    done = python(BROKEN.format(error=nowhere), tmp_path, TMPDIR="/proc")
    assert done.returncode == code, done.stderr
    assert done.stderr == (
        "harness: no temporary file can be made in /proc; set TMPDIR to another directory, or free space there\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("rules", "l1", "--prometheus", "http://127.0.0.1:1"),
        ("rules", ".", "--config", "l1", "--prometheus", "http://127.0.0.1:1"),
        ("doctor", "--prometheus", "https://127.0.0.1:1", "--prometheus-ca", "l1"),
        ("run", "p"),
    ],
)
def test_links_in_circles_are_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Wherever a path may be given."""
    (tmp_path / "l1").symlink_to("l2")
    (tmp_path / "l2").symlink_to("l1")
    (tmp_path / "harness.toml").write_text(
        '[profiles.p]\nscenario = "s.py"\nprometheus = {url = "https://127.0.0.1:1", ca = "l1"}\n'
        'target = "http://127.0.0.1:1"\n'
    )
    (tmp_path / "s.py").touch()
    text = "import os, sys; os.chdir(sys.argv.pop(1)); from harness.cli.main import entrypoint; entrypoint()"
    done = python(text, tmp_path, *arguments)
    assert done.returncode in {2, 3}, done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("run", "--help"), (), ("explain", "short"), ("completion", "zsh")]
)
def test_what_cannot_be_printed_is_not_there(arguments: tuple[str, ...], unbuffered: str) -> None:
    """An empty file is no help text: a script that made one must learn of it."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("harness: standard output cannot be written: No space left on device; ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("arguments", "code"), [(("--help",), 0), (("--version",), 0), ((), 2)])
def test_an_output_that_is_closed_changes_nothing(arguments: tuple[str, ...], code: int) -> None:
    """Nobody reads it."""
    text = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'harness', *sys.argv[1:]])"
    done = python(text, *arguments)
    assert (done.returncode, done.stderr) == (code, "")


def test_the_version_is_printed_where_scripts_read() -> None:
    """As `$(harness --version)` does."""
    done = python("from harness.cli.main import main; main(['--version'])")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("harness ")


def test_everything_is_printed_in_one_place() -> None:
    """Which masks secrets, and names standard output where it cannot be written."""
    own = [file for file in (ROOT / "harness" / "cli").rglob("*.py") if file.name != "output.py"]
    assert own
    assert not [file.name for file in own if "sys.stdout.write" in file.read_text(encoding="utf-8")]
