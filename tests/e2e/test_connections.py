"""A deployment behind TLS, passwords, tokens and prefixes, whose metrics are served by a view of another name."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from harness.config import toml_file
from harness.runtime import process
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Done, Harness, Writer

SETTINGS = "from somesite.settings import *\n\nROOT_URLCONF = 'shop_urls'\n"
SETTINGS += "SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')\n"
URLS = """\
from django.urls import path
from django_prometheus import exports
from somesite.urls import urlpatterns as own

urlpatterns = [path("metrics", exports.ExportToDjangoView, name="numbers"), *own]
"""
LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, constant, task


class Plain(HttpUser):
    wait_time = constant(0.1)

    @task
    def ask(self):
        self.client.get("/work/fast")


class Fast(FastHttpUser):
    wait_time = constant(0.1)

    @task
    def ask(self):
        self.client.get("/work/fast")
"""
PASSWORD, TOKEN = "pa55word-of-ann", "t0ken-of-the-shop"
NGINX = """
{user} daemon off; worker_processes 1; pid {here}/pid; error_log {here}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f;
  uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
  ssl_certificate {here}/server.pem; ssl_certificate_key {here}/server.key;
  proxy_set_header Host $http_host; proxy_http_version 1.1;
  server {{ listen 127.0.0.1:{password} ssl; location / {{
    auth_basic metrics; auth_basic_user_file {here}/users; proxy_set_header Authorization "";
    proxy_pass {prometheus}; }} }}
  server {{ listen 127.0.0.1:{certificate} ssl; ssl_client_certificate {here}/ca.pem; ssl_verify_client on;
    location / {{ proxy_pass {prometheus}; }} }}
  server {{ listen 127.0.0.1:{prefix}; location /prometheus/ {{ proxy_pass {prometheus}/; }} }}
  server {{ listen 127.0.0.1:{login}; location / {{ return 302 /login; }}
    location /login {{ default_type text/html; return 200 "<html><title>Sign in</title></html>"; }} }}
  server {{ listen 127.0.0.1:{app} ssl; location / {{
    if ($http_authorization != "Bearer {token}") {{ return 401; }}
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_pass {target}; }} }}
}}
"""
PORTS = ("password", "certificate", "prefix", "login", "app")


@dataclass(frozen=True)
class Gateway:
    """The ways to a running deployment, and the files that open them."""

    ports: dict[str, int]
    here: Path
    services: embedded.Stack

    def url(self, name: str, scheme: str = "https", path: str = "") -> str:
        return f"{scheme}://127.0.0.1:{self.ports[name]}{path}"


def openssl(here: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=here, check=True, capture_output=True)


def certificates(here: Path) -> None:
    """An authority of one's own, and the certificates of a server and a client that it signed."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl(here, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=shop authority")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", extension, "-addext", "basicConstraints=CA:FALSE")
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl(here, "req", "-x509", *key, *files, "-subj", f"/CN={name}", *signed)
    hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True)
    (here / "users").write_text(f"ann:{hashed.stdout}")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The reference target and its Prometheus, behind nginx."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if nginx is None:
        pytest.skip("needs nginx")
    here = tmp_path_factory.mktemp("gateway")
    certificates(here)
    (here / "shop_settings.py").write_text(SETTINGS)
    (here / "shop_urls.py").write_text(URLS)
    profile = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    env = {**profile.start.env, "PYTHONPATH": str(here), "DJANGO_SETTINGS_MODULE": "shop_settings"}
    (here / "logs").mkdir()
    with embedded.embedded(replace(profile.start, env=env), PROJECT, here / "logs", scrape_interval_s=1.0) as services:
        ports = {name: process.free_port() for name in PORTS}
        user = "user root;" if os.geteuid() == 0 else ""  # or its workers may not read below the directory
        places = {"target": services.target, "prometheus": services.prometheus, "token": TOKEN, "user": user}
        (here / "nginx.conf").write_text(NGINX.format(here=here, **places, **ports))
        command = [nginx, "-p", str(here), "-c", str(here / "nginx.conf"), "-e", str(here / "error.log")]
        running = subprocess.Popen(command)
        try:
            await_scraped(services.prometheus)
            yield Gateway(ports, here, services)
        finally:
            running.terminate()
            running.wait(10)


def await_scraped(prometheus: str) -> None:
    """Prometheus takes 5 s from its start to its first scrape."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = requests.get(f"{prometheus}/api/v1/query", params={"query": "up"}, timeout=10).json()
        if answer["data"]["result"]:
            return
        time.sleep(0.2)
    raise AssertionError("nothing was scraped")


def doctor(harness: Harness, gateway: Gateway, prometheus: str, *flags: str | Path) -> Done:
    return harness.run(
        "doctor", "--target", gateway.services.target, "--prometheus", prometheus, *flags, SECRET=PASSWORD
    )


def test_a_protected_deployment_passes_and_shows_no_secret(harness: Harness, gateway: Gateway, write: Writer) -> None:
    """Both of Locust's clients go through TLS with the token; the view of the scrapes is found by its growth."""
    flags: tuple[str | Path, ...] = (
        *("--target", gateway.url("app"), "--target-ca", gateway.here / "ca.pem", "--target-token-env", "SHOP_TOKEN"),
        *("--prometheus", gateway.url("password"), "--prometheus-ca", gateway.here / "ca.pem"),
        *("--prometheus-username", "ann", "--prometheus-password-env", "PASSWORD", "--users", "4"),
    )
    locustfile = write.file("locustfile.py", LOCUSTFILE)
    out = write.directory / "run"
    length = ("--duration", "5s", "--warmup", "1s", "--locustfile", locustfile)
    done = harness.run("run", *flags, *length, "--out", out, PASSWORD=PASSWORD, SHOP_TOKEN=TOKEN)
    done.check_passed(out)
    assert json.loads((out / "run.json").read_text())["metrics_view"] == "numbers"
    preflight = json.loads((out / "preflight.json").read_text())
    assert {row["status"] for row in preflight["rows"]} == {"ok"}, preflight["rows"]
    assert preflight["facts"]["metrics_view"]["basis"] == "growth"
    assert preflight["facts"]["reached"]["status"] in range(200, 500)
    for file in (each for each in out.rglob("*") if each.is_file()):
        assert not any(secret.encode() in file.read_bytes() for secret in (PASSWORD, TOKEN)), file
    assert PASSWORD not in done.told
    assert TOKEN not in done.told


def test_who_is_not_let_in_is_told_why(harness: Harness, gateway: Gateway) -> None:
    """Without any load: each refusal has its sentence and the flag that helps."""
    trusted = ("--prometheus-ca", gateway.here / "ca.pem")
    cases: list[tuple[str, tuple[str | Path, ...], str]] = [
        (gateway.url("password"), (), "an authority that is not trusted here; name the file.*--prometheus-ca"),
        (gateway.url("password"), trusted, "answers 401.*a name and a password.*--prometheus-username"),
        (
            gateway.url("password"),
            (*trusted, "--prometheus-username", "bob", "--prometheus-password-env", "SECRET"),
            "answers 401.*refuses what was sent",
        ),
        (gateway.url("password", "http"), (), "answers 400.*write https://"),
        (gateway.url("certificate"), trusted, "answers 400.*--prometheus-client-certificate FILE"),
        (gateway.url("prefix", "http"), (), rf"answered at {gateway.url('prefix', 'http', '/prometheus')}; name that"),
        (gateway.url("login", "http"), (), "a page for people at /login.*Sign in"),
        (gateway.url("prefix"), (), "speaks no TLS on this port"),
    ]
    for url, flags, says in cases:
        done = doctor(harness, gateway, url, *flags)
        assert done.code == 1, done.told
        assert re.search(says, " ".join(done.out.split())), (says, done.out)
        assert PASSWORD not in done.told


def test_the_preflight_alone_is_a_table(harness: Harness, gateway: Gateway) -> None:
    """With a client certificate, or a prefix; a selector that matches nothing gets the one that would."""
    certificate = ("--prometheus-client-certificate", gateway.here / "client.pem")
    key = ("--prometheus-client-key", gateway.here / "client.key", "--prometheus-ca", gateway.here / "ca.pem")
    done = doctor(harness, gateway, gateway.url("certificate"), *certificate, *key)
    assert done.code == 0, done.told
    assert "'numbers' grows with each scrape" in done.out
    assert re.search(r"✓ selector +\{job=\"django\"\} matches 1 target", done.out)
    wrong = doctor(harness, gateway, gateway.url("prefix", "http", "/prometheus"), "--selector", 'job="shop"')
    assert wrong.code == 1
    assert "--selector 'job=\"django\"'" in " ".join(wrong.out.split())


def test_a_warm_up_that_nobody_answers_stops_the_run(harness: Harness, gateway: Gateway, write: Writer) -> None:
    """With the client's own error and the remedy; and one that is never let in, too."""
    locustfile = write.file("locustfile.py", LOCUSTFILE.partition("class Fast")[0])
    flags = ("--prometheus", gateway.services.prometheus, "--locustfile", locustfile, "--warmup", "1s")
    untrusted = harness.run("run", "--target", gateway.url("app"), *flags)
    assert untrusted.code == 3
    assert re.search(r"none of the \d+ requests.*CERTIFICATE_VERIFY_FAILED.*--target-ca FILE", untrusted.err)
    left_out = harness.run("run", "--target", gateway.url("app"), "--target-ca", gateway.here / "ca.pem", *flags)
    assert left_out.code == 3
    assert re.search(r"were answered 401; none got in.*--target-token-env", left_out.err)
