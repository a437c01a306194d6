"""Any CSV: the profile says what its columns are."""

import pytest

from harness.config.profile import LoadCommand
from harness.core.unsaid import Unsaid
from harness.evidence.client.results import formats as formats_
from harness.evidence.client.results.base import ResultError
from harness.evidence.client.results.formats import FORMATS
from tests.unit.evidence.client.results.given import TARGET, read

OWN = {"end": "done", "latency": "ms", "name": "page", "status": "code", "method": "verb"}
UNITS = {"end": "iso", "latency": "ms"}


def test_columns_are_called_by_what_they_are_for() -> None:
    """In seconds; a latency is not taken for shorter than it can have been."""
    text = f"start,latency,method,url,status\n1790000005.250,0.0405,post,{TARGET}/cart?n=1,201\n"
    ((number, row),), beside = read("csv", text)
    assert (number, row.method, row.name, row.status, row.url) == (2, "POST", "/cart", 201, f"{TARGET}/cart?n=1")
    assert row.started_s == pytest.approx(1790000005.25)
    assert row.latency_s == pytest.approx(0.0406)
    assert beside.start_resolution_s == pytest.approx(0.001)
    said = beside.unsaid(FORMATS["csv"].unsaid)
    assert said == (Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.ABSENT, Unsaid.PLAN)


def test_the_profile_names_columns_and_units() -> None:
    text = "verb,page,code,ms,done,more\nGET,cart,200,40,2026-09-21T14:13:25.250Z,x\n"
    ((_, row),), beside = read("csv", text, columns=OWN, units=UNITS)
    assert (row.name, row.url) == ("cart", None)
    assert row.latency_s == pytest.approx(0.041)
    assert row.started_s == pytest.approx(1790000005.21)
    assert Unsaid.LATENCY in beside.unsaid(())


def test_a_column_of_the_witness_makes_up_for_headers() -> None:
    text = 'start,latency,url,status,method,server_timing\n1790000005.250,0.04,/cart,200,GET,"app;dur=1, db"\n'
    ((_, row),), beside = read("csv", text)
    assert (row.server_timing, row.name) == ("app;dur=1, db", "/cart")
    assert Unsaid.HEADERS not in beside.unsaid(FORMATS["csv"].unsaid)


def test_what_has_no_headers_is_known_before_the_load() -> None:
    """Unless the profile names their column."""
    named = {"start": "s", "latency": "l", "url": "u", "status": "c", "server_timing": "t"}
    formats = {each: formats_.without_headers(LoadCommand(("load",), each)) for each in FORMATS}
    assert {each for each, without in formats.items() if without} == {"k6-csv", "k6-json", "jtl", "csv"}
    assert formats_.without_headers(LoadCommand(("load",), "csv", named)) == formats_.without_headers(None) == ""


def test_an_empty_status_is_a_request_without_a_response() -> None:
    text = "start,latency,url,status,method,error\n1790000005,0.040,/cart,,GET,timed out\n"
    ((_, row),), _ = read("csv", text)
    assert (row.status, row.error) == (0, "timed out")


def test_the_finest_time_says_how_exact_all_are() -> None:
    """Zeros at the end of a number may have been left out."""
    rows = "".join(f"{at},0.040,/cart,200,GET\n" for at in ("1790000005", "1790000005.25", "1790000006.5"))
    assert read("csv", "start,latency,url,status,method\n" + rows)[1].start_resolution_s == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1790000005,inf,/cart,200,GET", "its latency is 'inf', which is not a finite number"),
        ("1790000005,-0.1,/cart,200,GET", "its latency is -0.1, which is negative"),
        ("1790000005,1e12,/cart,200,GET", "is too long; is the unit right?"),
        ("1790000005250,0.04,/cart,200,GET", "its start is 1790000005250, which is no time; is the unit right?"),
        ("-1,0.04,/cart,200,GET", "its start is -1, which is negative"),
        ("1790000005,0.04,,200,GET", "has neither a name nor a URL"),
        ("1790000005,0.04,/cart,2000,GET", "its status is '2000'"),
        ("1790000005,0.04,/cart,200,", "has no HTTP method"),
        ("1790000005,0.04,/cart", "has 3 fields, and the header 5"),
        ('1790000005,0.04,/cart,200,"GET', "is not CSV"),
    ],
)
def test_what_is_no_request_is_refused_with_its_line(row: str, reason: str) -> None:
    with pytest.raises(ResultError) as raised:
        read("csv", f"start,latency,url,status,method\n{row}\n")
    assert raised.value.line in (2, 3)
    assert reason in raised.value.reason
