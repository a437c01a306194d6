"""What the witness tells of SQL, cache and models, request by request, against what each view is known to do."""

import pytest

from harness.evidence.client import event_counts
from tests.target_app.conftest import Target, running

MODELS = [
    ("POST", "/data/write", {"note": {"insert": 1}}),
    ("POST", "/data/update", {"note": {"update": 1}}),
    ("POST", "/data/bulk", {"tag": {"bulk_insert": 5, "bulk_update": 5, "bulk_delete": 5}}),
    ("POST", "/data/given-key", {"tag": {"insert": 1, "given_pk": 1, "delete": 1}}),
    ("POST", "/data/remove", {"note": {"insert": 1, "delete": 1}, "tag": {"insert": 2, "bulk_delete": 2}}),
    ("POST", "/data/savepoint", {"note": {"insert": 1}, "tag": {"insert": 1, "undone": 1}}),
    ("POST", "/data/many", {"note": {"bulk_update": 4}}),
    ("GET", "/data/read", {}),
]
CACHE = [
    ("/data/cache-hit", {"get": 1, "hit": 1}),
    ("/data/cache-miss", {"get": 1, "miss": 1}),
    ("/data/cache-falsy", {"get": 2, "falsy": 2, "falsy_lost": 2}),
    ("/data/cache-none", {"get": 1, "none": 1}),
    ("/data/cache-expired", {"get": 1, "miss": 1}),
    ("/data/cache-many", {"get": 5, "many": 1, "many_keys": 5, "many_found": 3}),
    ("/data/cache-or-set", {"get": 3, "or_set_miss": 1, "or_set_hit": 1}),
]
THREADED = """\
import threading

from django.db import connection


def ask():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()


def threaded(get_response):
    def handle(request):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return get_response(request)

    return handle
"""
SQL = [
    ("GET", "/data/read", {"execute": 1}),
    ("GET", "/data/each", {"execute": 11}),
    ("POST", "/data/many", {"many": 1, "sets": 4}),
    ("GET", "/data/caught", {"execute": 1, "error.OperationalError": 1, "recheck": 1}),
    ("POST", "/data/savepoint", {"execute": 5, "control": 3}),
]


def told(target: Target, kind: str, path: str, method: str = "GET") -> event_counts.Counts:
    """The digest of one entry; empty without one."""
    entry = target.ask(path, method).witness.get(kind)
    return event_counts.parse(entry.description if entry else None)


@pytest.mark.parametrize(("method", "path", "counts"), MODELS, ids=[path for _, path, _ in MODELS])
def test_operations_on_models(target: Target, method: str, path: str, counts: event_counts.Counts) -> None:
    """Those of instances by signals, those in bulk by the view."""
    assert told(target, "model", path, method) == counts


@pytest.mark.parametrize(("path", "counts"), CACHE, ids=[path for path, _ in CACHE])
def test_lookups_of_the_cache(target: Target, path: str, counts: dict[str, int]) -> None:
    """What the view knows that it stored; the file cache gives the default for a stored 0."""
    told(target, "cache", path)
    assert told(target, "cache", path) == {"filebased": counts}


@pytest.mark.parametrize(("method", "path", "counts"), SQL, ids=[path for _, path, _ in SQL])
def test_statements(target: Target, method: str, path: str, counts: dict[str, int]) -> None:
    """Calls of the cursor; a thread's first request makes its connection."""
    found = dict(told(target, "db", path, method)["default"])
    found.pop("connect", None)
    assert found == counts


def test_a_statement_of_no_request_is_in_the_log_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A thread of the app's own runs one for each request: the log has it, the request's witness has not."""
    module = tmp_path_factory.mktemp("modules")
    (module / "threaded.py").write_text(THREADED)
    settings = 'from somesite.settings import *\nMIDDLEWARE = [*MIDDLEWARE, "threaded.threaded"]\n'
    (module / "threaded_settings.py").write_text(settings)
    env = {"PYTHONPATH": str(module), "DJANGO_SETTINGS_MODULE": "threaded_settings"}
    with running(tmp_path_factory.mktemp("target"), **env) as target:
        assert "db" not in target.ask("/work/fast").witness
        before = target.ask("/sql-logs/?limit=1").json()["totals"]["default"]["execute"]
        for _ in range(3):
            target.ask("/work/fast")
        assert target.ask("/sql-logs/?limit=1").json()["totals"]["default"]["execute"] == before + 4


def test_a_view_without_sql_tells_of_none(target: Target) -> None:
    """No entry, rather than zeros."""
    assert set(target.ask("/work/fast").witness) == {"view", "inner", "app"}


def test_the_state_is_what_the_views_did(target: Target) -> None:
    """Rows by model, migrations by alias."""
    before = target.ask("/state").json()
    target.ask("/data/write", "POST")
    target.ask("/data/bulk", "POST")
    after = target.ask("/state").json()
    assert after["rows"] == before["rows"] | {"note": before["rows"]["note"] + 1}
    assert after["migrations"] == {"default": {"applied": 4, "unapplied": 0}}
