"""What the header says of each request, on a real site under WSGI and ASGI."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import Client

from metrics_witness.account import digest

ON = {"enabled": True}
SAVES = "contenttype insert=2 delete=1 bulk_delete=1"


def described(response: Any) -> dict[str, str]:
    """The descriptions of the header's entries, by name."""
    return dict(re.findall(r'mw-(\w+)(?:;dur=[0-9.]+)?;desc="([^"]*)"', response.headers["Server-Timing"]))


def test_sql_cache_and_models_are_counted(site: Callable[..., Any]) -> None:
    """By alias, by the metrics' name of the cache, by model; a thread's first request makes its connection."""
    with site(ON) as client:
        found = described(client.get("/busy"))
        assert {name: found[name] for name in ("view", "db", "cache", "model")} == {
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
    parts = (
        r'own;dur=1\.5, mw-view;dur=\d+\.\d{6};desc="plain", mw-inner;desc="[0-9a-f]{16} 0 5 utf-8 -"',
        r'view;dur=\d+\.\d{3};desc="plain"',
        rf'mw-app;dur=\d+\.\d{{6}};desc="[0-9a-f]{{16}} {os.getpid()} testserver:80"',
        r"app;dur=\d+\.\d{3}",
    )
    assert re.fullmatch(", ".join(parts), header)


def test_names_beyond_ascii_are_counted_under_their_name() -> None:
    """Percent-encoded, with what separates names in the text."""
    counts = {"тест": Counter({"execute": 2, "error.Ошибка": 1}), "a b;c=d": Counter({"execute": 1})}
    text = digest(counts)
    assert text.isascii()
    assert unquote(text) == "тест execute=2 error.Ошибка=1; a b;c=d execute=1"
    assert "a%20b%3Bc%3Dd" in text


def test_an_exception_is_named(site: Callable[..., Any]) -> None:
    """With the time until the hooks ran, which is within the view's."""
    with site(ON) as client:
        response = client.get("/raises")
    assert response.status_code == 500
    assert described(response)["raised"] == "KeyError"


def test_requests_side_by_side_have_accounts_of_their_own(site: Callable[..., Any]) -> None:
    """Two threads that run statements at the same time."""

    def ask(n: int) -> str:
        try:
            return described(Client().get(f"/meets?n={n}"))["db"]
        finally:
            connections.close_all()  # of this thread

    with site(ON), ThreadPoolExecutor(2) as threads:
        answers = threads.map(ask, (2, 5))
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
