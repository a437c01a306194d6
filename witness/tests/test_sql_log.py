"""The SQL log: kept beside the account, closed to strangers, without the values of statements."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from metrics_witness.sql_log import normalised

TOKEN = "read-the-log"
TWO = {"default": {"execute": 1, "many": 1, "sets": 2, "recheck": 0}}


def test_it_is_kept_also_when_no_response_carries_the_account(
    site: Callable[..., Any], sql_log: dict[str, Any]
) -> None:
    """Every request's statements, newest first, with their view; the response has no header."""
    with site({"enabled": False, "sql_log": sql_log}) as client:
        assert "Server-Timing" not in client.get("/busy").headers
        answer = client.get("/sql-logs/?view=shop:busy").json()
    assert answer["totals"] == TWO
    assert [statement["view"] for statement in answer["statements"]] == ["shop:busy"] * 2


def test_it_has_the_requests_that_do_not_carry_the_token(site: Callable[..., Any], sql_log: dict[str, Any]) -> None:
    """Its totals are those of the whole process."""
    with site({"token": "t", "sql_log": sql_log}) as client:
        client.get("/busy")
        client.get("/busy", HTTP_X_WITNESS_TOKEN="t")
        assert client.get("/sql-logs/").json()["totals"]["default"]["execute"] == 2


def test_a_statement_of_no_request_is_in_it(site: Callable[..., Any], sql_log: dict[str, Any]) -> None:
    """One that a thread of the app runs by itself."""

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'of its own'")
        connection.close()

    with site({"enabled": True, "sql_log": sql_log}) as client:
        client.get("/plain")
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        (statement,) = client.get("/sql-logs/").json()["statements"]
    assert (statement["view"], statement["statement"]) == ("", "SELECT ?")


def test_values_are_not_in_it(site: Callable[..., Any], sql_log: dict[str, Any]) -> None:
    """Neither those of parameters nor the token."""
    with site({"token": TOKEN, "sql_log": sql_log}) as client:
        client.get("/saves", HTTP_X_WITNESS_TOKEN=TOKEN)
        assert b"INSERT" in client.get("/sql-logs/").content
    text = "".join(file.read_text() for file in sql_log["directory"].iterdir())
    assert "secret value" not in text
    assert TOKEN not in text


READERS = [
    ("nobody", {}, {}, 404),
    ("loopback", {}, {}, 200),
    ("loopback", {}, {"REMOTE_ADDR": "192.0.2.7"}, 404),
    ("loopback", {"token": TOKEN}, {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_DEBUG_TOKEN": TOKEN}, 200),
    ("nobody", {"token": TOKEN}, {"HTTP_X_DEBUG_TOKEN": "guessed"}, 404),
    ("nobody", {"token": TOKEN}, {"HTTP_X_DEBUG_TOKEN": TOKEN}, 200),
    ("nobody", {}, {"HTTP_X_DEBUG_TOKEN": ""}, 404),
    ("all", {}, {"REMOTE_ADDR": "192.0.2.7"}, 200),
]


@pytest.mark.parametrize(("readers", "more", "headers", "status"), READERS)
def test_who_may_read_it(
    site: Callable[..., Any],
    sql_log: dict[str, Any],
    readers: str,
    more: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    """Nobody unless the settings say so; who may not is told that there is nothing."""
    with site({"sql_log": {**sql_log, "readers": readers, **more}}) as client:
        assert client.get("/sql-logs/", **headers).status_code == status


HOSTILE = [
    "SELECT 'SECRET",
    r"SELECT 'a\', 'SECRET' FROM t",
    f"SELECT '{'SECRET ' * 400}' FROM t",
    "SELECT 1 -- SECRET",
]


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize("sql", HOSTILE)
def test_what_cannot_be_read_for_certain_is_left_out(sql: str, vendor: str) -> None:
    """A quote that nothing closes, a backslash before a quote, a literal that crosses the longest length, a comment."""
    text = normalised(sql, vendor)
    assert text.startswith("SELECT")
    assert "SECRET" not in text
