"""The target on every engine, cache and server, pairwise: each word of the matrix once at least, on real servers."""

import importlib.util
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import toml_file
from harness.core.errors import UsageError
from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from harness.runtime import keeper
from harness.runtime.stack import servers
from tests.e2e.conftest import PROJECT, Harness
from tests.e2e.conftest import unsettled as open_in
from tests.parts import mostly_long

pytestmark = pytest.mark.xdist_group("servers")
CELLS = [
    ("postgresql", "redis", "gthread"),
    ("mysql", "memcached", "asgi"),
    ("sqlite", "locmem", "sync"),
    ("postgresql", "django-redis", "asgi"),
    ("mysql", "file", "sync"),
]
DELAY_MS = 30


def names_of(cell: tuple[str, ...]) -> list[str]:
    """The servers that a cell needs; skips the test, with the reason, where one or its driver is not installed."""
    variants = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").variants
    names = [name for variant in cell for name in variants[variant].services]
    try:
        servers.find(names)
    except UsageError as error:
        pytest.skip(f"{' x '.join(cell)} is left out: {error}")
    if "mysql" in cell and importlib.util.find_spec("MySQLdb") is None:
        pytest.skip(f"{' x '.join(cell)} is left out: mysqlclient is not installed; `make services` builds it")
    return names


def arguments(cell: tuple[str, ...], out: Path) -> list[str | Path]:
    """`run` of one cell."""
    return ["run", "matrix", *(word for variant in cell for word in ("--variant", variant)), "--out", out]


def report_of(out: Path, told: str) -> Report:
    """The report, which must be there."""
    assert (out / "report.json").exists(), told
    return parse((out / "report.json").read_text())


def unsettled(report: Report) -> list[tuple[str, str, str]]:
    """What did not pass."""
    return [(v.check, v.subject, v.why) for v in open_in(report)]


OFTEN = 2
"""How many of the cells `make test` runs."""


@pytest.mark.parametrize(
    "cell",
    [*CELLS[:OFTEN], *(pytest.param(cell, marks=pytest.mark.long) for cell in CELLS[OFTEN:])],
    ids=" ".join,
)
def test_a_cell_of_the_matrix_verifies(
    harness: Harness, tmp_path: Path, answered: Callable[[str], None], cell: tuple[str, str, str]
) -> None:
    """Every check passes, those of database, cache, exceptions, models and migrations among them."""
    names = names_of(cell)
    out = tmp_path / "run"
    report = report_of(out, harness.run(*arguments(cell, out)).err)
    assert unsettled(report) == []
    assert {"database", "cache", "exceptions", "model-ops", "migrations"} <= {v.check for v in report.verdicts}
    ledgers = json.loads((out / "evidence.json").read_text())["ledgers"]
    assert all("result" in answer for ledger in ledgers.values() for answer in ledger.values())
    told = ", ".join(f"{name} {report.versions[name]}" for name in names)
    answered(f"{' x '.join(cell)}: {told or 'no server'}")


@pytest.mark.long
def test_a_slowed_view_shows_in_its_sql_and_its_latency_and_in_no_other(harness: Harness, tmp_path: Path) -> None:
    """Both rise by the delay, together, and only there."""
    out = tmp_path / "run"
    delay = {"TARGET_SQL_DELAY_MS": str(DELAY_MS), "TARGET_SQL_DELAY_VIEW": "data:read"}
    done = harness.run("run", "matrix", "--locustfile", PROJECT / "scenarios" / "database.py", "--out", out, **delay)
    report = report_of(out, done.err)
    assert unsettled(report) == []
    views = {view.view: view for view in report.views if view.view.startswith("data:")}
    slowed = views.pop("data:read")
    for figure in (slowed.witness.sql_p50_s, slowed.witness.p50_s, slowed.client.p50_s, slowed.metric.p50_s):
        assert figure is not None
        assert figure >= DELAY_MS / 1000
    others = [view.witness.sql_p50_s for name, view in views.items() if name != "data:slow" and view.witness.sql_p50_s]
    assert others
    assert max(others) < DELAY_MS / 1000


@pytest.mark.parametrize(
    ("cell", "program"),
    mostly_long([(("postgresql",), "postgres"), (("redis",), "redis-server")]),
    ids=["postgresql", "redis"],
)
def test_a_server_that_dies_in_the_load_is_told_honestly(
    harness: Harness, tmp_path: Path, cell: tuple[str, ...], program: str
) -> None:
    """The app's errors are counted, nothing hangs, and nothing is left."""
    names_of(cell)
    out = tmp_path / "run"
    err = killed(harness, out, arguments(cell, out), program)
    assert "Traceback" not in err
    report = report_of(out, err)
    counted = [v for v in report.verdicts if v.check == "request-counts"]
    assert {v.status for v in counted} == {Status.PASS}
    assert any(" 500" in v.subject and (v.expected or 0) > 0 for v in counted)
    behind = [v for v in report.verdicts if v.check in ("database", "cache", "exceptions", "model-ops")]
    assert [(v.check, v.subject, v.why) for v in behind if v.status is Status.FAIL] == []


@pytest.mark.long
def test_a_target_that_dies_in_the_load_is_named(harness: Harness, tmp_path: Path) -> None:
    """A process that the stack started and that ended by itself fails the run, whatever was scraped until then."""
    out = tmp_path / "run"
    command: list[str | Path] = ["run", "matrix", "--duration", "6s", "--warmup", "1s", "--out", out]
    err = killed(harness, out, command, "gunicorn")
    failed = [v.why for v in report_of(out, err).verdicts if (v.check, v.subject) == ("scrape-health", "processes")]
    assert [why.split(" ended")[0] for why in failed] == ["the target (exit -9)"]


def killed(harness: Harness, out: Path, command: list[str | Path], program: str) -> str:
    """Run, kill a process of the stack two seconds into the load, and return what was told on standard error."""
    process = harness.start(*command)
    try:
        deadline = time.monotonic() + 60
        while not list(out.glob("samples-1.arrow")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)
        os.kill(started(process.pid, program), signal.SIGKILL)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    harness.check_clean()
    return err


def started(run: int, program: str) -> int:
    """The process id of a program below a run, each kept by a keeper; Redis hides its environment."""
    for pid in sorted(keeper.descendants(run)):
        words = _command_line(pid)
        if any(word.rpartition("/")[2].startswith(program) for word in words[:3]):  # as in `python -m gunicorn`
            return pid
    raise AssertionError(f"no {program} below {run}")


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []
