"""An alert goes all the way: Prometheus evaluates the project's rules, Alertmanager tells a webhook."""

import json
import queue
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.monitoring.rules import rule_file
from harness.runtime import process
from harness.runtime.stack import embedded, prometheus_server
from tests.e2e.conftest import PROJECT

READY_S = 30.0
TOLD_S = 60.0
SCALE = 1 / 15
MONITORING = PROJECT / "monitoring" / "prometheus"


@contextmanager
def webhook() -> Iterator[tuple[str, "queue.Queue[Mapping[str, Any]]"]]:
    """Takes what Alertmanager posts."""
    told: queue.Queue[Mapping[str, Any]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", told
        finally:
            server.shutdown()
            thread.join()


def start(running: ExitStack, name: str, command: list[str | Path], ready: str, log: Path) -> str:
    """Start a server on a free port; its URL once it is ready."""

    def launch(port: int) -> process.Service:
        words = [*map(str, command), f"--web.listen-address=127.0.0.1:{port}"]
        return process.registered(running, partial(process.spawn, name, words, log))

    port, _ = process.start_on_port(launch, lambda port: embedded.ask(f"http://127.0.0.1:{port}{ready}"), READY_S)
    return f"127.0.0.1:{port}"


def prometheus_config(directory: Path, alertmanager: str, target: str) -> Path:
    """The project's own configuration with other addresses, and its rules fifteen times as fast."""
    made = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    made["global"]["evaluation_interval"] = "1s"
    made["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}]
    (job,) = made["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    del job["dns_sd_configs"]
    (directory / "rules").mkdir()
    for file in (MONITORING / "rules").glob("*.yml"):
        read = rule_file.scaled(rule_file.parse(file.read_text(), file.name).rules, SCALE)
        (directory / "rules" / file.name).write_text(json.dumps(rule_file.documents(read)[file.name]))
    config = directory / "prometheus.yml"
    config.write_text(json.dumps(made))
    return config


def test_a_target_that_is_down_is_told_to_a_webhook(tmp_path: Path) -> None:
    """Nothing listens on the target's port: the alert arrives with the project's labels, texts and page."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        pytest.skip("no Alertmanager is installed; `make services` installs it")
    target = f"127.0.0.1:{process.free_port()}"
    with ExitStack() as running:
        url, told = running.enter_context(webhook())
        receiver = {"name": "team", "webhook_configs": [{"url": url, "send_resolved": False}]}
        route = {"receiver": "team", "group_by": ["alertname", "app"], "group_wait": "1s"}
        config = tmp_path / "alertmanager.yml"
        config.write_text(json.dumps({"route": route, "receivers": [receiver]}))
        options = [f"--config.file={config}", f"--storage.path={tmp_path / 'alerts'}", "--cluster.listen-address="]
        manager = start(running, "alertmanager", [binary, *options], "/-/ready", tmp_path / "alertmanager.log")
        options = [
            f"--config.file={prometheus_config(tmp_path, manager, target)}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        ]
        server = prometheus_server.find_prometheus(PROJECT)
        started_s = time.monotonic()
        start(running, "prometheus", [server, *options], "/-/ready", tmp_path / "prometheus.log")
        message = told.get(timeout=TOLD_S)
        took_s = time.monotonic() - started_s
    assert message["status"] == "firing"
    (alert,) = message["alerts"]
    labels, texts = alert["labels"], alert["annotations"]
    assert {key: labels[key] for key in ("alertname", "severity", "job", "app", "instance")} == {
        "alertname": "TargetDown",
        "severity": "critical",
        "job": "django",
        "app": "somesite",
        "instance": target,
    }
    assert texts["summary"] == f"{target} of somesite cannot be scraped"
    assert "is 0 and has to be 1" in texts["description"]
    assert texts["runbook_url"] == "docs/monitoring.md#targetdown"
    assert took_s > 4.0  # `for` is 1m, scaled
