"""The Prometheus of the embedded stack: where its binary is, what it scrapes and which rules it evaluates."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.config.profile import TargetStart
from harness.core.errors import UsageError
from harness.core.rule import Rule
from harness.monitoring.rules import rule_file
from harness.runtime.stack.placeholders import fill_all

READY = "/-/ready"
"""Path that answers 200 when it serves queries."""
READY_S = 30.0
"""Time that it may take until then."""
CLONE = Path(__file__).resolve().parents[3]
"""Where `make` unpacks Prometheus when the harness runs from a clone."""
INSTALL_HINT = (
    "install it (Debian/Ubuntu: `make prometheus` unpacks the distribution's package without root; elsewhere: your "
    "package manager or prometheus.io), put it on PATH, or set HARNESS_PROMETHEUS to the binary"
)


def find_prometheus(project: Path) -> Path:
    """The `prometheus` binary: HARNESS_PROMETHEUS, else that of `make backends`, else PATH, else `.tools/bin`.

    The newest comes first: `make backends` builds a Prometheus 3. `.tools` is that of the project, else of this clone.
    Raises UsageError that says what to install.
    """
    if named := os.environ.get("HARNESS_PROMETHEUS"):
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise UsageError(
            f"HARNESS_PROMETHEUS: {named} is not an executable file; name the prometheus binary or unset it"
        )
    for place in (project, CLONE):
        built = place / ".tools" / "backends" / "bin" / "prometheus"
        if os.access(built, os.X_OK):
            return built
    if found := shutil.which("prometheus"):
        return Path(found)
    for place in (project, CLONE):
        unpacked = place / ".tools" / "bin" / "prometheus"
        if os.access(unpacked, os.X_OK):
            return unpacked
    raise UsageError(f"no prometheus binary on PATH or in {project / '.tools' / 'bin'}; {INSTALL_HINT}")


def write_config(
    directory: Path,
    start: TargetStart,
    scrape_interval_s: float,
    loaded: Sequence[Rule],
    placeholders: Mapping[str, str],
) -> Path:
    """Write its configuration with one scrape job, `django`, and the `loaded` rules, all below `directory`.

    `placeholders` has the target's port. Raises UsageError for a placeholder in the scrape job that is not known.
    """
    host = f"[{start.host}]" if ":" in start.host else start.host
    interval = f"{round(scrape_interval_s * 1000)}ms"
    target = {"targets": [f"{host}:{placeholders['target_port']}"], "labels": dict(start.labels)}
    job = {
        "job_name": "django",
        "metrics_path": start.metrics,
        "static_configs": [target],
        **fill_all(start.scrape, placeholders, "start.scrape"),
    }
    settings = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "rule_files": _write_rules(loaded, directory / "rules"),
        "scrape_configs": [job],
    }
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return file


def command(binary: Path, config: Path, storage: Path, port: int) -> list[str]:
    """What starts it, with its time series in `storage`."""
    return [
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={storage}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _write_rules(loaded: Sequence[Rule], directory: Path) -> list[str]:
    """The rule files as Prometheus reads them: JSON is YAML."""
    directory.mkdir()
    for name, document in rule_file.documents(loaded).items():
        (directory / name).write_text(json.dumps(document), encoding="utf-8")
    return [str(file) for file in sorted(directory.iterdir())]
