"""Systems that are odd and correct, on the real stack: none of them may alarm."""

import json
import shutil
from collections.abc import Sequence

import pytest

from faults import _nginx
from harness.core.codes import FindingCode
from harness.core.report import Report
from harness.core.verdict import Status
from harness.faults import Injection, Sidecar
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, Writer, unsettled

HISTOGRAM = "django_http_requests_latency_seconds_by_view_method"


def dropping(families: str) -> dict[str, object]:
    """What drops metrics by a regular expression of their names."""
    return {"metric_relabel_configs": [{"source_labels": ["__name__"], "regex": families, "action": "drop"}]}


DROPPED = dropping(f"{HISTOGRAM}_.*")
RULES = """\
groups:
- name: kept
  interval: 1s
  rules:
  - record: instance:answers:rate
    expr: sum by (job, instance) (rate(django_http_responses_total_by_status_view_method_total{view=~"work:.*"}[5s]))
  - record: answers_of_each_instance
    expr: sum by (job, instance) (django_http_responses_total_by_status_view_method_total{view=~"work:.*"})
  - alert: EachIsUp
    expr: sum by (job, instance) (up) > 0.5
    labels: {severity: info}
    annotations: {summary: "{{ $labels.instance }} is up"}
"""
DISK = """\
import http.server, sys


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"disk_free_bytes 12345\\n")

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SECOND = """\
import http.server, sys, threading, time, urllib.request


def scrape():
    while True:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}/metrics").read()
        time.sleep(0.7)


class Alive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


threading.Thread(target=scrape, daemon=True).start()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Alive).serve_forever()
"""
OWN_PAGE = """\
  server {
    listen 127.0.0.1:@port@;
    location / {
      proxy_pass http://127.0.0.1:@target_port@;
      proxy_intercept_errors on;
      error_page 500 @broken;
    }
    location @broken { default_type text/plain; return 500 "out of order"; }
  }
"""


def run(harness: Harness, write: Writer, injection: Injection, scenario: str = "mixed") -> Report:
    """A short run of the reference target with something injected that is no fault."""
    (write.directory / "odd").mkdir()
    write.file(
        "odd/odd.py",
        "from harness.faults import Act, Fault, Injection, Sidecar\n"
        "FAULT = Fault(number=1, id='odd', does='It is odd.', lie='none', mend='nothing', caught_by=('thresholds',), "
        f"quiet=(), cause=None, injection={injection!r})\n",
    )
    config = write.file(
        "harness.toml",
        f"""
        faults = "odd"

        [profiles.test]
        scenario = {json.dumps(str(PROJECT / "scenarios" / f"{scenario}.py"))}
        duration = "5s"
        warmup = "1s"
        state = "/state"
        sql_log = "/sql-logs/?limit=1"

        [profiles.test.start]
        command = ["{{python}}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{{port}}"]
        prepare = [["{{python}}", "manage.py", "migrate", "--verbosity", "0"]]
        cwd = {json.dumps(str(PROJECT / "target_app"))}
        ready = "/healthz"
        settings = "somesite.settings"

        [profiles.test.start.env]
        TARGET_STATE_DIR = "{{tmp}}/target"
        DJANGO_SETTINGS_MODULE = "somesite.settings"
        """,
    )
    out = write.directory / "run"
    done = harness.run("run", "test", "--fault", "odd", "--config", config, "--out", out)
    assert (out / "report.json").exists(), done.told
    return parse((out / "report.json").read_text())


def alarms(report: Report) -> Sequence[tuple[str, str, str]]:
    """What did not pass, and why."""
    return [(each.check, each.subject, each.why) for each in unsettled(report)]


def static(*ports: str) -> dict[str, object]:
    """A scrape job of several addresses."""
    return {"static_configs": [{"targets": [f"127.0.0.1:{{{port}}}" for port in ports], "labels": {"app": "somesite"}}]}


def test_rules_may_keep_the_instance(harness: Harness, write: Writer) -> None:
    """What they record, and alerts, bear the target's labels and are none of its series."""
    rules = str(write.file("kept.yml", RULES))
    report = run(harness, write, Injection(profile={"rules": (rules,), "rule_scale": 1.0}))
    assert alarms(report) == []
    assert any(each.check == "scrape-health" and each.subject.endswith("stored series") for each in report.verdicts)


@pytest.mark.long
def test_a_job_may_hold_a_target_of_another_kind(harness: Harness, write: Writer) -> None:
    """Its scrapes are no requests of the app."""
    disk = Sidecar("disk", ("{python}", "{fault}/disk.py", "{port}"))
    injection = Injection(modules={"disk.py": DISK}, sidecars=(disk,), scrape=static("target_port", "disk_port"))
    report = run(harness, write, injection)
    assert alarms(report) == []
    scraped = [each for each in report.verdicts if each.check == "scrape-health" and each.subject.endswith(" scrapes")]
    assert len(scraped) == 2


@pytest.mark.long
def test_a_second_prometheus_may_scrape(harness: Harness, write: Writer) -> None:
    """Its requests bear the view of the metrics, and are nobody's traffic."""
    second = Sidecar("second", ("{python}", "{fault}/second.py", "{port}", "{target_port}"))
    report = run(harness, write, Injection(modules={"second.py": SECOND}, sidecars=(second,)))
    assert alarms(report) == []


def test_a_histogram_may_be_dropped_on_purpose(harness: Harness, write: Writer) -> None:
    """What needs it is not proved, and says so."""
    report = run(harness, write, Injection(scrape=DROPPED))
    assert alarms(report) == []
    unproved = {each.check for each in report.findings if each.labels.get("metric") == HISTOGRAM}
    assert {"latency-conservation", "latency-buckets", "percentiles", "timer-span"} <= unproved
    assert {each.code for each in report.findings if each.check in unproved} >= {FindingCode.UNPROVED}


@pytest.mark.long
def test_any_family_may_be_dropped_on_purpose(harness: Harness, write: Writer) -> None:
    """What needs it is not proved, and names it; the rest is judged."""
    families = "django_http_re.*_body_total_bytes.*|django_http_responses_total_by_charset.*|django_model_.*"
    report = run(harness, write, Injection(scrape={**static("target_port"), **dropping(families)}))
    assert alarms(report) == []
    unproved = {each.check for each in report.findings if each.code is FindingCode.DROPPED_METRIC}
    assert unproved >= {"side-counters", "attributes", "model-ops"}
    judged = {each.subject for each in report.verdicts if each.check in ("side-counters", "attributes")}
    assert judged >= {"requests by transport", "transport http"}


@pytest.mark.long
def test_what_is_missing_and_not_dropped_fails(harness: Harness, write: Writer) -> None:
    """A rule that drops others is no excuse."""
    plain = 'DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"\n'
    scrape = {**static("target_port"), **dropping("django_http_responses_total_by_charset.*|.*_created")}
    report = run(harness, write, Injection(scrape=scrape, settings=plain))
    assert "database" in {each.check for each in report.verdicts if each.status is Status.FAIL}


@pytest.mark.long
def test_a_missing_middleware_is_no_dropped_histogram(harness: Harness, write: Writer) -> None:
    """It fails, whatever else Prometheus drops."""
    missing = "MIDDLEWARE = [name for name in MIDDLEWARE if not name.endswith('PrometheusAfterMiddleware')]\n"
    report = run(harness, write, Injection(scrape=DROPPED, settings=missing))
    failed = {each.check for each in report.verdicts if each.status is Status.FAIL}
    assert {"response-conservation", "request-counts", "latency-buckets"} <= failed


@pytest.mark.long
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed; `make services` installs it")
def test_error_pages_of_a_proxy_may_lose_the_witness(harness: Harness, write: Writer) -> None:
    """The status is kept: the requests with a witness are judged, by bounds that allow for the others."""
    injection = Injection(modules=_nginx.files(OWN_PAGE), sidecars=(_nginx.proxy("target_port"),), entry="proxy")
    report = run(harness, write, injection)
    assert alarms(report) == []
    assert any(each.check == "timer-span" and "including middlewares" in each.subject for each in report.verdicts)
