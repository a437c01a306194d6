"""`/sql-logs/`: what it tells, what it keeps to itself, and how it is bounded."""

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.target_app.conftest import Target, python, running

KEPT = 30
BAD = [
    ("limit=0", "limit must be"),
    ("limit=many", "limit must be a number"),
    ("min_ms=-1", "min_ms must be"),
    ("since=nan", "since must be"),
    ("format=xml", "format must be"),
    ("order=up", "'order' is unknown"),
    ("view=" + "x" * 2000, "longer than"),
]
NORMALISED = """
import json, sys, os
sys.path.insert(0, ".")
os.environ["DJANGO_SETTINGS_MODULE"] = "somesite.settings"
import django
django.setup()
from metrics_witness.sql_log import normalised
for line in sys.stdin:
    sql, vendor = json.loads(line)
    print(json.dumps(normalised(sql, vendor)))
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A target that keeps few statements."""
    with running(tmp_path_factory.mktemp("small"), TARGET_SQL_LOG=str(KEPT)) as target:
        yield target


def log(target: Target, query: str = "") -> dict[str, list[dict[str, object]]]:
    """The log as JSON."""
    answer = target.ask(f"/sql-logs/?{query}")
    assert answer.status == 200, answer.text
    document: dict[str, list[dict[str, object]]] = json.loads(answer.text)
    return document


def test_totals_stay_exact_while_the_log_stays_small(small: Target) -> None:
    """Statements of all processes are added up for good; only the newest of each process are kept."""
    before = log(small)["totals"]
    for _ in range(60):
        small.ask("/data/each")
    after, kept = log(small)["totals"], log(small)["statements"]
    grown = {key: after["default"][key] - before.get("default", {}).get(key, 0) for key in after["default"]}  # type: ignore[call-overload,attr-defined]
    assert grown == {"execute": 660, "many": 0, "sets": 0, "recheck": 0}
    assert len(kept) <= KEPT * len(small.workers())
    assert sum(file.stat().st_size for file in (small.state / "sql-log").iterdir()) < 100_000
    times = [float(str(told["time"])) for told in kept]
    assert times == sorted(times, reverse=True)


def test_the_log_is_filtered(target: Target) -> None:
    """By view, time, duration and number."""
    target.ask("/data/list")
    between = time.time()
    target.ask("/data/slow")
    target.ask("/data/caught")
    assert {told["view"] for told in log(target, "view=data:list")["statements"]} == {"data:list"}
    assert "data:list" not in {told["view"] for told in log(target, f"since={between}")["statements"]}
    assert all(float(str(told["duration_ms"])) >= 5 for told in log(target, "min_ms=5")["statements"])
    assert len(log(target, "limit=2")["statements"]) == 2
    assert log(target, "view=data:caught&limit=1")["statements"][0]["error"] == "OperationalError"


def test_a_parameter_without_a_value_is_not_given(target: Target) -> None:
    """As an empty text box of a dashboard sends it."""
    target.ask("/data/list")
    empty = log(target, "limit=200&since=&view=&min_ms=&format=")["statements"]
    assert empty == log(target, "limit=200")["statements"]
    assert "data:list" in {told["view"] for told in empty}


def test_csv_holds_the_same_rows(target: Target) -> None:
    """With a header line."""
    target.ask("/data/read")
    query = f"since={time.time() - 3600}&view=data:read"
    rows = list(csv.DictReader(io.StringIO(target.ask(f"/sql-logs/?{query}&format=csv").text)))
    assert [row["statement"] for row in rows] == [told["statement"] for told in log(target, query)["statements"]]
    assert set(rows[0]) == {"time", "view", "duration_ms", "rows", "alias", "process", "statement", "error"}


@pytest.mark.parametrize(("query", "told"), BAD, ids=[told for _, told in BAD])
def test_a_query_that_makes_no_sense_is_refused(target: Target, query: str, told: str) -> None:
    """With the reason, not with an error of the server."""
    answer = target.ask(f"/sql-logs/?{query}")
    assert (answer.status, told in answer.text) == (400, True), answer.text


def test_beyond_loopback_it_takes_the_token(tmp_path: Path) -> None:
    """Closed by default, and open to who says the word."""
    env = {"TARGET_ALLOWED_HOSTS": "127.0.0.1,example.org", "TARGET_SECRET_KEY": "s"}
    with running(tmp_path / "closed", **env) as target:
        assert target.ask("/sql-logs/").status == 404
        assert target.ask("/sql-logs/", headers={"X-Debug-Token": ""}).status == 404
    with running(tmp_path / "guarded", TARGET_DEBUG_TOKEN="open", **env) as target:
        assert target.ask("/sql-logs/", headers={"X-Debug-Token": "opened"}).status == 404
        assert target.ask("/sql-logs/", headers={"X-Debug-Token": "open"}).status == 200


def test_what_a_visitor_wrote_is_not_in_the_log(target: Target) -> None:
    """Parameters are not kept."""
    target.ask("/data/write", "POST", data={"title": "my-secret-title", "body": "my-secret-body"})
    assert "my-secret" not in json.dumps(log(target))
    assert not any(b"my-secret" in file.read_bytes() for file in (target.state / "sql-log").iterdir())


def normalise(cases: list[tuple[str, str]], state: Path) -> list[str]:
    """What the target's log makes of statements, each with its vendor."""
    script = state / "normalise.py"
    script.write_text(NORMALISED)
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = python(str(script), state=state, stdin=lines)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


SECRETS = st.text(st.characters(codec="ascii", exclude_characters="'", exclude_categories=["Cc"]), min_size=1)


@settings(deadline=None, max_examples=5)
@given(st.lists(SECRETS, min_size=20, max_size=60))
def test_no_literal_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever stands between the quotes; after a backslash nobody knows where they end."""
    cases = [(f"SELECT a FROM t WHERE b = '{text}' AND c = 1", "sqlite") for text in texts]
    found = normalise(cases, tmp_path_factory.mktemp("normalise"))
    assert found == [f"SELECT a FROM t WHERE b = ? {'...' if chr(92) in text else 'AND c = ?'}" for text in texts]


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mysql"])
def test_what_cannot_be_read_for_certain_is_left_out(tmp_path: Path, vendor: str) -> None:
    """A quote that nothing closes, a backslash before a quote, a literal that crosses the longest length."""
    hostile = ["SELECT 'SECRET", r"SELECT 'a\', 'SECRET' FROM t", f"SELECT '{'SECRET ' * 400}' FROM t"]
    found = normalise([(sql, vendor) for sql in hostile], tmp_path)
    assert [text for text in found if "SECRET" in text] == []
    assert all(text.startswith("SELECT") for text in found)
