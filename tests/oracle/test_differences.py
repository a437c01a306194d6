"""The oracle can disagree: each way in which a report may be wrong is named."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.runs.judge import verify
from tests.oracle.compare import compare, differences
from tests.oracle.coverage import judge
from tests.oracle.facts import Facts
from tests.oracle.line import Line
from tests.recorded.stored import Row, StoredRun

CLEAN = Path(__file__).parents[1] / "recorded" / "runs" / "clean"
Verdicts = list[dict[str, Any]]
Change = Callable[[Verdicts], None]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdicts, list[Line]]:
    """The verdicts of the report, and the lines of the oracle."""
    run = Path(shutil.copytree(CLEAN, tmp_path_factory.mktemp("judged") / "run"))
    verify(run)
    return json.loads((run / "report.json").read_text())["verdicts"], judge(Facts(run))


def first(check: str, verdicts: Verdicts) -> dict[str, Any]:
    return next(verdict for verdict in verdicts if verdict["check"] == check)


def number(check: str, key: str) -> Change:
    """A number that is one millionth off."""

    def change(verdicts: Verdicts) -> None:
        first(check, verdicts)[key] *= 1 + 1e-6

    return change


def width(verdicts: Verdicts) -> None:
    first("timer-span", verdicts)["tolerance"]["above"] *= 1.001


def dropped(verdicts: Verdicts) -> None:
    verdicts.remove(first("request-counts", verdicts))


def twice(verdicts: Verdicts) -> None:
    verdicts.append(first("exceptions", verdicts))


def flipped(verdicts: Verdicts) -> None:
    first("latency-buckets", verdicts)["status"] = "fail"


def renamed(verdicts: Verdicts) -> None:
    first("request-counts", verdicts)["labels"]["view"] = "another"


def unexpected(verdicts: Verdicts) -> None:
    verdicts.append({**first("quiescence", verdicts), "check": "a-new-check"})


def test_an_unchanged_report_has_no_differences(judged: tuple[Verdicts, list[Line]]) -> None:
    """So what the next tests find is their own."""
    assert compare(*judged) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            number("request-conservation", "observed"),
            "request-conservation 'requests' {law=requests}: observed is 1706.0",
        ),
        (number("database", "expected"), "database 'default statements' {alias=default}: expected is 1762.0"),
        (number("blind-spot", "observed"), "blind-spot 'all views p50' {quantile=p50}: observed is"),
        (width, "timer-span '<unnamed view> GET' {method=GET, view=<unnamed view>}: tolerance above is"),
        (dropped, "0 in the report, 1 by the oracle (pass 23.0 23.0)"),
        (twice, "2 in the report, 1 by the oracle"),
        (flipped, "fail in the report, pass by the oracle"),
        (renamed, "1 in the report, 0 by the oracle"),
        (unexpected, "a-new-check: the oracle neither judges it nor says in coverage.py why it does not"),
    ],
)
def test_each_change_of_a_report_is_named(judged: tuple[Verdicts, list[Line]], change: Change, said: str) -> None:
    """By check, subject and labels, with both numbers."""
    verdicts = copy.deepcopy(judged[0])
    change(verdicts)
    found = compare(verdicts, judged[1])
    assert [text for text in found if said in text], found


def slower(rows: list[Row]) -> list[Row]:
    """One request took a second more, and the app says so."""
    for column in ("latency_s", "witness_view_s", "witness_app_s"):
        rows[0][column] += 1.0
    return rows


def missing(rows: list[Row]) -> list[Row]:
    return rows[1:]


@pytest.mark.parametrize(("change", "check"), [(slower, "timer-span"), (missing, "request-conservation")])
def test_a_sample_that_was_changed_after_the_judgement_is_noticed(
    tmp_path: Path, change: Callable[[list[Row]], list[Row]], check: str
) -> None:
    """The oracle reads the samples, not what the report says of them."""
    run = StoredRun(Path(shutil.copytree(CLEAN, tmp_path / "run")))
    verify(run.path)
    run.change_rows(change)
    assert [text for text in differences(run.path) if text.startswith(check)]


def test_a_counter_that_was_changed_after_the_judgement_is_noticed(tmp_path: Path) -> None:
    """It reads the raw samples of Prometheus, too."""
    run = StoredRun(Path(shutil.copytree(CLEAN, tmp_path / "run")))
    verify(run.path)
    run.add_to_counter("django_model_inserts_total", 1, model="note")
    assert (
        "model-ops 'note inserts' {model=note, operation=inserts}: observed is 72.0 in the report, 73.0 by the oracle"
        in (differences(run.path))
    )
