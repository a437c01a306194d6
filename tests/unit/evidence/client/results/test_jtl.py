"""JMeter's CSV: whole milliseconds, labels instead of methods, transactions beside requests."""

import pytest

from harness.core.unsaid import Unsaid
from harness.evidence.client.results.base import ResultError
from harness.evidence.client.results.formats import FORMATS
from tests.unit.evidence.client.results.given import TARGET, read

HEADER = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)


def row(
    label: str = "GET /cart",
    code: str = "200",
    elapsed: str = "40",
    url: str = f"{TARGET}/cart",
    message: str = "OK",
    success: str = "true",
) -> str:
    return f"1790000005250,{elapsed},{label},{code},{message},u 1-1,text,{success},,310,120,3,5,{url},39,0,1\n"


def test_a_sample_is_a_request() -> None:
    """A millisecond is added to its latency: it may have been cut off. Its start is known to its duration only."""
    ((number, found),), beside = read("jtl", HEADER + row())
    assert (number, found.method, found.name, found.status, found.bytes) == (2, "GET", "GET /cart", 200, 310)
    assert found.latency_s == pytest.approx(0.041)
    assert found.started_s == pytest.approx(1790000005.25)
    assert beside.start_resolution_s == pytest.approx(0.041)
    assert beside.peak_users == 5
    left_out = {Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.START, Unsaid.LATENCY, Unsaid.PLAN}
    assert {*beside.unsaid(FORMATS["jtl"].unsaid)} == left_out


@pytest.mark.parametrize(("role", "started_s"), [("start", 1790000005.25), ("end", 1790000005.21)])
def test_the_profile_says_which_end_the_time_is_of(role: str, started_s: float) -> None:
    ((_, found),), beside = read("jtl", HEADER + row(), columns={role: "timeStamp"})
    assert found.started_s == pytest.approx(started_s)
    assert beside.start_resolution_s == pytest.approx(0.001)


def test_transactions_are_sums_and_other_samplers_go_elsewhere() -> None:
    rows, beside = read(
        "jtl",
        HEADER
        + row("buy", url="null", message="Number of samples in transaction : 2")
        + row("SELECT", url="null")
        + row(url="http://127.0.0.1:1/")
        + row(),
    )
    assert (len(rows), beside.elsewhere) == (1, 2)


def test_what_had_no_response_has_status_0() -> None:
    code = "Non HTTP response code: java.net.ConnectException"
    ((_, found),), _ = read("jtl", HEADER + row(code=code, message="refused", success="false"))
    assert (found.status, found.error) == (0, "refused")


def test_the_method_is_named_by_the_profile_where_the_label_does_not() -> None:
    named, starred = {"Home": "HEAD"}, {"*": "GET"}
    assert read("jtl", HEADER + row("Home"), methods=named)[0][0][1].method == "HEAD"
    assert read("jtl", HEADER + row("Home"), methods=starred)[0][0][1].method == "GET"


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        (HEADER.replace(",URL", ",url") + row(), 1, "names no column 'URL'"),
        (row() + row(), 1, "names no column 'timeStamp'"),
        (HEADER + row("Home"), 2, "has no HTTP method: name it in the profile, methods = { 'Home' = 'GET' }"),
        (HEADER + row() + row(elapsed="x"), 3, "its elapsed is 'x'"),
        (HEADER + row()[:24] + "\n", 2, "has 3 fields, and the header 17"),
    ],
)
def test_what_is_no_jtl_is_refused_with_its_line(text: str, number: int, reason: str) -> None:
    with pytest.raises(ResultError) as raised:
        read("jtl", text)
    assert raised.value.line == number
    assert reason in raised.value.reason
