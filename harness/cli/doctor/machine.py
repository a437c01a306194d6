"""Is all that the harness needs there: interpreter, Prometheus, Locust, profiles, scenarios, a place for reports."""

import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from harness.config import toml_file
from harness.config.toml_file import Config
from harness.core import distribution
from harness.core.errors import UsageError
from harness.instrumentation.django_prometheus.doctor import Diagnosis, Health
from harness.runtime import files, process
from harness.runtime.stack import prometheus_server, servers

OLDEST = (3, 11)
VERSION_LIMIT_S = 10.0


def probe_machine(project: Path) -> tuple[Diagnosis, ...]:
    """Diagnose this machine and the project; `project` is the directory of harness.toml."""
    loaded, profiles = _config(project / "harness.toml")
    starts = loaded is not None and any(profile.start is not None for profile in loaded.profiles.values())
    return (
        _python(),
        *_prometheus(project, needed=starts),
        *_servers(_started(loaded)),
        _locust(),
        profiles,
        *(_scenarios(loaded, project) if loaded else ()),
        _reports(project),
        _port(),
    )


def _python() -> Diagnosis:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST:
        return Diagnosis("python", Health.FAULT, f"{found} is too old; the harness needs 3.11 or newer")
    return Diagnosis("python", Health.OK, found)


def _prometheus(project: Path, *, needed: bool) -> tuple[Diagnosis, ...]:
    missing = Health.FAULT if needed else Health.UNKNOWN
    try:
        binary = prometheus_server.find_prometheus(project)
    except UsageError as error:
        return (Diagnosis("prometheus", missing, f"{error}, or use a running one with --prometheus URL"),)
    promtool = binary.with_name("promtool")
    if promtool.is_file():
        beside = _version("promtool", promtool, Health.FAULT)
    else:
        text = f"none beside {binary}; it is needed only to test the rules in monitoring/"
        beside = Diagnosis("promtool", Health.UNKNOWN, text)
    return _version("prometheus", binary, missing), beside


def _started(loaded: Config | None) -> frozenset[str]:
    """The services that some profile starts."""
    profiles = (loaded.profile(name) for name in loaded.profiles) if loaded else ()
    return frozenset(service for profile in profiles if profile.start for service in profile.start.services)


def _servers(needed: frozenset[str]) -> Iterator[Diagnosis]:
    for server in servers.SERVERS:
        missing = Health.FAULT if server.name in needed else Health.UNKNOWN
        try:
            programs = servers.programs_of(server)
        except UsageError as error:
            text = str(error).removeprefix(f"{server.name}: ")
            optional = "" if server.name in needed else "; no profile starts it, a variant may"
            yield Diagnosis(server.name, missing, f"{text}{optional}")
        else:
            yield _version(server.name, programs[server.programs[0]], missing)


def _version(name: str, binary: Path, broken: Health) -> Diagnosis:
    """The first number of `--version`, else its text; a binary that does not run is as good as none."""
    try:
        done = process.capture([str(binary), "--version"], VERSION_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Diagnosis(name, broken, f"{binary} does not run ({error}); install it again")
    printed = (done.stdout or done.stderr).strip()
    if done.returncode or not printed:
        return Diagnosis(
            name, broken, f"{binary} --version ended with exit {done.returncode}: {printed}; install it again"
        )
    number = re.search(r"\d+(\.\d+)+", printed.replace(str(binary), ""))
    return Diagnosis(name, Health.OK, f"{number[0] if number else printed.splitlines()[0]} ({binary})")


def _locust() -> Diagnosis:
    try:
        found = version("locust")
    except PackageNotFoundError:
        found = ""
    if not found or find_spec("locust") is None:
        text = f"not importable by {sys.executable}; a load needs it: `pip install '{distribution.NAME}[run]'`"
        return Diagnosis("locust", Health.FAULT, text)
    return Diagnosis("locust", Health.OK, found)


def _config(file: Path) -> tuple[Config | None, Diagnosis]:
    try:
        loaded = toml_file.parse(files.read_text(file, files.INPUT_BYTES), str(file))
        for name in loaded.profiles:
            loaded.profile(name)
    except FileNotFoundError:
        text = f"there is no {file}; without one only a running target can be loaded (--target, --prometheus)"
        return None, Diagnosis("config", Health.UNKNOWN, text)
    except (OSError, UnicodeDecodeError) as error:
        return None, Diagnosis("config", Health.FAULT, f"{file} cannot be read: {error}")
    except UsageError as error:
        return None, Diagnosis("config", Health.FAULT, str(error))
    return loaded, Diagnosis("config", Health.OK, f"{file} has the profiles {', '.join(loaded.profiles)}")


def _scenarios(loaded: Config, project: Path) -> tuple[Diagnosis, ...]:
    found: list[Diagnosis] = []
    for profile in loaded.profiles.values():
        where = f"{loaded.source}: profiles.{profile.name}"
        if profile.load is None and not (project / profile.scenario).is_file():
            text = f"{where}.scenario: {profile.scenario} does not exist; name a locustfile, relative to harness.toml"
            found.append(Diagnosis("scenario", Health.FAULT, text))
        if profile.start and not (project / profile.start.cwd).is_dir():
            text = f"{where}.start.cwd: {profile.start.cwd} is not a directory; it is relative to harness.toml"
            found.append(Diagnosis("target", Health.FAULT, text))
    if found:
        return tuple(found)
    names = sorted({profile.scenario for profile in loaded.profiles.values() if profile.load is None})
    return (Diagnosis("scenario", Health.OK, ", ".join(names)),)


def _reports(project: Path) -> Diagnosis:
    """Try to write where runs are left; a directory that is not there yet is made by the first run."""
    reports = project / "reports"
    place = reports if reports.exists() else project
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0")
    except OSError as error:
        text = f"{place} cannot be written: {os.strerror(error.errno or 0)}; make it your directory, or use --out"
        return Diagnosis("reports", Health.FAULT, text)
    return Diagnosis("reports", Health.OK, f"{reports} can be written")


def _port() -> Diagnosis:
    try:
        port = process.free_port()
    except OSError as error:
        text = f"no port can be opened on 127.0.0.1: {os.strerror(error.errno or 0)}; is loopback up?"
        return Diagnosis("port", Health.FAULT, text)
    return Diagnosis("port", Health.OK, f"ports can be opened on 127.0.0.1, e.g. {port}")
