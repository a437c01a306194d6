"""Install what the services need: the servers from the distribution, and the Python driver of MariaDB.

    python3 -m tools.services

On Debian and Ubuntu, as root or through sudo; no server is started. What is already there is left alone: a second call
does no work and says nothing. The driver has no wheel, so it is built into `.venv`, from requirements-mysql.lock.
"""

import os
import shutil
import signal
import sys
import sysconfig
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Iterator, List, NoReturn

from tools import setup
from tools.setup import SCRATCH, VENV, SetupError

LOCK_FILE = setup.ROOT / "requirements-mysql.lock"
STAMP = VENV / ".mysqlclient"
SERVERS = (
    ("postgres", "postgresql"),
    ("mariadbd", "mariadb-server"),
    ("redis-server", "redis-server"),
    ("memcached", "memcached"),
    ("nginx", "nginx"),
    ("faketime", "faketime"),
    ("systemd-analyze", "systemd"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
)
"""A program, and the package that has it."""
PLACES = ("usr/lib/postgresql/*/bin", "usr/sbin", "usr/bin")
HASHED = ("install", "--require-hashes", "--no-deps")
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = """\
#!/bin/sh
# Made by `make services` while it installs, so that no server starts; it removes this file when it ends.
exit 101
"""


def main() -> int:
    """Install what is missing; 0 when all is there, 2 with the next step on standard error when it cannot be."""
    signal.signal(signal.SIGTERM, stop)
    try:
        with setup.alone():
            install(missing_servers() + missing_tools())
            build_driver()
    except SetupError as error:
        print("services: {}".format(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("services: interrupted; the next call goes on with what is missing", file=sys.stderr)
        return 130
    return 0


def stop(_number: int, _frame: object) -> NoReturn:
    """End on SIGTERM as on Ctrl-C, so that the policy file is removed."""
    raise KeyboardInterrupt


def missing_servers() -> List[str]:
    """Packages of the servers that are not installed."""
    return [package for program, package in SERVERS if not is_installed(program)]


def missing_tools() -> List[str]:
    """Packages that the driver's build needs and this machine lacks; none when the driver is built."""
    if is_built():
        return []
    packages = [program for program in ("gcc", "pkg-config") if not is_installed(program)]
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        packages.append("python{}.{}-dev".format(*sys.version_info))
    if not is_installed("mariadb_config"):
        packages.append("libmariadb-dev")
    return packages


def is_installed(program: str) -> bool:
    """Whether a program is on PATH or where Debian puts servers."""
    found = (directory / program for place in PLACES for directory in Path("/").glob(place))
    return bool(shutil.which(program)) or any(os.access(str(file), os.X_OK) for file in found)


def install(packages: List[str]) -> None:
    """Install packages with apt-get, without a server being started and without anything being removed.

    Raises:
        SetupError: this is no Debian or Ubuntu, or it needs root; it names the packages or the command.
    """
    if not packages:
        return
    command = ["apt-get", "install", "-y", "--no-remove", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        advice = "`make services` installs them on Debian and Ubuntu only; install them yourself, see docs/services.md"
        raise SetupError("{} missing: {}".format(", ".join(packages), advice))
    if os.geteuid() != 0 and not shutil.which("sudo"):
        raise SetupError("{} missing; as root, run: {}".format(", ".join(packages), " ".join(command)))
    setup.say("services: installing {}, a minute or so".format(", ".join(packages)))
    with servers_kept_down():
        try:
            as_root(command)
        except SetupError:  # the lists may be missing or too old
            as_root(["apt-get", "-q", "update"])
            as_root(command)


@contextmanager
def servers_kept_down() -> Iterator[None]:
    """Forbid packages to start what they install, unless somebody forbids it already.

    Source: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
    """
    if POLICY.exists() and setup.read(POLICY) != POLICY_TEXT:
        yield
        return
    policy = SCRATCH / "policy-rc.d"
    policy.write_text(POLICY_TEXT)
    try:
        as_root(["install", "-m", "755", str(policy), str(POLICY)])
        yield
    finally:
        as_root(["rm", "-f", str(POLICY)])


def as_root(command: List[str]) -> None:
    """Run a command as root, with the system's own place for temporary files. Raises SetupError when it fails."""
    environment = ["env", "-u", "TMPDIR", "DEBIAN_FRONTEND=noninteractive"]
    options = ["-o", "DPkg::Lock::Timeout=600"] if command[0] == "apt-get" else []
    setup.run([*([] if os.geteuid() == 0 else ["sudo"]), *environment, command[0], *options, *command[1:]])


def is_built() -> bool:
    """Whether `.venv` has the driver of requirements-mysql.lock; a new `.venv` has none."""
    return setup.read(STAMP) == setup.fingerprint(LOCK_FILE.read_bytes())


def build_driver() -> None:
    """Build the driver into `.venv` with the locked build tool, which stays outside."""
    if is_built():
        return
    setup.say("services: building mysqlclient")
    builder = SCRATCH / "builder"
    setup.pip(*HASHED, "--only-binary", ":all:", "--target", str(builder), "-r", pinned("setuptools"))
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--no-cache-dir", "--disable-pip-version-check"]
    options = [*HASHED, "--no-binary", ":all:", "--no-build-isolation", "-r", pinned("mysqlclient")]
    setup.run(["env", "PYTHONPATH={}".format(builder), *pip, *options])
    STAMP.write_text(setup.fingerprint(LOCK_FILE.read_bytes()))


def pinned(name: str) -> str:
    """A file that holds the lock's entry of one package and no other, for pip."""
    lines = LOCK_FILE.read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("{}==".format(name)))
    rest = takewhile(lambda line: line.startswith(" "), lines[first + 1 :])
    file = SCRATCH / "{}.txt".format(name)
    file.write_text("".join([lines[first], *rest]))
    return str(file)


if __name__ == "__main__":
    sys.exit(main())
