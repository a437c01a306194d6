"""What the header says of each request, on a real site under WSGI and ASGI."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

ON = {"enabled": True}
SAVES = "contenttype insert=2 delete=1 bulk_delete=1"


def described(response: Any) -> dict[str, str]:
    """The descriptions of the header's entries, by name."""
    return dict(re.findall(r'(\w+)(?:;dur=[0-9.]+)?;desc="([^"]*)"', response.headers["Server-Timing"]))


def test_sql_cache_and_models_are_counted(site: Callable[..., Any]) -> None:
    """By alias, by the metrics' name of the cache, by model; a thread's first request makes its connection."""
    with site(ON) as client:
        assert described(client.get("/busy")) == {
            "view": "shop:busy",
            "db": "default execute=1 many=1 sets=2 connect=1",
            "cache": "locmem get=1 miss=1",
            "model": "note bulk_insert=3",
        }
        assert described(client.get("/saves"))["model"] == SAVES


def test_the_apps_own_entries_stay_in_front(site: Callable[..., Any]) -> None:
    """And a view without SQL has none of the account's."""
    with site(ON) as client:
        header = client.get("/plain").headers["Server-Timing"]
    assert re.fullmatch(r'own;dur=1\.5, view;dur=\d+\.\d{6};desc="plain", app;dur=\d+\.\d{6}', header)


def test_an_exception_is_named(site: Callable[..., Any]) -> None:
    """With the time until the hooks ran, which is within the view's."""
    with site(ON) as client:
        response = client.get("/raises")
    assert response.status_code == 500
    assert described(response)["raised"] == "KeyError"


def test_requests_side_by_side_have_accounts_of_their_own(site: Callable[..., Any]) -> None:
    """Two threads that run statements at the same time."""
    with site(ON), ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda n: described(Client().get(f"/meets?n={n}"))["db"], (2, 5))
        assert list(answers) == ["default execute=2 connect=1", "default execute=5 connect=1"]


@pytest.mark.parametrize("tasks", [1, 3])
def test_tasks_side_by_side_have_accounts_of_their_own(site: Callable[..., Any], tasks: int) -> None:
    """Coroutines of one event loop, whose SQL runs in threads."""

    async def ask(client: Any) -> list[Any]:
        return await asyncio.gather(*(client.get(f"/awaits?n={n}") for n in range(1, tasks + 1)))

    with site(ON, asynchronous=True) as client:
        answers = async_to_sync(ask)(client)
    expected = [f"contenttype insert={2 * n} delete={n} bulk_delete={n}" for n in range(1, tasks + 1)]
    assert [described(answer)["model"] for answer in answers] == expected
