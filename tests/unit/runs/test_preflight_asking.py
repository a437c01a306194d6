"""What the preflight asks of a Prometheus, and what it makes of the answers."""

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.config.profile import Profile
from harness.evidence.metrics_view import Basis
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES, RESPONSES_BY_VIEW
from harness.runs.preflight import asking
from harness.runs.preflight.facts import Facts
from tests.unit.runtime.impostor import serving, whole

CONFIGURATION = """
scrape_configs:
- job_name: serviceMonitor/shop/0
  scrape_interval: 15s
  scrape_timeout: 10s
  honor_labels: true
  metric_relabel_configs:
  - {source_labels: [__name__], regex: python_.*, action: drop}
- job_name: other
  scrape_timeout: 1s
"""
WEB = {"job": "shop", "instance": "10.0.0.1:8000", "pod": "web-1"}
PORT = {"job": "shop", "instance": "10.0.0.1:9113"}
TARGETS = [
    {"scrapePool": "serviceMonitor/shop/0", "labels": WEB, "lastError": ""},
    {"scrapePool": "serviceMonitor/shop/0", "labels": PORT, "lastError": "connection refused"},
]


class Server:
    """A Prometheus that has scraped two targets, one of them the app's, each 15 s; the newest one comes late."""

    def __init__(self) -> None:
        self.began_s = time.time()

    def newest_s(self) -> float:
        return self.began_s - 20.0 if time.time() < self.began_s + 0.5 else self.began_s - 5.0

    def series(self, query: str) -> list[tuple[Mapping[str, str], list[float]]]:
        """Labels and the values of the last four scrapes."""
        label = {"job": "shop", "instance": WEB["instance"], "pod": "web-1", "method": "GET"}
        table: dict[str, list[tuple[Mapping[str, str], list[float]]]] = {
            "up": [(WEB, [1, 1, 1, 1]), (PORT, [0, 0, 0, 0])],
            REQUESTS: [({**WEB, "region": "eu"}, [5, 7, 9, 15])],
            RESPONSES: [({**WEB, "region": "eu"}, [4, 6, 8, 14])],
            RESPONSES_BY_VIEW: [
                ({**label, "view": "numbers", "status": "200"}, [4, 6, 8, 10]),
                ({**label, "view": "shop:item", "status": "200"}, [0, 0, 0, 4]),
            ],
            "scrape_samples_scraped": [(WEB, [90, 90, 90, 90])],
            "scrape_samples_post_metric_relabeling": [(WEB, [80, 80, 80, 80])],
        }
        return table.get(re.split(r"[{(\[]", query)[0], [])

    def result(self, query: str) -> Any:
        if query.startswith("time()"):
            return [time.time(), str(time.time())]
        if query.startswith("scalar("):
            return [10, "2"]
        if query.startswith("max(timestamp("):
            return [{"metric": {}, "value": [time.time(), str(self.newest_s())]}]
        if query.startswith("count by (__name__)"):
            return [{"metric": {"__name__": REQUESTS}, "value": [1, "1"]}] if "nothing" not in query else []
        if query.startswith("count by (job)"):
            return [{"metric": {"job": "shop"}, "value": [1, "2"]}]
        if query.startswith("count("):
            return [{"metric": {}, "value": [1, "3"]}]
        found = [] if "nothing" in query else self.series(query)
        if not query.endswith("]"):
            return [{"metric": labels, "value": [self.newest_s(), str(values[-1])]} for labels, values in found]
        times = [self.newest_s() - 15.0 * back for back in (3, 2, 1, 0)]
        return [
            {"metric": labels, "values": [[at, str(value)] for at, value in zip(times, values, strict=True)]}
            for labels, values in found
        ]

    def answer(self, connection: socket.socket, request: bytes) -> None:
        parts = urlsplit(request.split()[1].decode())
        known = {
            "/api/v1/status/buildinfo": {"version": "2.53.0", "application": "a kin of it"},
            "/api/v1/status/flags": {"enable-feature": "memory-snapshot-on-shutdown"},
            "/api/v1/status/config": {"yaml": CONFIGURATION},
            "/api/v1/targets": {"activeTargets": TARGETS},
        }
        data = known.get(parts.path)
        if data is None:
            data = {"result": self.result(parse_qs(parts.query)["query"][0])}
        whole(json.dumps({"status": "success", "data": data}).encode())(connection, request)


@contextmanager
def looked(selector: str) -> Iterator[Facts]:
    with serving(Server().answer) as (address, _):
        yield asking.look(Profile("x", target="", prometheus=address, selector=selector))


def test_everything_is_found_out() -> None:
    """The job by its pool, as an operator's series have another label `job`; the view by its growth; who else asks."""
    with looked('job="shop"') as facts:
        pass
    assert [(each.name, each.up, each.exports, each.error) for each in facts.matched] == [
        ("shop web-1", True, True, ""),
        ("shop 10.0.0.1:9113", False, False, "connection refused"),
    ]
    assert (facts.version, facts.application, facts.evaluates_as) == ("2.53.0", "a kin of it", "")
    assert (facts.namespace, facts.extra_labels) == ("", ("region",))
    assert (facts.metrics_view.basis, facts.metrics_view.view, facts.metrics_view.by_others) == (
        Basis.GROWTH,
        "numbers",
        1,
    )
    assert facts.interval_s == pytest.approx(15.0)
    assert facts.jobs is not None
    (job,) = facts.jobs
    assert (job.name, job.timeout, job.honor_labels, job.relabelled) == ("serviceMonitor/shop/0", "10s", True, 1)
    assert facts.samples_dropped == 10
    assert facts.features == ("memory-snapshot-on-shutdown",)
    assert facts.lag_s == pytest.approx(5.5, abs=0.5)
    assert facts.others == {"shop:item": 4.0}
    assert facts.skew_s == pytest.approx(0.0, abs=0.5)
    assert facts.problem == facts.unbucketed == facts.several_namespaces == ""


def test_a_selector_that_matches_nothing_gets_the_one_that_would() -> None:
    """Without waiting for a sample."""
    with looked('job="nothing"') as facts:
        pass
    assert (facts.matched, facts.exporters) == ((), ('job="shop"',))


def test_a_prometheus_that_does_not_answer_is_all_that_is_known() -> None:
    """With the reason."""
    facts = asking.look(Profile("x", prometheus="http://127.0.0.1:1"))
    assert "no Prometheus answers at http://127.0.0.1:1" in facts.problem
    assert facts.matched == ()
