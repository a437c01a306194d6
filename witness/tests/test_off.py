"""Off, and on by token: who does not ask for the account gets the very response that the app gives without it."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.test import override_settings

from metrics_witness.middleware import InnerWitness, OuterWitness

TOKEN = "open-sesame"
QUIET = [
    ("not set", None, {}),
    ("disabled", {"enabled": False}, {"HTTP_X_WITNESS_TOKEN": TOKEN}),
    ("disabled in spite of a token", {"enabled": False, "token": TOKEN}, {"HTTP_X_WITNESS_TOKEN": TOKEN}),
    ("no token sent", {"token": TOKEN}, {}),
    ("an empty token sent", {"token": TOKEN}, {"HTTP_X_WITNESS_TOKEN": ""}),
    ("another token sent", {"token": TOKEN}, {"HTTP_X_WITNESS_TOKEN": f"{TOKEN}s"}),
    ("no ASCII sent", {"token": TOKEN}, {"HTTP_X_WITNESS_TOKEN": "é"}),
]
quiet = pytest.mark.parametrize(("witness", "headers"), [row[1:] for row in QUIET], ids=[row[0] for row in QUIET])


def on_the_wire(response: Any) -> tuple[int, bytes, bytes]:
    """All that a client gets."""
    return response.status_code, response.serialize_headers(), response.content


@quiet
@pytest.mark.parametrize("path", ["/plain", "/busy", "/saves", "/nowhere", "/sql-logs/"])
def test_the_response_is_the_same_byte_for_byte(
    site: Callable[..., Any], witness: Any, headers: dict[str, str], path: str
) -> None:
    """As without the middlewares."""
    with site(middleware=()) as client:
        without = on_the_wire(client.get(path))
    with site(witness) as client:
        assert on_the_wire(client.get(path, **headers)) == without


@quiet
def test_nothing_is_wrapped_and_nothing_is_listened_to(
    site: Callable[..., Any], receivers: Callable[[], list[Any]], witness: Any, headers: dict[str, str]
) -> None:
    """Neither while the request runs nor afterwards."""
    before = receivers()
    with site(witness) as client:
        assert client.get("/busy", **headers).status_code == 200
    assert receivers() == before
    assert connection.execute_wrappers == []
    assert "get" not in vars(cache._connections[cache._alias])  # type: ignore[attr-defined] # the backend in use


@pytest.mark.parametrize("kind", [OuterWitness, InnerWitness])
@pytest.mark.parametrize("witness", [{}, {"enabled": False}, {"enabled": False, "token": TOKEN}])
def test_off_by_setting_both_leave_the_chain(kind: Any, witness: dict[str, Any]) -> None:
    """So that they cost nothing."""
    with override_settings(WITNESS=witness), pytest.raises(MiddlewareNotUsed):
        kind(lambda request: request)


def test_with_the_token_the_account_is_sent_and_the_token_is_not(site: Callable[..., Any]) -> None:
    """Only for that request; the next one without it is left alone, and no wrapper stays on the connection."""
    with site({"token": TOKEN}) as client:
        asked = client.get("/busy", HTTP_X_WITNESS_TOKEN=TOKEN)
        after = client.get("/busy")
    header = asked.headers["Server-Timing"]
    assert [entry.split(";")[0].strip() for entry in header.split(",")] == [
        "mw-view",
        "mw-inner",
        "view",
        *(f"mw-{name}" for name in ("app", "db", "cache", "model")),
        "app",
    ]
    assert TOKEN.encode() not in asked.serialize_headers() + asked.content
    assert "Server-Timing" not in after.headers
    assert connection.execute_wrappers == []


async def ask(client: Any, path: str, **headers: str) -> Any:
    return await client.get(path, headers=headers)


def test_under_asgi_the_token_decides_as_well(site: Callable[..., Any], receivers: Callable[[], list[Any]]) -> None:
    """The account for who sends it, nothing for who does not."""
    before = receivers()
    with site({"token": TOKEN}, asynchronous=True) as client:
        assert "Server-Timing" not in async_to_sync(ask)(client, "/awaits?n=0").headers
        assert receivers() == before
        asked = async_to_sync(ask)(client, "/awaits?n=1", **{"X-Witness-Token": TOKEN})
    assert receivers() != before
    assert 'desc="awaits", mw-app;' in asked.headers["Server-Timing"]
