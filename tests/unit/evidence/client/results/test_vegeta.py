"""vegeta's results in CSV and JSON, with the witness among the headers."""

import base64
import json

import pytest

from harness.core.unsaid import Unsaid
from harness.evidence.client.results.base import ResultError
from harness.evidence.client.results.formats import FORMATS
from tests.unit.evidence.client.results.given import TARGET, read

TIMING = 'view;dur=1.500000;desc="shop:cart", app;dur=1.75'


def csv_row(
    code: str = "200",
    at: str = "1790000005250000000",
    took: str = "1500000",
    error: str = "",
    url: str = f"{TARGET}/cart?n=1",
    headers: str = f"Content-Type: text/html\r\nserver-timing: {TIMING}\r\n",
) -> str:
    body, head = base64.b64encode(b"<p>").decode(), base64.b64encode(headers.encode()).decode()
    return f"{at},{code},{took},0,3,{error},{body},,1,GET,{url},{head}\n"


def json_row(**more: object) -> str:
    row = {
        "attack": "",
        "seq": 0,
        "code": 200,
        "timestamp": "2026-09-21T14:13:25.250000000+02:00",
        "latency": 1_500_000,
        "bytes_out": 0,
        "bytes_in": 3,
        "error": "",
        "body": None,
        "method": "GET",
        "url": f"{TARGET}/cart?n=1",
        "headers": {"Server-Timing": [TIMING]},
    }
    return json.dumps({**row, **more}) + "\n"


@pytest.mark.parametrize("text", [csv_row(), json_row(timestamp="2026-09-21T14:13:25.25Z")])
def test_a_result_is_a_request_with_its_witness(text: str) -> None:
    """Its time is that of its start, and nothing about times is left open."""
    ((number, row),), beside = read("vegeta", text)
    assert (number, row.method, row.name, row.status, row.bytes) == (1, "GET", "/cart", 200, 3)
    assert row.started_s == pytest.approx(1790000005.25)
    assert row.latency_s == pytest.approx(0.0015)
    assert row.server_timing == TIMING
    assert beside.unsaid(FORMATS["vegeta"].unsaid) == (Unsaid.REDIRECTS, Unsaid.PLAN)


def test_a_request_without_a_response_has_status_0() -> None:
    ((_, row),), _ = read("vegeta", csv_row("0", error="connection refused", headers=""))
    assert (row.status, row.error, row.server_timing) == (0, "connection refused", "")


def test_a_result_without_headers_has_no_witness() -> None:
    """JSON has null there, of a request without a response."""
    ((_, row),), _ = read("vegeta", json_row(headers=None))
    assert row.server_timing == ""


def test_other_hosts_are_counted_apart() -> None:
    rows, beside = read("vegeta", csv_row() + csv_row(url="https://127.0.0.1:8000/"))
    assert (len(rows), beside.elsewhere) == (1, 1)


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        (csv_row() + "1790000005250000000,200\n", 2, "has 2 fields and not 12"),
        (csv_row(took="-5"), 1, "its latency is -5, which is negative"),
        (csv_row(took="NaN"), 1, "not a finite number"),
        (csv_row(at="12"), 1, None),
        (csv_row(code="20"), 1, "its status is '20'"),
        (csv_row(url=""), 1, "has no method or no URL"),
        (csv_row().rstrip("\n") + "%%\n", 1, "are not base64"),
        (json_row(latency="soon"), 1, "is not a result of vegeta"),
        (json_row() + "{\n", 2, "is not a result of vegeta"),
        (json_row(timestamp="2026-09-21T14:13:25"), 1, "names no time zone"),
        (json_row(latency=10**30), 1, "which is too long"),
    ],
)
def test_what_is_no_result_is_refused_with_its_line(text: str, number: int, reason: str | None) -> None:
    """A time long ago is left to who knows when the attack was."""
    if reason is None:
        assert read("vegeta", text)[0][0][1].started_s < 1
        return
    with pytest.raises(ResultError) as raised:
        read("vegeta", text)
    assert raised.value.line == number
    assert reason in raised.value.reason
