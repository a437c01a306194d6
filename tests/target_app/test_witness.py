"""The witness middlewares by themselves, read back with the harness's own reader of `Server-Timing`."""

import importlib.util
import re
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.urls import Resolver404

from harness.evidence.client import server_timing
from tests.target_app.conftest import TARGET_APP

ENTRY = r'[a-z]+;dur=[0-9]+\.[0-9]{6}(;desc="([^"\\]|\\.)*")?'


@pytest.fixture(scope="module")
def witness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("witness", TARGET_APP / "somesite" / "witness.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering(header: str | None = None) -> Callable[[Any], Any]:
    """The rest of the chain: a response that has this header already."""
    return lambda _request: SimpleNamespace(headers={"Server-Timing": header} if header else {})


def request_to(view_name: str | None, **headers: str) -> Any:
    """A resolved request, with headers by name."""
    match = SimpleNamespace(view_name=view_name)
    return SimpleNamespace(resolver_match=match, headers={name.replace("_", "-"): v for name, v in headers.items()})


def unresolved(path: str) -> Any:
    """A request that was answered before Django looked up its view."""
    return SimpleNamespace(resolver_match=None, path_info=path, headers={})


def resolve(path: str, _urlconf: str | None) -> Any:
    """Django's, for one URL."""
    if path != "/work/fast":
        raise Resolver404
    return SimpleNamespace(view_name="work:fast")


def test_a_request_that_a_middleware_answered_has_the_view_of_its_path(
    witness: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metric calls it unnamed, and that is the error to be seen."""
    monkeypatch.setattr(witness, "resolve", resolve)
    response = witness.InnerWitness(answering())(unresolved("/work/fast"))
    assert server_timing.parse(response.headers["Server-Timing"])["view"].description == "work:fast"


@pytest.mark.parametrize("name", ["work:fast", 'say "hi"', "back\\slash", 'both \\" of them', "a, b; dur=9", "x\\"])
def test_a_view_name_survives_the_header(witness: ModuleType, name: str) -> None:
    """Quotes and backslashes are escaped, so the reader gets back the very name."""
    response = witness.InnerWitness(answering())(request_to(name))
    assert re.fullmatch(ENTRY, response.headers["Server-Timing"])
    assert server_timing.parse(response.headers["Server-Timing"])["view"].description == name


@pytest.mark.parametrize(
    "request_",
    [unresolved("/nowhere"), request_to(None), request_to("")],
    ids=["unresolved", "unnamed", "empty"],
)
def test_without_a_view_name_there_is_no_description(
    witness: ModuleType, monkeypatch: pytest.MonkeyPatch, request_: Any
) -> None:
    """A path that resolves to no named view is timed all the same."""
    monkeypatch.setattr(witness, "resolve", resolve)
    response = witness.InnerWitness(answering())(request_)
    assert re.fullmatch(r"view;dur=[0-9]+\.[0-9]{6}", response.headers["Server-Timing"])


def test_entries_are_added_to_a_header_that_is_there(witness: ModuleType) -> None:
    """What the view said about itself stays, in front."""
    chain = witness.OuterWitness(witness.InnerWitness(answering("db;dur=1.5")))
    header = chain(request_to("work:fast")).headers["Server-Timing"]
    assert re.fullmatch(rf"db;dur=1\.5, {ENTRY}, {ENTRY}", header)
    assert list(server_timing.parse(header)) == ["db", "view", "app"]


def test_the_outer_witness_encloses_the_inner_one_and_both_the_work(witness: ModuleType) -> None:
    """Work of 5 ms inside is in both, in this order."""

    def work(request: Any) -> Any:
        time.sleep(0.005)
        return answering()(request)

    chain = witness.OuterWitness(witness.InnerWitness(work))
    found = server_timing.parse(chain(request_to("work:fast")).headers["Server-Timing"])
    assert 0.005 <= (found["view"].duration_s or 0) <= (found["app"].duration_s or 0)


def test_an_exception_is_told_with_its_type_and_its_time(witness: ModuleType) -> None:
    """`raised` comes after `view` and took no longer."""
    request = request_to("work:raises")

    def fails(asked: Any) -> Any:
        inner.process_exception(asked, KeyError("on purpose"))
        return answering()(asked)

    inner = witness.InnerWitness(fails)
    found = server_timing.parse(inner(request).headers["Server-Timing"])
    assert list(found) == ["view", "raised"]
    assert found["raised"].description == "KeyError"
    assert 0 < (found["raised"].duration_s or 0) <= (found["view"].duration_s or 0)


def test_the_queue_is_the_time_since_the_client_sent_the_request(witness: ModuleType) -> None:
    """A request sent 250 ms ago has waited a little longer than that."""
    request = request_to("work:fast", X_Request_Start=f"t={time.time() - 0.25:.6f}")
    queue = server_timing.parse(witness.OuterWitness(answering())(request).headers["Server-Timing"])["queue"]
    assert 0.2499 < (queue.duration_s or 0) < 5


@pytest.mark.parametrize(
    "value",
    [
        "",
        "t=",
        "t=now",
        "t=nan",
        "t=inf",
        "t=-inf",
        "t=-1e300",
        "t=-5",
        "t=1_0",
        "t=9e9",
        "1700000000.5",
        "t=99999999999",
    ],
)
def test_a_client_time_that_makes_no_sense_is_left_out(witness: ModuleType, value: str) -> None:
    """Nonsense, infinities, negative numbers and the future give no `queue`, and no error."""
    response = witness.OuterWitness(answering())(request_to("work:fast", X_Request_Start=value))
    assert re.fullmatch(r"app;dur=[0-9]+\.[0-9]{6}", response.headers["Server-Timing"])
