"""The real command against servers, files and terminals that mean no good: one line and the right code."""

import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.config.profile import Profile
from harness.core import secret, url
from harness.runtime import connections
from harness.runtime.load import locust_generator
from tests.e2e.conftest import PROJECT, Harness, Writer
from tests.unit.runtime import impostor

STORED = PROJECT / "tests" / "recorded" / "runs" / "clean"
BOTH_CLIENTS = """
from locust import FastHttpUser, HttpUser, constant, task


class Plain(HttpUser):
    wait_time = constant(0.1)

    @task
    def ask(self):
        self.client.get("/page", name="page")


class Fast(FastHttpUser):
    wait_time = constant(0.1)

    @task
    def ask(self):
        self.client.get("/fast", name="fast")
"""


@contextmanager
def answering(host: str, location: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers 200, or leads to another place; yields its URL and the headers that it got."""
    seen: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(dict(self.headers.items()))
            self.send_response(302 if location else 200)
            if location:
                self.send_header("Location", location + self.path)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{host}:{server.server_port}", seen
        server.shutdown()


def load(tmp_path: Path, target: str) -> int:
    """Load a target with both of Locust's clients for a second; how many samples that made."""
    (tmp_path / "both.py").write_text(BOTH_CLIENTS)
    (tmp_path / "out" / "logs").mkdir(parents=True)
    profile = Profile("x", scenario="both.py", users=2, duration_s=1.0)
    loaded = locust_generator.LOCUST.load(profile, tmp_path, tmp_path / "out", target, "measure", lambda _: None)
    return sum(shard.rows or 0 for shard in loaded.shards)


def test_the_load_follows_no_redirect_to_another_origin(tmp_path: Path) -> None:
    """127.0.0.2 is a host that nobody named; the redirects are the answers that are recorded."""
    with answering("127.0.0.2") as (other, reached), answering("127.0.0.1", location=other) as (target, seen):
        assert load(tmp_path, target) == len(seen) > 0
    assert reached == []


def test_the_load_goes_to_the_address_that_was_checked_with_its_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that nothing resolves inside of Locust is loaded where it was looked up first."""
    with answering("127.0.0.1") as (target, seen):
        named = target.replace("127.0.0.1", "shop.invalid")
        monkeypatch.setattr(connections, "addresses", lambda *_: ((2, "127.0.0.1"),))
        connections.authorize(url.parse(named).origin, "Bearer s3cret-token")
        assert load(tmp_path, named) == len(seen) > 0
    assert {headers["Authorization"] for headers in seen} == {"Bearer s3cret-token"}
    connections.forget()
    secret.forget()
    written = b"".join(file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert b"s3cret" not in written


@pytest.mark.parametrize("url", ["http://127.0.0.2\\@127.0.0.1:{port}", "http://127.0.0.1@127.0.0.2:{port}"])
def test_a_url_that_hides_its_host_is_refused(harness: Harness, url: str) -> None:
    """Before anything is sent to either."""
    with answering("127.0.0.2") as (other, reached):
        target = url.format(port=other.rpartition(":")[2])
        done = harness.run("run", "--target", target, "--prometheus", "http://127.0.0.1:1")
    assert done.code == 2
    assert "Traceback" not in done.err
    assert reached == []


@pytest.mark.parametrize("kind", ["informational answers", "endless chunks", "a bomb", "no HTTP", "nothing"])
def test_an_impostor_of_prometheus_is_one_line(harness: Harness, kind: str) -> None:
    """Its password is in none of them."""
    with impostor.serving(impostor.HOSTILE[kind]) as (address, _):
        named = address.replace("//", "//admin:pa55word@")
        boards = PROJECT / "monitoring" / "grafana" / "dashboards"
        done = harness.run("dashboards", boards, "--prometheus", named, "--out", harness.scratch / "out")
    assert done.code == 3
    assert "Traceback" not in done.err
    assert "pa55word" not in done.told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("harness.toml", "x = " + "9" * 5000),
        ("harness.toml", "x = " + "[" * 5000),
        ("harness.toml", "[" + "a." * 5000 + "a]"),
    ],
)
def test_a_hostile_file_is_a_usage_error(harness: Harness, tmp_path: Path, name: str, text: str) -> None:
    """Deep, or with numbers without end."""
    (tmp_path / name).write_text(text)
    done = harness.run("run", "--config", tmp_path / name)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert name in done.err


def test_a_target_s_log_commands_nobody(harness: Harness, write: Writer) -> None:
    """GitHub's runner and a terminal read the last lines of it."""
    write.file("noisy.py", "print('::add-mask::e\\n  ##[group]x\\n\\x1b]0;t\\x07', flush=True); raise SystemExit(3)\n")
    config = write.config(
        f"""
        scenario = "{PROJECT}/scenarios/cache.py"
        [profiles.test.start]
        command = ["{{python}}", "noisy.py", "{{port}}"]
        """
    )
    done = harness.run("run", "--config", config, GITHUB_ACTIONS="true")
    assert done.code == 3
    assert "add-mask" in done.err
    assert not any(
        line.strip().startswith("::") and line.strip()[2:] == "add-mask::e" for line in done.err.splitlines()
    )
    assert "##[" not in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_output_that_cannot_encode_a_mark_replaces_it(
    harness: Harness, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """The report is the same, and so is the code."""
    run = shutil.copytree(STORED, tmp_path / "run")
    plain = harness.run("verify", run, *flags)
    done = harness.run("verify", run, *flags, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.code == plain.code
    assert "Traceback" not in done.err
    if flags:
        assert json.loads(done.out) == json.loads(plain.out)


def test_a_fifo_among_the_samples_ends(harness: Harness, tmp_path: Path) -> None:
    """Nothing waits for a writer that never comes."""
    run = shutil.copytree(STORED, tmp_path / "run")
    (run / "samples-1.arrow").unlink()
    os.mkfifo(run / "samples-1.arrow")
    assert harness.run("verify", run, "--quiet").code == 3
