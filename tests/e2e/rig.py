"""Deployments as teams run them, on real processes: replicas, nginx, Prometheis, agents and other backends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from harness.runtime.stack.prometheus_server import find_prometheus
from tools import backends

PROJECT = Path(__file__).resolve().parents[2]
APP = PROJECT / "target_app"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
READY_S = 40.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(url: str) -> bool:
    """True when it answers 200."""
    try:
        with OPENER.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def await_true(what: str, holds: Callable[[], bool], limit_s: float = READY_S) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"{what} within {limit_s:g} s"
        time.sleep(0.1)


@dataclass
class Replica:
    """One gunicorn with workers, database and metrics directory of its own."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """As Prometheus names it."""
        return f"127.0.0.1:{self.port}"


@dataclass
class Rig:
    """Starts what a deployment is made of, and stops all of it."""

    directory: Path
    environment: Mapping[str, str]
    replicas: dict[str, Replica] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    settings: str = ""
    """The module of each replica's settings that names none of its own; empty for the target's."""
    proxied: tuple[int, int] = (0, 0)
    """The port of nginx, and its number in `processes`."""

    def start(
        self, name: str, command: Sequence[str | Path], cwd: Path | None = None, **env: str
    ) -> subprocess.Popen[bytes]:
        """Start one process; its output is in a file of its name."""
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**self.environment, **env},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], sig: signal.Signals = signal.SIGTERM) -> None:
        """End one process, and all that it started."""
        if process.poll() is None:
            (process.send_signal if sig is signal.SIGTERM else lambda each: os.killpg(process.pid, each))(sig)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def stop_all(self) -> None:
        """End everything, the newest first."""
        for process in reversed(tuple(self.processes)):
            self.stop(process)

    def replica(self, name: str, *, settings: str = "", arguments: Sequence[str] = (), **env: str) -> Replica:
        """One more replica, that answers; `settings` is a module that extends the target's."""
        state = self.directory / f"state-{name}"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(self._prepared(), state)
        port, path = free_port(), self.directory / "modules"
        path.mkdir(exist_ok=True)
        given = {"TARGET_STATE_DIR": str(state), "PYTHONPATH": str(path), **env}
        if settings or self.settings:
            given["DJANGO_SETTINGS_MODULE"] = settings or self.settings
        command = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}")
        made = Replica(name, port, self.start(name, (*command, *arguments), APP, **given))
        await_true(f"{name} answers", lambda: answers(f"http://{made.address}/healthz"))
        self.replicas[name] = made
        return made

    def _prepared(self) -> Path:
        """A state directory with a migrated database."""
        ready = self.directory / "prepared"
        if not ready.exists():
            ready.mkdir()
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=APP, env={**self.environment, "TARGET_STATE_DIR": str(ready)}, check=True)
        return ready

    def module(self, name: str, text: str) -> None:
        """A Python module that replicas can import."""
        (self.directory / "modules").mkdir(exist_ok=True)
        (self.directory / "modules" / f"{name}.py").write_text(text)

    def nginx(self, *names: str) -> str:
        """The proxy in front of replicas; its URL. Called again, it sends requests to these from now on."""
        directory = self.directory / "nginx"
        port = self.proxied[0] or free_port()
        temporary = "".join(
            f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        servers = "".join(f"server {self.replicas[name].address} max_fails=0;" for name in names)
        directory.mkdir(exist_ok=True)
        (directory / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {directory}/pid; error_log stderr; events {{}}\n"
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"http {{ access_log off; {temporary} upstream app {{ {servers} keepalive 16; }}\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app; proxy_http_version 1.1;"
            'proxy_set_header Connection ""; proxy_set_header Host $http_host; } } }\n'
        )
        url = f"http://127.0.0.1:{port}"
        if self.proxied[0]:
            os.kill(self.proxied[1], signal.SIGHUP)
            return url
        command = ("nginx", "-e", "stderr", "-p", directory, "-c", directory / "nginx.conf")
        self.proxied = (port, self.start("nginx", command).pid)
        await_true("nginx answers", lambda: answers(f"{url}/healthz"))
        return url

    def discover(self, server: str, *names: str) -> None:
        """The replicas that a Prometheus finds from now on."""
        file = self.directory / server / "targets" / "t.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        found = [
            {"targets": [self.replicas[name].address], "labels": {"pod": name, "namespace": "staging"}}
            for name in names
        ]
        new = file.with_suffix(".new")
        new.write_text(json.dumps(found))
        new.rename(file)

    def prometheus(
        self,
        name: str,
        *names: str,
        interval: str = "2s",
        jobs: Sequence[Mapping[str, object]] = (),
        job: Mapping[str, object] | None = None,
        external: Mapping[str, str] | None = None,
        write_to: Sequence[str] = (),
        tenant: str = "",
        flags: Sequence[str] = (),
        binary: Path | None = None,
    ) -> str:
        """A Prometheus that scrapes replicas as `web`, and other jobs; its URL. An agent where it writes elsewhere."""
        directory, port = self.directory / name, free_port()
        self.discover(name, *names)
        found = [{"files": [f"{directory}/targets/*.json"], "refresh_interval": "1s"}]
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "external_labels": external or {}},
            "scrape_configs": [{"job_name": "web", "file_sd_configs": found, **(job or {})}, *jobs],
        }
        if write_to:
            headers = {"headers": {"X-Scope-OrgID": tenant}} if tenant else {}
            config["remote_write"] = [{"url": url, **headers} for url in write_to]
        (directory / "p.yml").write_text(json.dumps(config))
        command: list[str | Path] = [
            binary or find_prometheus(PROJECT),
            f"--config.file={directory}/p.yml",
            f"--web.listen-address=127.0.0.1:{port}",
            *(self._agent(binary, directory) if write_to else (f"--storage.tsdb.path={directory}/data",)),
            *flags,
        ]
        self.start(name, command)
        url = f"http://127.0.0.1:{port}"
        await_true(f"{name} is ready", lambda: answers(f"{url}/-/ready"))
        return url

    def victoria_metrics(self, name: str, *names: str, interval: str = "2s") -> str:
        """A VictoriaMetrics that scrapes replicas as `web`; its URL."""
        directory, port = self.directory / name, free_port()
        self.discover(name, *names)
        found = [{"files": [f"{directory}/targets/*.json"]}]
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [{"job_name": "web", "file_sd_configs": found}],
        }
        (directory / "p.yml").write_text(json.dumps(config))
        binary = backends.find("victoria-metrics")
        assert binary is not None
        command = (binary, f"-promscrape.config={directory}/p.yml", f"-storageDataPath={directory}/data")
        self.start(name, (*command, f"-httpListenAddr=127.0.0.1:{port}", "-promscrape.fileSDCheckInterval=1s"))
        url = f"http://127.0.0.1:{port}"
        await_true(f"{name} is ready", lambda: answers(f"{url}/health"))
        return url

    def thanos(self, name: str, *prometheis: str) -> str:
        """A Thanos Query over Prometheis, each with a sidecar; its URL."""
        binary, stores = backends.find("thanos"), []
        assert binary is not None
        for place, url in enumerate(prometheis):
            grpc, http = free_port(), free_port()
            directory = self.directory / f"{name}-sidecar-{place}"
            directory.mkdir()
            listen = (f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{http}")
            where = (f"--prometheus.url={url}", f"--tsdb.path={directory}")
            self.start(directory.name, (binary, "sidecar", *where, *listen))
            await_true(f"{directory.name} is ready", lambda http=http: answers(f"http://127.0.0.1:{http}/-/ready"))  # type: ignore[misc]
            stores.append(f"--endpoint=127.0.0.1:{grpc}")
        port = free_port()
        listen = (f"--http-address=127.0.0.1:{port}", f"--grpc-address=127.0.0.1:{free_port()}")
        own = ("--query.replica-label=prometheus_replica", f"--query.active-query-path={self.directory}")
        self.start(name, (binary, "query", *listen, *stores, *own))
        url = f"http://127.0.0.1:{port}"
        await_true(f"{name} is ready", lambda: answers(f"{url}/-/ready"))
        return url

    def cortex(self, name: str) -> str:
        """A Cortex in one process, for tenants; its URL, without the prefix under which it is asked."""
        directory, port = self.directory / name, free_port()
        directory.mkdir()
        ring = {"kvstore": {"store": "inmemory"}}
        local = {"instance_addr": "127.0.0.1", "kvstore": {"store": "inmemory"}}
        config = {
            "auth_enabled": True,
            "server": {
                "http_listen_address": "127.0.0.1",
                "http_listen_port": port,
                "grpc_listen_address": "127.0.0.1",
                "grpc_listen_port": free_port(),
                "log_level": "warn",
            },
            "distributor": {"shard_by_all_labels": True, "ring": local},
            "ingester": {
                "lifecycler": {
                    "address": "127.0.0.1",
                    "join_after": "0s",
                    "min_ready_duration": "0s",
                    "final_sleep": "0s",
                    "ring": {**ring, "replication_factor": 1},
                }
            },
            "storage": {"engine": "blocks"},
            "blocks_storage": {
                "backend": "filesystem",
                "filesystem": {"dir": f"{directory}/bucket"},
                "tsdb": {"dir": f"{directory}/tsdb"},
                "bucket_store": {"sync_dir": f"{directory}/sync"},
            },
            "compactor": {"data_dir": f"{directory}/compactor", "sharding_ring": local},
        }
        (directory / "c.yml").write_text(json.dumps(config))
        binary = backends.find("cortex")
        assert binary is not None
        self.start(name, (binary, f"-config.file={directory}/c.yml"))
        url = f"http://127.0.0.1:{port}"
        await_true(f"{name} is ready", lambda: answers(f"{url}/ready"))
        return url

    @staticmethod
    def _agent(binary: Path | None, directory: Path) -> tuple[str, ...]:
        """2.x is made an agent by a feature flag, 3.x by a flag."""
        asked = [str(binary or find_prometheus(PROJECT)), "--help"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        flag = "--agent" if "--[no-]agent" in told.stderr + told.stdout else "--enable-feature=agent"
        return (flag, f"--storage.agent.path={directory}/data")

    @contextmanager
    def asked(self, every_s: float, *urls: str) -> Iterator[None]:
        """Somebody who asks for pages while the block runs."""
        stop = threading.Event()

        def ask() -> None:
            while not stop.wait(every_s):
                for url in urls:
                    answers(url)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def value(prometheus: str, expression: str, tenant: str = "") -> float:
    """The first value of an answer; 0 for none."""
    asked = urllib.request.Request(f"{prometheus}/api/v1/query?nocache=1&query={quote(expression)}")
    if tenant:
        asked.add_header("X-Scope-OrgID", tenant)
    with OPENER.open(asked, timeout=5) as answer:
        found = json.loads(answer.read())["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0
