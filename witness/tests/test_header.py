"""The entries of the two witnesses, each middleware by itself."""

import os
import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory, override_settings

from metrics_witness import identity
from metrics_witness.middleware import InnerWitness, OuterWitness
from metrics_witness.server_timing import entry

TEMPLATE = SimpleNamespace(template_name=["shop/cart.html", "base.html"])


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
    return {name: float(value) for name, value in re.findall(r"([\w-]+);dur=([0-9.]+)", text)}


def described(text: str) -> dict[str, str]:
    """The descriptions of the entries that have one."""
    return dict(re.findall(r'([\w-]+)(?:;dur=[0-9.]+)?;desc="([^"]*)"', text))


def entries(text: str) -> list[str]:
    """The names of the entries, in their order; no description here has a comma."""
    return [entry.split(";")[0].strip() for entry in text.split(",")]


def noted(response: Any) -> str:
    """What the inner witness says behind its number."""
    return described(header(response))["mw-inner"].partition(" ")[2]


@pytest.mark.parametrize(("path", "view"), [("/plain", "plain"), ("/busy", "shop:busy")])
def test_a_request_that_a_middleware_answered_has_the_view_of_its_path(path: str, view: str) -> None:
    """The metric calls it unnamed, and that is the error to be seen."""
    assert described(header(InnerWitness(answering())(request_to(path))))["mw-view"] == view


NAMES = [
    "work:fast",
    'say "hi"',
    "back\\slash",
    "a, b; dur=9",
    "100%",
    "чай",
    "日本",
    "\U0001f375",
    "x\\",
    "line\nbreak",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_view_name_is_percent_encoded(name: str) -> None:
    """Whatever alphabet it is in, the header is plain ASCII and the name ends where it ends."""
    request = request_to("/plain")
    request.resolver_match = SimpleNamespace(view_name=name)  # type: ignore[assignment]
    text = header(InnerWitness(answering())(request))
    assert text.isascii()
    assert unquote(described(text)["mw-view"]) == unquote(described(text)["view"]) == name


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_view_name_there_is_no_description(name: str | None) -> None:
    """A path that resolves to no named view, or to no view at all, is timed all the same."""
    request = request_to("/nowhere")
    assert header(InnerWitness(answering())(request)).startswith("mw-view;dur=")
    assert "mw-view" not in described(header(InnerWitness(answering())(request)))
    request.resolver_match = SimpleNamespace(view_name=name)  # type: ignore[assignment]
    assert described(header(InnerWitness(answering())(request))).keys() == {"mw-inner"}


def test_durations_have_nanosecond_digits() -> None:
    """In milliseconds, the unit of the standard."""
    assert entry("view", 1_500_000_001) == "view;dur=1500.000001"


def test_entries_are_added_to_a_header_that_is_there() -> None:
    """What the view said about itself stays, in front."""
    text = header(OuterWitness(InnerWitness(answering("db;dur=1.5")))(request_to("/plain")))
    assert text.startswith("db;dur=1.5, mw-view;dur=")
    assert entries(text) == ["db", "mw-view", "mw-inner", "view", "mw-app", "app"]


@pytest.mark.parametrize("own", ["app;dur=47.2", "app ; dur=47.2, db;dur=53", "app", "db;dur=53,app;desc=x"])
def test_an_entry_of_the_app_itself_is_not_repeated(own: str) -> None:
    """A browser shows the first of a name; the witness's own entries have names that nobody else uses."""
    text = header(OuterWitness(InnerWitness(answering(own)))(request_to("/plain")))
    assert text.startswith(f"{own}, mw-view;")
    assert entries(text)[-4:] == ["mw-view", "mw-inner", "view", "mw-app"]


def test_each_answer_has_numbers_of_its_own() -> None:
    """16 hexadecimal digits of each witness."""
    chain = OuterWitness(InnerWitness(answering()))
    found = [described(header(chain(request_to("/plain")))) for _ in range(3)]
    numbers = [each[entry].split(" ")[0] for each in found for entry in ("mw-inner", "mw-app")]
    assert len(set(numbers)) == 6
    assert all(re.fullmatch("[0-9a-f]{16}", number) for number in numbers)


def test_a_forked_process_counts_from_elsewhere() -> None:
    """Two workers of one master must not give the same numbers."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, f"{identity.nonce()} {identity.identity(request_to('/'), '', {}).split()[0]}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    number, process = os.read(reading, 100).decode().split()
    os.close(reading)
    os.close(writing)
    assert abs(int(number, 16) - int(identity.nonce(), 16)) > 1000
    assert int(process) == child
    assert identity.identity(request_to("/"), "", {}).split()[0] == str(os.getpid())


@pytest.mark.parametrize(
    ("meta", "witness", "says"),
    [
        ({"SERVER_NAME": "10.0.0.1", "SERVER_PORT": "8000"}, {}, "10.0.0.1:8000"),
        ({"SERVER_NAME": "::1", "SERVER_PORT": "8000"}, {}, "[::1]:8000"),
        ({"SERVER_NAME": "unix", "SERVER_PORT": ""}, {}, "-"),
        ({}, {"instance": "web 1", "labels": {"pod": "a=b", "app": "чай"}}, "web%201 pod=a%3Db app=%D1%87%D0%B0%D0%B9"),
    ],
)
def test_a_process_says_who_it_is(meta: dict[str, str], witness: dict[str, Any], says: str) -> None:
    """Its id, where it listens or what the settings call it, and the labels that they declare."""
    request = request_to("/plain")
    request.META.update(meta)
    with override_settings(WITNESS={"enabled": True, **witness}):
        said = described(header(OuterWitness(answering())(request)))["mw-app"]
    assert said.split(" ", 2)[1:] == [str(os.getpid()), says]


def test_what_the_metrics_count_of_request_and_response_is_noted() -> None:
    """Both sizes, charset, and flags: streaming, AJAX, TLS."""
    sent = RequestFactory().post("/plain", b"12345", content_type="text/plain", HTTP_X_REQUESTED_WITH="XMLHttpRequest")
    body = HttpResponse("три", content_type="text/plain; charset=koi8-r")
    assert noted(InnerWitness(lambda _request: body)(sent)) == "5 3 koi8-r a"
    stream = StreamingHttpResponse(iter([b"a", b"b"]))
    secure = RequestFactory().get("/plain", secure=True)
    assert noted(InnerWitness(lambda _request: stream)(secure)) == "0 - utf-8 st"


def test_the_template_is_noted_where_django_renders_it() -> None:
    """As text, also where it is a list of names."""
    inner = InnerWitness(lambda request: inner.process_template_response(request, TEMPLATE) and HttpResponse())
    assert (
        noted(inner(request_to("/plain")))
        == f"0 0 utf-8 - {quote(str(TEMPLATE.template_name), safe='[]/,.' + chr(39))}"
    )


def test_an_answer_between_the_two_witnesses_is_marked() -> None:
    """It carries the inner entries of the response that was cached."""
    cached = header(InnerWitness(answering())(request_to("/plain")))
    assert entries(header(OuterWitness(answering(cached))(request_to("/plain"))))[-3:] == [
        "mw-app",
        "mw-between",
        "app",
    ]
    assert "mw-between" not in header(OuterWitness(answering())(request_to("/plain")))


def test_the_outer_witness_encloses_the_inner_one_and_both_the_work() -> None:
    """Work of 5 ms inside is in both, in this order."""

    def work(request: HttpRequest) -> HttpResponse:
        time.sleep(0.005)
        return answering()(request)

    found = durations_ms(header(OuterWitness(InnerWitness(work))(request_to("/plain"))))
    assert 5 <= found["mw-view"] <= found["mw-app"]


def test_an_exception_has_its_type_and_its_time() -> None:
    """`raised` comes after `view` and took no longer."""

    def fails(asked: HttpRequest) -> HttpResponse:
        inner.process_exception(asked, KeyError("on purpose"))
        return answering()(asked)

    inner = InnerWitness(fails)
    text = header(inner(request_to("/plain")))
    found = durations_ms(text)
    assert list(found) == ["mw-view", "mw-raised", "view"]
    assert described(text)["mw-raised"] == "KeyError"
    assert 0 < found["mw-raised"] <= found["mw-view"]


def test_the_queue_is_the_time_since_the_client_sent_the_request() -> None:
    """A request sent 250 ms ago has waited a little longer than that."""
    request = request_to("/plain", HTTP_X_REQUEST_START=f"t={time.time() - 0.25:.6f}")
    assert 249.9 < durations_ms(header(OuterWitness(answering())(request)))["mw-queue"] < 5000


NO_TIMES = (
    *("", "t=", "t=now", "t=nan", "t=inf", "t=-inf", "t=-1e300", "t=-5", "t=1_0", "t=9e9"),
    *("1700000000.5", "t=99999999999"),
)


@pytest.mark.parametrize("value", NO_TIMES)
def test_a_client_time_that_makes_no_sense_is_left_out(value: str) -> None:
    """Nonsense, infinities, negative numbers and the future give no `queue`, and no error."""
    text = header(OuterWitness(answering())(request_to("/plain", HTTP_X_REQUEST_START=value)))
    assert entries(text) == ["mw-app", "app"]
