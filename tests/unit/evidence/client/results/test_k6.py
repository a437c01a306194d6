"""k6's CSV and JSON: one request is several lines."""

import json

import pytest

from harness.core.unsaid import Unsaid
from harness.evidence.client.results.base import ResultError
from harness.evidence.client.results.formats import FORMATS
from tests.unit.evidence.client.results.given import TARGET, read

HEADER = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,"
    "service,status,subproto,tls_version,url,extra_tags,metadata"
)
AT = "1790000005250000"


def line(metric: str, value: float, *, at: str = AT, status: str = "200", **tags: str) -> str:
    url = tags.get("url", f"{TARGET}/cart?n=1")
    name, error = tags.get("name", url), tags.get("error", "")
    expected = tags.get("expected", "true")
    method = tags.get("method", "GET")
    return f"{metric},{at},{value:.6f},,{error},,{expected},,{method},{name},HTTP/1.1,default,,{status},,,{url},,"


def request(took_ms: float = 40.0, blocked_ms: float = 10.0, **more: str) -> list[str]:
    values = {"http_reqs": 1.0, "http_req_duration": took_ms, "http_req_blocked": blocked_ms, "http_req_failed": 0.0}
    return [line(metric, value, **more) for metric, value in values.items()]


def csv_of(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


def test_a_request_is_its_lines_together() -> None:
    """It ended at the time that all of them have, and its wait for a connection belongs to it."""
    ((number, row),), beside = read("k6-csv", csv_of(*request()))
    assert number == 2
    assert (row.method, row.name, row.status, row.error, row.url) == ("GET", "/cart", 200, None, f"{TARGET}/cart?n=1")
    assert row.latency_s == pytest.approx(0.05)
    assert row.started_s == pytest.approx(1790000005.2)
    assert beside.start_resolution_s == pytest.approx(1e-6)
    assert beside.unsaid(FORMATS["k6-csv"].unsaid) == (Unsaid.HEADERS, Unsaid.IN_FLIGHT)


def test_a_name_of_the_scripts_own_stays() -> None:
    """k6 then puts it in place of the URL, so which host it was is not known."""
    ((_, row),), _ = read("k6-csv", csv_of(*request(url="cart", name="cart")))
    assert (row.name, row.url) == ("cart", None)


def test_what_had_no_response_and_what_the_script_rejects_are_failures() -> None:
    rows, _ = read(
        "k6-csv",
        csv_of(
            *request(status="0", error="dial: connection refused", expected="false"),
            *request(status="404", expected="false"),
        ),
    )
    assert [(row.status, row.error) for _, row in rows] == [
        (0, "dial: connection refused"),
        (404, "unexpected status"),
    ]


def test_other_metrics_say_what_was_planned_and_how_many_users_there_were() -> None:
    """`vus` lines may come between requests, never within one."""
    beside = read(
        "k6-csv",
        csv_of(
            *request(), line("vus", 4), *request(), line("iterations", 1), line("dropped_iterations", 3), line("vus", 7)
        ),
    )[1]
    assert (beside.iterations, beside.dropped, beside.peak_users) == (1, 3, 7)


def test_requests_to_other_hosts_are_counted_apart() -> None:
    """Loopback has several names."""
    rows, beside = read(
        "k6-csv", csv_of(*request(url="http://localhost:8000/"), *request(url="http://127.0.0.1:9999/"))
    )
    assert (len(rows), beside.elsewhere) == (1, 1)


@pytest.mark.parametrize(
    ("at", "resolution_s"),
    [
        ("1790000005", 1.0),
        ("1790000005250", 1e-3),
        ("1790000005250000000", 1e-9),
        ("2026-09-21T14:13:25Z", 1.0),
        ("2026-09-21T14:13:25.25Z", 0.0),
    ],
)
def test_each_form_of_time_is_known(at: str, resolution_s: float) -> None:
    """As K6_CSV_TIME_FORMAT has them; whole seconds by default."""
    ((_, row),), beside = read("k6-csv", csv_of(*request(at=at)))
    assert row.started_s + row.latency_s == pytest.approx(1790000005, abs=1)
    assert beside.start_resolution_s == pytest.approx(resolution_s)
    assert (Unsaid.START in beside.unsaid(())) is (resolution_s == 1.0)


def test_without_the_wait_for_a_connection_the_latency_says_so() -> None:
    beside = read("k6-csv", csv_of(line("http_reqs", 1), line("http_req_duration", 40)))[1]
    assert beside.unsaid(()) == (Unsaid.CONNECT,)


def test_json_says_the_same() -> None:
    """Lines that describe a metric are no values."""
    tags = {"method": "POST", "name": f"{TARGET}/cart", "url": f"{TARGET}/cart", "status": "201"}
    points = [
        {"type": "Metric", "metric": "http_reqs", "data": {"name": "http_reqs", "type": "counter", "submetrics": None}},
        *(
            {
                "type": "Point",
                "metric": metric,
                "data": {"time": "2026-09-21T14:13:25.250000123Z", "value": value, "tags": tags},
            }
            for metric, value in (("http_reqs", 1), ("http_req_duration", 40.0), ("http_req_blocked", 10.0))
        ),
        {"type": "Point", "metric": "vus", "data": {"time": "2026-09-21T14:13:26Z", "value": 2, "tags": None}},
    ]
    ((number, row),), beside = read("k6-json", "".join(json.dumps(each) + "\n" for each in points))
    assert (number, row.method, row.name, row.status) == (2, "POST", "/cart", 201)
    assert row.latency_s == pytest.approx(0.05)
    assert beside.peak_users == 2


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        (HEADER.replace("status", "stat") + "\n", 1, "names no column 'status'"),
        (csv_of(line("http_reqs", 1)), 2, "has no http_req_duration behind it: the file was cut"),
        (csv_of(line("http_req_duration", 1)), 2, "has http_req_duration without its http_reqs: lines are missing"),
        (csv_of(*request(), "http_reqs,17900"), 6, "has 2 fields, and the header 19"),
        (csv_of(*request(took_ms=-1.0)), 3, "is -1.000000, which is negative"),
        (csv_of(*request(took_ms=float("nan"))), 3, "'nan', which is not a finite number"),
        (csv_of(*request(took_ms=float("inf"))), 3, "'inf', which is not a finite number"),
        (csv_of(*request(status="")), 2, "has no tag 'status': k6 leaves it out by --system-tags"),
        (csv_of(*request(status="99")), 2, "its status is '99'"),
        (csv_of(*request(at="yesterday")), 2, "its timestamp is 'yesterday', which is not a time"),
        (csv_of(*request(url="http://a b/")), 2, "is not a URL"),
    ],
)
def test_what_is_no_csv_of_k6_is_refused_with_its_line(text: str, number: int, reason: str) -> None:
    with pytest.raises(ResultError) as raised:
        read("k6-csv", text)
    assert raised.value.line == number
    assert reason in raised.value.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"type":"Point","metric":"http_reqs","data":{"time":"2026', "is not a line of k6's JSON"),
        ("metric_name,timestamp\n", "is not a line of k6's JSON"),
        ('{"type":"Point","metric":"vus","data":{"time":"","value":NaN}}\n', "is not a line of k6's JSON"),
        ('{"type":"Point","metric":"vus","data":{"time":"","value":"1"}}\n', "is not a line of k6's JSON"),
        ("[" * 5000 + "\n", "is not a line of k6's JSON"),
    ],
)
def test_what_is_no_json_of_k6_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ResultError, match=reason):
        read("k6-json", text)
