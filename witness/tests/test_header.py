"""The entries of the two witnesses, each middleware by itself."""

import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from metrics_witness.middleware import InnerWitness, OuterWitness
from metrics_witness.server_timing import entry

ENTRY = r'[a-z]+;dur=[0-9]+\.[0-9]{6}(;desc="([^"\\]|\\.)*")?'


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    with override_settings(WITNESS={"enabled": True}):
        yield


def answering(header: str | None = None) -> Callable[[HttpRequest], HttpResponse]:
    """The rest of the chain: a response that has this header already."""
    return lambda _request: HttpResponse(headers={"Server-Timing": header} if header else {})


def request_to(path: str, **headers: str) -> HttpRequest:
    """A request that was answered before Django looked up its view."""
    return RequestFactory().get(path, **headers)  # type: ignore[arg-type] # the stubs name every keyword


def header(response: Any) -> str:
    text: str = response.headers["Server-Timing"]
    return text


def durations_ms(text: str) -> dict[str, float]:
    """By entry, in their order."""
    return {name: float(value) for name, value in re.findall(r"(\w+);dur=([0-9.]+)", text)}


@pytest.mark.parametrize(("path", "view"), [("/plain", "plain"), ("/busy", "shop:busy")])
def test_a_request_that_a_middleware_answered_has_the_view_of_its_path(path: str, view: str) -> None:
    """The metric calls it unnamed, and that is the error to be seen."""
    assert f'desc="{view}"' in header(InnerWitness(answering())(request_to(path)))


@pytest.mark.parametrize("name", ["work:fast", 'say "hi"', "back\\slash", 'both \\" of them', "a, b; dur=9", "x\\"])
def test_a_view_name_is_quoted(name: str) -> None:
    """Quotes and backslashes are escaped, so that it ends where it ends."""
    request = request_to("/plain")
    request.resolver_match = SimpleNamespace(view_name=name)  # type: ignore[assignment]
    text = header(InnerWitness(answering())(request))
    assert re.fullmatch(ENTRY, text)
    assert re.sub(r"\\(.)", r"\1", text.partition('desc="')[2][:-1]) == name


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_view_name_there_is_no_description(name: str | None) -> None:
    """A path that resolves to no named view, or to no view at all, is timed all the same."""
    request = request_to("/nowhere")
    assert re.fullmatch(r"view;dur=[0-9]+\.[0-9]{6}", header(InnerWitness(answering())(request)))
    request.resolver_match = SimpleNamespace(view_name=name)  # type: ignore[assignment]
    assert re.fullmatch(r"view;dur=[0-9]+\.[0-9]{6}", header(InnerWitness(answering())(request)))


def test_durations_have_nanosecond_digits() -> None:
    """In milliseconds, the unit of the standard."""
    assert entry("view", 1_500_000_001) == "view;dur=1500.000001"


def test_entries_are_added_to_a_header_that_is_there() -> None:
    """What the view said about itself stays, in front."""
    chain = OuterWitness(InnerWitness(answering("db;dur=1.5")))
    text = header(chain(request_to("/plain")))
    assert re.fullmatch(rf"db;dur=1\.5, {ENTRY}, {ENTRY}", text)
    assert list(durations_ms(text)) == ["db", "view", "app"]


def test_the_outer_witness_encloses_the_inner_one_and_both_the_work() -> None:
    """Work of 5 ms inside is in both, in this order."""

    def work(request: HttpRequest) -> HttpResponse:
        time.sleep(0.005)
        return answering()(request)

    found = durations_ms(header(OuterWitness(InnerWitness(work))(request_to("/plain"))))
    assert 5 <= found["view"] <= found["app"]


def test_an_exception_has_its_type_and_its_time() -> None:
    """`raised` comes after `view` and took no longer."""

    def fails(asked: HttpRequest) -> HttpResponse:
        inner.process_exception(asked, KeyError("on purpose"))
        return answering()(asked)

    inner = InnerWitness(fails)
    text = header(inner(request_to("/plain")))
    found = durations_ms(text)
    assert list(found) == ["view", "raised"]
    assert text.endswith('desc="KeyError"')
    assert 0 < found["raised"] <= found["view"]


def test_the_queue_is_the_time_since_the_client_sent_the_request() -> None:
    """A request sent 250 ms ago has waited a little longer than that."""
    request = request_to("/plain", HTTP_X_REQUEST_START=f"t={time.time() - 0.25:.6f}")
    assert 249.9 < durations_ms(header(OuterWitness(answering())(request)))["queue"] < 5000


NO_TIMES = (
    *("", "t=", "t=now", "t=nan", "t=inf", "t=-inf", "t=-1e300", "t=-5", "t=1_0", "t=9e9"),
    *("1700000000.5", "t=99999999999"),
)


@pytest.mark.parametrize("value", NO_TIMES)
def test_a_client_time_that_makes_no_sense_is_left_out(value: str) -> None:
    """Nonsense, infinities, negative numbers and the future give no `queue`, and no error."""
    text = header(OuterWitness(answering())(request_to("/plain", HTTP_X_REQUEST_START=value)))
    assert re.fullmatch(r"app;dur=[0-9]+\.[0-9]{6}", text)
