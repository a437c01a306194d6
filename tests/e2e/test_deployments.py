"""Healthy deployments in the shapes that teams run them in: each gives the right verdict, and says the right thing.

CI runs those that are marked `ci`; `make deployments` sets HARNESS_DEPLOYMENTS=all and runs every one.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.core.codes import Code, FindingCode
from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness
from tests.e2e.rig import Rig, await_true, value
from tools import backends

SCENARIO = PROJECT / "scenarios" / "mixed.py"
WHOLE = os.environ.get("HARNESS_DEPLOYMENTS") == "all"
POD_AS_INSTANCE = {"relabel_configs": [{"source_labels": ["pod"], "target_label": "instance"}]}
ARRIVED = "django_http_requests_before_middlewares_total"
THREE = ("web-1", "web-2", "web-3")


@dataclass(frozen=True)
class Built:
    """A deployment that serves."""

    target: str
    prometheus: str
    selector: str = 'job="web"'
    flags: tuple[str, ...] = ()
    profile: str = ""
    others: AbstractContextManager[None] = field(default_factory=nullcontext)
    """Somebody else who uses it while it is measured."""
    during: Callable[[], None] | None = None
    """What happens to it in the middle of the load."""
    duration_s: int = 6
    tenant: str = ""


@dataclass(frozen=True)
class Shape:
    """How to build one, and what a run must come to."""

    build: Callable[[Rig], Built]
    ci: bool = False
    code: int = 0
    may_lose: bool = False
    """So much that the rest proves nothing: then every verdict that did not pass names the number."""
    findings: frozenset[FindingCode] = frozenset()
    said: tuple[str, ...] = ()
    """In the report or on standard error."""
    needs: str = ""
    """A server of `make backends`."""


def three(rig: Rig, number: int = 3) -> str:
    """Replicas behind nginx."""
    for place in range(1, number + 1):
        rig.replica(f"web-{place}")
    return rig.nginx(*rig.replicas)


def another_job(rig: Rig) -> Built:
    """The selector is a namespace: it matches an exporter too, and one that is down."""
    target, other = three(rig), rig.prometheus("other")
    static = [
        {"targets": [other.removeprefix("http://")], "labels": {"namespace": "staging", "pod": "prom-0"}},
        {"targets": ["127.0.0.1:9"], "labels": {"namespace": "staging", "pod": "gone-0"}},
    ]
    jobs = [{"job_name": "prometheus", "static_configs": static, "scrape_interval": "5s", "scrape_timeout": "1s"}]
    return Built(target, rig.prometheus("p", *rig.replicas, jobs=jobs), 'namespace="staging"')


def sidecar(rig: Rig) -> Built:
    """A pod with two containers that are scraped: both have the pod's name as instance."""
    target, other = three(rig), rig.prometheus("other")
    static = [{"targets": [other.removeprefix("http://")], "labels": {"namespace": "staging", "pod": "web-1"}}]
    side = {"job_name": "side", "static_configs": static, "scrape_interval": "3s", "scrape_timeout": "1s"}
    prometheus = rig.prometheus("p", *rig.replicas, job=POD_AS_INSTANCE, jobs=[{**side, **POD_AS_INSTANCE}])
    return Built(target, prometheus, 'namespace="staging"')


def pair(rig: Rig) -> Built:
    """Three Prometheis scrape the app; one is asked."""
    target = three(rig, 2)
    rig.prometheus("second", *rig.replicas)
    rig.prometheus("third", *rig.replicas, interval="5s")
    return Built(target, rig.prometheus("first", *rig.replicas))


def _agents(rig: Rig, *replicas: str) -> str:
    """A server that gets its samples by remote write, from one agent or a pair."""
    receiver = rig.prometheus("receiver", flags=("--web.enable-remote-write-receiver",))
    for name in replicas:
        external = {"cluster": "c1", "prometheus_replica": name} if len(replicas) > 1 else {}
        rig.prometheus(f"agent-{name}", *rig.replicas, write_to=(f"{receiver}/api/v1/write",), external=external)
    copies = f"count({ARRIVED}) / count(count by (instance) ({ARRIVED}))"
    await_true("every agent writes", lambda: value(receiver, copies) == len(replicas))
    return receiver


def remote_write(rig: Rig) -> Built:
    """An agent writes to a receiver, whose samples of one scrape come one after the other."""
    target = three(rig)
    return Built(target, _agents(rig, "a"))


def duplicates(rig: Rig) -> Built:
    """A pair of agents writes each series twice."""
    target = three(rig, 2)
    return Built(target, _agents(rig, "a", "b"))


def one_of_a_pair(rig: Rig) -> Built:
    """The same, and the selector names one of the two."""
    target = three(rig, 2)
    return Built(target, _agents(rig, "a", "b"), 'job="web",prometheus_replica="b"')


def _probed(rig: Rig, **more: str) -> Built:
    target = three(rig, 2)
    urls = [f"http://{replica.address}/healthz" for replica in rig.replicas.values()]
    flags = ("--foreign-traffic",) if more.pop("foreign", "") else ()
    prometheus = rig.prometheus("p", *rig.replicas)
    return Built(target, prometheus, flags=flags, others=rig.asked(0.4, *urls), profile=more.get("profile", ""))


def probes(rig: Rig) -> Built:
    """Probes in each scrape interval, declared."""
    return _probed(rig, profile='background = ["healthz"]')


def undeclared_probes(rig: Rig) -> Built:
    """The same, undeclared: what to declare is said."""
    return _probed(rig, profile='quiet_timeout = "4s"')


def foreign_probes(rig: Rig) -> Built:
    """The same, declared as foreign traffic: lower bounds."""
    return _probed(rig, foreign="yes", profile='quiet_timeout = "4s"')


def a_replica_joins(rig: Rig) -> Built:
    """Autoscaling adds a replica in the middle of the load."""
    target, prometheus = three(rig, 2), rig.prometheus("p", "web-1", "web-2")

    def join() -> None:
        time.sleep(3)
        rig.replica("web-3")
        rig.discover("p", *THREE)
        time.sleep(3)
        rig.nginx(*THREE)

    return Built(target, prometheus, during=join, duration_s=16)


def a_replica_leaves(rig: Rig) -> Built:
    """Autoscaling takes one away, first from the proxy."""
    target = three(rig)
    prometheus = rig.prometheus("p", *THREE)

    def leave() -> None:
        time.sleep(3)
        rig.nginx("web-1", "web-2")
        time.sleep(5)
        rig.stop(rig.replicas["web-3"].process)
        rig.discover("p", "web-1", "web-2")

    return Built(target, prometheus, during=leave, duration_s=16)


def a_pod_crashes(rig: Rig) -> Built:
    """A replica is killed and takes its last counts along."""
    target = three(rig)
    prometheus = rig.prometheus("p", *THREE)

    def crash() -> None:
        time.sleep(3)
        rig.stop(rig.replicas["web-3"].process, signal.SIGKILL)
        rig.nginx("web-1", "web-2")
        time.sleep(1)
        rig.discover("p", "web-1", "web-2")

    return Built(target, prometheus, during=crash, duration_s=16)


def a_rolling_restart(rig: Rig) -> Built:
    """Each replica ends, and another one takes its place."""
    target, prometheus = three(rig, 2), rig.prometheus("p", "web-1", "web-2")

    def roll() -> None:
        time.sleep(2)
        for name in ("web-1", "web-2"):
            rig.nginx(*(other for other in rig.replicas if other != name))
            time.sleep(5)
            rig.stop(rig.replicas[name].process)
            rig.replica(name)
            rig.discover("p", *rig.replicas)
            time.sleep(3)
            rig.nginx(*rig.replicas)

    return Built(target, prometheus, during=roll, duration_s=34)


def recycled_workers(rig: Rig) -> Built:
    """Gunicorn's max_requests ends workers all the time."""
    for name in ("web-1", "web-2"):
        rig.replica(name, arguments=("--max-requests", "120", "--max-requests-jitter", "60"))
    return Built(rig.nginx(*rig.replicas), rig.prometheus("p", *rig.replicas), duration_s=10)


def prometheus_3(rig: Rig) -> Built:
    """The newest Prometheus."""
    target = three(rig, 2)
    return Built(target, rig.prometheus("p", *rig.replicas, binary=backends.find("prometheus")))


def victoria_metrics(rig: Rig) -> Built:
    """VictoriaMetrics scrapes by itself, evaluates otherwise and announces a version of Prometheus."""
    target = three(rig, 2)
    return Built(target, rig.victoria_metrics("vm", *rig.replicas))


def _stores(rig: Rig, *names: str) -> list[str]:
    """Prometheis that a Thanos can tell apart."""
    return [rig.prometheus(name, *rig.replicas, external={"prometheus_replica": name}) for name in names]


def thanos(rig: Rig) -> Built:
    """A Thanos Query over one Prometheus."""
    target = three(rig, 2)
    return Built(target, rig.thanos("query", *_stores(rig, "a")))


def thanos_pair(rig: Rig) -> Built:
    """Thanos Query over a pair, which it would merge sample by sample."""
    target = three(rig, 2)
    return Built(target, rig.thanos("query", *_stores(rig, "a", "b")))


def cortex(rig: Rig) -> Built:
    """A Cortex, which an agent writes to, asks for a tenant and does not report its version."""
    target, server = three(rig, 2), rig.cortex("cortex")
    rig.prometheus("agent", *rig.replicas, write_to=(f"{server}/api/v1/push",), tenant="team")
    return Built(target, f"{server}/prometheus", flags=("--prometheus-tenant", "team"), tenant="team")


SHAPES: Mapping[str, Shape] = {
    "another job in the selector": Shape(another_job, ci=True, findings=frozenset({FindingCode.OTHER_TARGETS})),
    "two targets of one instance": Shape(sidecar, findings=frozenset({FindingCode.OTHER_TARGETS})),
    "three Prometheis": Shape(pair, findings=frozenset({FindingCode.OTHER_SCRAPERS})),
    "remote write": Shape(remote_write),
    "duplicates of a pair": Shape(
        duplicates,
        ci=True,
        findings=frozenset({FindingCode.DUPLICATE_SERIES, FindingCode.OTHER_SCRAPERS}),
        said=('prometheus_replica="a"',),
    ),
    "one replica of a pair": Shape(one_of_a_pair),
    "probes as background": Shape(probes),
    "probes undeclared": Shape(undeclared_probes, code=3, said=('background = ["healthz"]',)),
    "probes as foreign traffic": Shape(foreign_probes),
    "a replica joins": Shape(a_replica_joins, findings=frozenset({FindingCode.REPLICA_CAME})),
    "a replica leaves": Shape(a_replica_leaves, ci=True, findings=frozenset({FindingCode.REPLICA_LEFT})),
    "a pod crashes": Shape(a_pod_crashes, may_lose=True, findings=frozenset({FindingCode.REPLICA_LEFT})),
    "a rolling restart": Shape(
        a_rolling_restart, findings=frozenset({FindingCode.REPLICA_LEFT, FindingCode.REPLICA_CAME})
    ),
    "recycled workers": Shape(recycled_workers),
    "Prometheus 3": Shape(prometheus_3, needs="prometheus", said=("it evaluates as Prometheus 3.0",)),
    "VictoriaMetrics": Shape(
        victoria_metrics, needs="victoria-metrics", said=("VictoriaMetrics, version", "it evaluates as no Prometheus")
    ),
    "Thanos": Shape(thanos, needs="thanos", said=("Thanos Query, version", "it evaluates as Prometheus")),
    "Thanos over a pair": Shape(
        thanos_pair,
        needs="thanos",
        findings=frozenset({FindingCode.DUPLICATE_SERIES, FindingCode.OTHER_SCRAPERS}),
        said=('prometheus_replica="a"',),
    ),
    "Cortex": Shape(cortex, needs="cortex", said=("version not reported; it evaluates as Prometheus",)),
}
BACKENDS = [name for name, shape in SHAPES.items() if shape.needs]
BEFORE_TWICE = """\
from somesite.settings import *

MIDDLEWARE = ["django_prometheus.middleware.PrometheusBeforeMiddleware", *MIDDLEWARE]
"""


def _shapes() -> Sequence[str]:
    return [name for name, shape in SHAPES.items() if WHOLE or shape.ci]


@pytest.mark.parametrize("name", _shapes())
def test_a_healthy_deployment_is_judged_rightly(name: str, rig: Rig, harness: Harness, tmp_path: Path) -> None:
    """No cause is named where nothing is wrong, and what is worth knowing is said."""
    shape = SHAPES[name]
    report, told, code = _run(_built(shape, rig), harness, tmp_path)
    assert [verdict for verdict in report.verdicts if verdict.status is Status.FAIL] == []
    if shape.may_lose and code == 3:
        unsettled = [verdict for verdict in report.verdicts if verdict.status is not Status.PASS]
        assert {verdict.code for verdict in unsettled} == {Code.UNACCOUNTED}, told
    else:
        assert code == shape.code, told
    assert report.causes == ()
    assert shape.findings <= {finding.code for finding in report.findings}
    for text in shape.said:
        assert text in told


@pytest.mark.parametrize("name", BACKENDS if WHOLE else ())
def test_a_fault_is_caught_behind_each_backend(name: str, rig: Rig, harness: Harness, tmp_path: Path) -> None:
    """Each request is counted twice: as certain there as behind a Prometheus."""
    rig.module("counts_twice", BEFORE_TWICE)
    rig.settings = "counts_twice"
    report, told, code = _run(_built(SHAPES[name], rig), harness, tmp_path)
    assert code == 1, told
    failed = {verdict.check for verdict in report.verdicts if verdict.status is Status.FAIL}
    assert failed & {"request-conservation", "response-conservation"}, told


def _built(shape: Shape, rig: Rig) -> Built:
    """The deployment, once its app is scraped."""
    if shape.needs and backends.find(shape.needs) is None:
        pytest.skip(f"{shape.needs} is neither on PATH nor built: run `make backends`")
    built = shape.build(rig)
    count = f"count({ARRIVED}{{{built.selector}}})"
    await_true("the app is scraped", lambda: value(built.prometheus, count, built.tenant) > 0)
    return built


def _run(built: Built, harness: Harness, tmp_path: Path) -> tuple[Report, str, int]:
    """Run the load; the report, everything that was said, and the exit code."""
    out, config = tmp_path / "run", tmp_path / "harness.toml"
    config.write_text(f'[profiles.own]\nscenario = "{SCENARIO}"\n{built.profile}\n')
    arguments = ("run", "own", "--config", str(config), "--out", str(out), "--users", "4", "--warmup", "2s")
    where = ("--target", built.target, "--prometheus", built.prometheus, "--selector", built.selector)
    with built.others:
        process = harness.start(*arguments, *where, "--duration", f"{built.duration_s}s", *built.flags)
        event = threading.Thread(target=_once_loaded, args=(process, out, built.during))
        event.start()
        try:
            output, errors = process.communicate(timeout=200)
        finally:
            process.kill()
            event.join()
    assert (out / "report.json").exists(), f"{errors}\n{output}"
    text = (out / "report.json").read_text()
    report = parse(text)
    said = " ".join([*(verdict.why for verdict in report.verdicts), *(finding.text for finding in report.findings)])
    failed = [
        f"{verdict.check} {verdict.subject}: {verdict.why}" for verdict in report.verdicts if verdict.status != "pass"
    ]
    said += (out / "preflight.json").read_text() if (out / "preflight.json").exists() else ""
    return report, f"{errors}\n{output}\n{said}\n" + "\n".join(failed), process.returncode


def _once_loaded(process: subprocess.Popen[str], out: Path, during: Callable[[], None] | None) -> None:
    """Do something once the measured load has begun."""
    while during and process.poll() is None and not list(out.glob("**/*measure*")):
        time.sleep(0.2)
    if during and process.poll() is None:
        during()
