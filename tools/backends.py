"""Build the servers that speak Prometheus's API, with Go, for the tests: `.tools/backends/bin`.

    python3 -m tools.backends [prometheus] [victoria-metrics] [thanos] [cortex]      all unless named

What is on PATH or built already is left alone: a second call does no work and says nothing. Without Go it says what is
missing and what to install, and the tests that need it skip themselves. Nothing is installed outside this clone but
Go's own module cache.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional, Tuple

from tools import setup
from tools.setup import TOOLS, SetupError

PLACE = TOOLS / "backends"
BIN = PLACE / "bin"
GO_PLACES = (Path("/usr/local/go/bin/go"),)
"""Where Go's own installer puts it."""


@dataclass(frozen=True)
class Backend:
    """A server, and the module that it is built from."""

    program: str
    module: str
    version: str
    packages: Tuple[str, ...]
    """Of its commands, in the module, its own first."""
    copied: bool
    """The module is copied and built where it lies: its go.mod has replacements, which `go install` refuses."""
    cpu_minutes: int
    """About what the build takes."""
    tags: str = ""
    """Of the build."""


BACKENDS = (
    Backend(
        "prometheus",
        "github.com/prometheus/prometheus",
        "latest",
        ("cmd/prometheus", "cmd/promtool"),
        copied=False,
        cpu_minutes=10,
        tags="remove_all_sd,enable_dns_sd",  # without the clients of the clouds, which are most of what is compiled
    ),
    Backend(
        "victoria-metrics",
        "github.com/VictoriaMetrics/VictoriaMetrics",
        "v1.130.0",  # newer ones need a newer Go
        ("app/victoria-metrics",),
        copied=False,
        cpu_minutes=1,
    ),
    Backend("thanos", "github.com/thanos-io/thanos", "v0.36.1", ("cmd/thanos",), copied=True, cpu_minutes=3),
    Backend("cortex", "github.com/cortexproject/cortex", "v1.18.1", ("cmd/cortex",), copied=True, cpu_minutes=3),
)


def find(program: str) -> Optional[Path]:
    """A server that this made, or else that of PATH; a `prometheus` only if it is 3.0 or later."""
    built = BIN / program
    if os.access(str(built), os.X_OK):
        return built
    found = shutil.which(program)
    return Path(found) if found and (program != "prometheus" or is_three(found)) else None


def is_three(prometheus: str) -> bool:
    """By its flags: one that was built without its release's does not know its version. 3.0 made the agent a flag."""
    command = [prometheus, "--help"]
    told = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False
    )
    return "agent " in told.stdout and "--[no-]agent" in told.stdout


def main(names: List[str]) -> int:
    """Build what is missing; 0 when all is there, 2 with the next step on standard error when it cannot be."""
    known = {backend.program: backend for backend in BACKENDS}
    if unknown := sorted(set(names) - set(known)):
        print("backends: unknown server {}: say {}".format(" ".join(unknown), ", ".join(known)), file=sys.stderr)
        return 2
    try:
        with setup.alone():
            for backend in [known[name] for name in names] or BACKENDS:
                build(backend)
    except SetupError as error:
        print("backends: {}".format(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("backends: interrupted; the next call goes on with what is missing", file=sys.stderr)
        return 130
    return 0


def build(backend: Backend) -> None:
    """Build one server, unless it is there. Raises SetupError."""
    if find(backend.program):
        return
    go = shutil.which("go") or next((str(place) for place in GO_PLACES if place.exists()), None)
    if go is None:
        raise SetupError("{} is not on PATH, and neither is Go to build it: install one".format(backend.program))
    minutes = "{} minute{} of CPU".format(backend.cpu_minutes, "" if backend.cpu_minutes == 1 else "s")
    print("backends: building {} {}, {}".format(backend.program, backend.version, minutes), file=sys.stderr, flush=True)
    BIN.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "GOBIN": str(BIN), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    if backend.copied:
        _build_copy(go, backend, env)
    else:
        flags = "-mod=mod {}".format(env.get("GOFLAGS", "")).strip()
        packages = ["{}/{}@{}".format(backend.module, each, backend.version) for each in backend.packages]
        tags = ["-tags", backend.tags] if backend.tags else []
        _call([go, "install", *tags, *packages], {**env, "GOFLAGS": flags})


def _build_copy(go: str, backend: Backend, env: Mapping[str, str]) -> None:
    """Build a module from a copy of its own."""
    source = "{}@{}".format(backend.module, backend.version)
    _call([go, "mod", "download", source], env)
    found = subprocess.run([go, "env", "GOMODCACHE"], stdout=subprocess.PIPE, universal_newlines=True, check=True)
    copy = PLACE / backend.program
    shutil.rmtree(str(copy), ignore_errors=True)
    shutil.copytree(str(Path(found.stdout.strip()) / source), str(copy))
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)  # Go's cache is read-only
    output = str(BIN / backend.program)
    try:
        _call([go, "build", "-o", output, "./" + backend.packages[0]], {**env, "GOFLAGS": "-mod=mod"}, copy)
    finally:
        shutil.rmtree(str(copy), ignore_errors=True)


def _call(command: List[str], env: Mapping[str, str], cwd: Optional[Path] = None) -> None:
    done = subprocess.run(command, env=dict(env), cwd=cwd and str(cwd), check=False)
    if done.returncode:
        raise SetupError("`{}` failed with {}; its output is above".format(" ".join(command), done.returncode))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
