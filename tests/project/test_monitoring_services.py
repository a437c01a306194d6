"""Grafana's provisioning and first password, and the systemd units: what a host or a container starts with."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import promtool

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
GRAFANA: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]["grafana"]
SOURCES: list[dict[str, Any]] = yaml.safe_load(
    (MONITORING / "grafana" / "provisioning" / "datasources" / "django.yaml").read_text()
)["datasources"]
UNITS = sorted((MONITORING / "systemd").glob("*.service"))
GOOD = "a-long-random-value"


def start(password: str | None) -> subprocess.CompletedProcess[str]:
    """Run the container's entry point with a program in place of Grafana's own."""
    env = {"PATH": "/usr/bin:/bin", "GRAFANA_START": "/bin/echo"}
    if password is not None:
        env["GF_SECURITY_ADMIN_PASSWORD"] = password
    return subprocess.run(
        [*GRAFANA["entrypoint"][:1], MONITORING / "grafana" / "start.sh", "started"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("password", [None, "", "admin", "password", "grafana", "short"])
def test_grafana_never_starts_with_a_password_that_is_known(password: str | None) -> None:
    """It ends, and says where to set another one."""
    done = start(password)
    assert done.returncode == 1
    assert "GRAFANA_ADMIN_PASSWORD" in done.stderr
    assert ".env.example" in done.stderr
    assert done.stdout == ""


def test_grafana_starts_with_a_good_password() -> None:
    """And is handed on what it was given."""
    done = start(GOOD)
    assert (done.returncode, done.stdout) == (0, "started\n")


def test_the_container_begins_with_that_script_and_is_open_to_nobody() -> None:
    """No anonymous access, no sign-up; what is mounted is read-only but for Grafana's own data."""
    assert GRAFANA["entrypoint"] == ["/bin/sh", "/etc/grafana/start.sh"]
    assert "./monitoring/grafana/start.sh:/etc/grafana/start.sh:ro" in GRAFANA["volumes"]
    assert GRAFANA["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert GRAFANA["environment"]["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert [volume for volume in GRAFANA["volumes"] if not volume.endswith(":ro")] == ["grafana-data:/var/lib/grafana"]
    assert re.fullmatch(r"yesoreyeram-infinity-datasource \d+\.\d+\.\d+", GRAFANA["environment"]["GF_INSTALL_PLUGINS"])


def test_every_data_source_of_a_board_is_provisioned() -> None:
    """By uid or by type, and each variable of the environment is set."""
    uids = {source["uid"]: source["type"] for source in SOURCES}
    for file in (MONITORING / "grafana" / "dashboards").glob("*.json"):
        board = json.loads(file.read_text())
        for source in (panel["datasource"] for panel in board["panels"] if panel.get("datasource")):
            known = source["uid"] == "${datasource}" and source["type"] in uids.values()
            assert known or uids[source["uid"]] == source["type"]
    files = (MONITORING / "grafana" / "provisioning").rglob("*.yaml")
    asked = {name for file in files for name in re.findall(r"(?m)^[^#\n]*?\$([A-Z_]+)", file.read_text())}
    assert asked == {"PROMETHEUS_URL", "SQL_LOG_URL", "TRUTH_URL", "TARGET_DEBUG_TOKEN", "DASHBOARDS_PATH"}
    assert asked <= set(GRAFANA["environment"])


def test_the_dashboards_are_where_the_provider_looks() -> None:
    """Mounted from this repository."""
    place = GRAFANA["environment"]["DASHBOARDS_PATH"]
    assert f"./monitoring/grafana/dashboards:{place}/metrics:ro" in GRAFANA["volumes"]
    assert f"./monitoring/grafana/tables:{place}/tables:ro" in GRAFANA["volumes"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    """As `systemd-analyze verify` says, with programs where the unit expects them."""
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd-analyze is missing; `make services` installs it"
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    shutil.copy(unit, root / "etc/systemd/system")
    for path in re.findall(r"(?m)^Exec\w+=(/\S+)|^ExecStartPre=.* (/\S+python)", unit.read_text()):
        file = root / (path[0] or path[1]).lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    for place in ("/usr/lib/systemd/system", "/lib/systemd/system"):
        if Path(place).is_dir():
            shutil.copytree(place, root / "usr/lib/systemd/system", symlinks=True, dirs_exist_ok=True)
            break
    command = [program, "verify", "--man=no", "--recursive-errors=no", f"--root={root}", unit.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, own) == (0, []), done.stderr


def test_systemd_would_have_said_so(tmp_path: Path) -> None:
    """A unit with a misspelled key is not clean: the check above can fail."""
    unit = tmp_path / "wrong.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nRestrat=always\n")
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Restrat" in done.stderr


def test_the_apps_unit_has_a_metrics_directory_of_its_own() -> None:
    """In memory and gone with the service, so that no dead process is counted; migrations do not write into it."""
    text = (MONITORING / "systemd" / "somesite.service").read_text()
    assert "RuntimeDirectory=somesite\n" in text
    assert "RuntimeDirectoryPreserve" not in text
    assert "PROMETHEUS_MULTIPROC_DIR=%t/somesite/" in text
    assert "--unset=PROMETHEUS_MULTIPROC_DIR" in text


def test_prometheus_accepts_the_hosts_configuration() -> None:
    """As promtool says."""
    file = MONITORING / "systemd" / "prometheus.yml"
    done = promtool.run("check", "config", file)
    assert done.returncode == 0, done.stderr
