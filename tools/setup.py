"""Set up all that a clone needs, inside the clone: `.venv` from requirements.lock, and Prometheus in `.tools`.

    python3 tools/setup.py [venv] [prometheus]      both unless named

It needs a Python and its standard library only, never root, and starts nothing. What is already there is left alone:
a second call does no work and says nothing. A set-up that was interrupted has no stamp and is made anew.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
SCRATCH = TOOLS / "tmp"
LOCK_FILE = ROOT / "requirements.lock"
OLD_NAME = "harness"
"""What this project's distribution was called; beside the new one its plugin for pytest would be there twice."""
PROJECTS = (ROOT, ROOT / "witness")
"""The distributions of this clone, which no index has."""
OLDEST_PYTHON = (3, 11)
PROMETHEUS_VARIABLE = "HARNESS_PROMETHEUS"

# System lists may be missing or name versions that are gone; they are tried first because that takes a second.
APT_CONFIG = """\
Dir::State "{scratch}/apt/state/";
Dir::State::Lists "{lists}";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{scratch}/apt/cache/";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


class SetupError(Exception):
    """What is missing and what to do about it, as a message for the user."""


def main(parts: List[str]) -> int:
    """Set up the named parts; 0 when all is there, 2 with the next step on standard error when it cannot be."""
    try:
        set_up(parts or ["venv", "prometheus"])
    except SetupError as error:
        print("setup: {}".format(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; the next call starts over what is unfinished", file=sys.stderr)
        return 130
    return 0


def set_up(parts: List[str]) -> None:
    """Make what is missing of `parts`, one call at a time."""
    unknown = sorted(set(parts) - {"venv", "prometheus"})
    if unknown:
        raise SetupError("unknown part {}: say venv, prometheus, or nothing for both".format(" ".join(unknown)))
    if sys.version_info < OLDEST_PYTHON:
        found = "{} is {}".format(sys.executable, sys.version.split()[0])
        advice = "install one and name it, as in make setup PYTHON=python3.11"
        raise SetupError("Python 3.11 or newer is needed, {}: {}".format(found, advice))
    with alone():
        if "venv" in parts:
            ensure_venv()
        if "prometheus" in parts:
            ensure_prometheus()


@contextmanager
def alone() -> Iterator[None]:
    """Hold the clone's lock and a scratch directory: of two calls of make at once, the second finds everything done."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear(SCRATCH)
        SCRATCH.mkdir()
        try:
            yield
        finally:
            clear(SCRATCH)


def ensure_venv() -> None:
    """Make `.venv` hold exactly the locked packages, and the distributions of this clone, editable."""
    packages_stamp = VENV / ".packages"
    project_stamp = VENV / ".project"
    packages = fingerprint(LOCK_FILE.read_bytes(), sys.version.encode(), str(ROOT).encode())
    project = fingerprint(*((place / "pyproject.toml").read_bytes() for place in PROJECTS))
    usable = os.access(str(VENV / "bin" / "python"), os.X_OK)
    if not usable or read(packages_stamp) != packages:
        started = time.monotonic()
        say("venv: installing the packages of requirements.lock, a minute or so")
        clear(VENV)
        run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
        bootstrap_pip()
        pip("install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(LOCK_FILE))
        packages_stamp.write_text(packages)
        say("venv: ready with Python {} after {:.0f} s".format(sys.version.split()[0], time.monotonic() - started))
    if read(project_stamp) != project:
        pip("uninstall", "--yes", "--quiet", OLD_NAME)
        editable = [argument for place in PROJECTS for argument in ("--editable", str(place))]
        pip("install", "--no-deps", "--no-index", "--no-build-isolation", *editable)
        project_stamp.write_text(project)


def bootstrap_pip() -> None:
    """Put pip into the new environment, also where the distribution split it off Python (Debian, Ubuntu)."""
    python = str(VENV / "bin" / "python")
    if importlib.util.find_spec("ensurepip"):
        run([python, "-m", "ensurepip", "--default-pip"])
        return
    wheels = Path("/usr/share/python-wheels")
    if not any(wheels.glob("pip-*.whl")):
        wheels = debian_package("python3-pip-whl", "python3-venv") / "usr/share/python-wheels"
    wheel = max(wheels.glob("pip-*.whl"))
    # https://pip.pypa.io/en/stable/installation/ : a wheel of pip runs as it is.
    run([python, str(wheel / "pip"), "install", "--no-index", "--no-deps", "--no-cache-dir", str(wheel)])


def pip(*arguments: str) -> None:
    """Run the environment's pip; it leaves nothing outside the clone."""
    run([str(VENV / "bin" / "python"), "-m", "pip", "--no-cache-dir", "--disable-pip-version-check", *arguments])


def ensure_prometheus() -> None:
    """See that the harness will find a Prometheus: the variable's, PATH's, or the distribution's in `.tools/bin`."""
    named = os.environ.get(PROMETHEUS_VARIABLE)
    if named:
        if not (Path(named).is_file() and os.access(named, os.X_OK)):
            raise SetupError(
                "{}={} is not an executable file: correct it or unset it".format(PROMETHEUS_VARIABLE, named)
            )
        return
    binaries = TOOLS / "bin"
    if shutil.which("prometheus") or os.access(str(binaries / "prometheus"), os.X_OK):
        return
    started = time.monotonic()
    unpacked = debian_package("prometheus", "prometheus") / "usr/bin"
    version = run([str(unpacked / "prometheus"), "--version"]).split()[2]
    home = TOOLS / "prometheus-{}".format(version)
    clear(home)
    home.mkdir()
    clear(binaries)
    binaries.mkdir()
    for name in ("promtool", "prometheus"):
        found = unpacked / name
        if not found.exists():  # a package of its own, as newer releases have promtool
            found = debian_package(name, name) / "usr/bin" / name
        found.rename(home / name)
        (binaries / name).symlink_to(Path("..") / home.name / name)
    say("prometheus: {} in .tools/bin after {:.0f} s".format(version, time.monotonic() - started))


def debian_package(name: str, remedy: str) -> Path:
    """Unpack the distribution's package `name` into a scratch directory, without root and without installing it.

    Raises:
        SetupError: this is no Debian or Ubuntu, or the package cannot be had; it names `remedy` as what to install.
    """
    advice = "install {} with your system's package manager".format(remedy)
    if remedy == "prometheus":
        advice += ", put a prometheus binary on PATH, or set {} to one".format(PROMETHEUS_VARIABLE)
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SetupError(
            "{} is missing, and `make setup` can fetch it on Debian and Ubuntu only: {}".format(name, advice)
        )
    say("{}: fetching the distribution's package".format(name))
    archives = SCRATCH / "apt" / "archives"
    for folder in (archives, SCRATCH / "apt/state/lists/partial", SCRATCH / "apt/cache/archives/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        try:
            apt("/var/lib/apt/lists/", archives, "download", name)
        except SetupError:
            private_lists = "{}/apt/state/lists/".format(SCRATCH)
            apt(private_lists, archives, "update")
            apt(private_lists, archives, "download", name)
    except SetupError as error:
        raise SetupError("{}\n{} could not be downloaded: {}".format(error, name, advice)) from error
    (archive,) = archives.glob("*.deb")
    unpacked = SCRATCH / name
    run(["dpkg-deb", "-x", str(archive), str(unpacked)])
    archive.unlink()
    return unpacked


def apt(lists: str, directory: Path, *arguments: str) -> None:
    """Run apt-get on directories of our own, so that it neither needs root nor changes the system."""
    config = SCRATCH / "apt" / "apt.conf"
    config.write_text(APT_CONFIG.format(scratch=SCRATCH, lists=lists))
    run(["apt-get", "-q", "-c", str(config), *arguments], directory)


def run(command: List[str], directory: Path = ROOT) -> str:
    """Run a command whose temporary files stay in the clone; return what it printed.

    Raises:
        SetupError: it failed; the message ends in the last lines of its output.
    """
    environment: Dict[str, str] = {**os.environ, "TMPDIR": str(SCRATCH), "LC_ALL": "C.UTF-8"}
    for name in ("PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    done = subprocess.run(
        command,
        cwd=str(directory),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError("{}\nexit code {} of: {}".format(tail, done.returncode, " ".join(command)))
    return done.stdout


def fingerprint(*parts: bytes) -> str:
    """One hash over all parts."""
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def read(path: Path) -> Optional[str]:
    """The text of a file, None when it is not there."""
    return path.read_text() if path.is_file() else None


def clear(path: Path) -> None:
    """Remove a directory with all its content, if it is there."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(str(path))


def say(line: str) -> None:
    """Report work that takes a while."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
