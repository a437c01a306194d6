"""`harness report` over several stored runs."""

import json
import shutil
from pathlib import Path

import pytest

from harness.cli import main
from tests.recorded.stored import StoredRun


@pytest.fixture
def runs(clean_run: StoredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A directory of two runs."""
    assert main.main(["verify", str(clean_run.path), "--quiet"]) in (0, 1, 3)
    root = tmp_path / "reports"
    for name in ("a", "b"):
        shutil.copytree(clean_run.path, root / name)
        document = json.loads((root / name / "report.json").read_text())
        document["run_id"] = name
        (root / name / "report.json").write_text(json.dumps(document))
    capsys.readouterr()
    return root


def test_a_directory_of_runs_becomes_an_index(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the runs, which stay as they are."""
    before = (runs / "a" / "report.json").read_bytes()
    assert main.main(["report", str(runs)]) == 0
    told = json.loads((runs / "index.json").read_text())
    assert [line["run_id"] for line in told["runs"]] == ["a", "b"]
    assert [line["link"] for line in told["runs"]] == ["./a/report.html", "./b/report.html"]
    assert (runs / told["runs"][0]["link"]).is_file()
    assert 'href="./a/report.html"' in (runs / "index.html").read_text()
    assert {trend["number"] for trend in told["trends"]} == {"p50_s", "p95_s", "p99_s", "rate", "error_ratio"}
    assert all(len(trend["points"]) == 2 for trend in told["trends"])
    assert str(runs / "index.html") in capsys.readouterr().out
    assert (runs / "a" / "report.json").read_bytes() == before


def test_a_damaged_run_is_named_and_the_others_are_shown(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error and in the page."""
    (runs / "b" / "report.json").write_text("{")
    assert main.main(["report", str(runs), "--json"]) == 0
    seen = capsys.readouterr()
    assert "report.json" in seen.err
    assert [line["run_id"] for line in json.loads(seen.out)["runs"]] == ["a"]
    assert "left out" in (runs / "index.html").read_text().lower()


def test_a_report_that_contradicts_its_verdicts_is_left_out(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be listed as passed."""
    document = json.loads((runs / "b" / "report.json").read_text())
    document["status"], document["exit_code"] = "pass", 0
    document["verdicts"][0]["status"] = "fail"
    (runs / "b" / "report.json").write_text(json.dumps(document))
    assert main.main(["report", str(runs), "--json"]) == 0
    seen = capsys.readouterr()
    assert "its verdicts say fail" in seen.err
    assert [line["run_id"] for line in json.loads(seen.out)["runs"]] == ["a"]


def test_nothing_to_show_is_an_error(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None readable, or none there."""
    for name in ("a", "b"):
        (runs / name / "report.json").write_text("{")
    assert main.main(["report", str(runs)]) == 2
    assert "no run to index" in capsys.readouterr().err
    assert not (runs / "index.html").exists()
    assert main.main(["report", str(tmp_path / "nowhere")]) == 2


def test_a_page_that_is_no_index_is_not_replaced(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody's own, beside the runs."""
    (runs / "index.html").write_text("mine")
    assert main.main(["report", str(runs)]) == 2
    assert "is not an index of runs" in capsys.readouterr().err
    assert (runs / "index.html").read_text() == "mine"


def test_one_run_is_rendered_again(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And takes no --out, for its reports lie beside it."""
    (runs / "a" / "summary.md").unlink()
    assert main.main(["report", str(runs / "a"), "--quiet"]) in (0, 1, 3)
    assert (runs / "a" / "summary.md").exists()
    assert main.main(["report", str(runs / "a"), "--out", str(runs)]) == 2
    assert "--out" in capsys.readouterr().err


def test_several_runs_are_named_one_by_one(runs: Path, tmp_path: Path) -> None:
    """A run that is named twice counts once."""
    out = tmp_path / "index"
    names = [str(runs / name) for name in ("a", "b", "a")]
    assert main.main(["report", *names, "--out", str(out), "--quiet"]) == 0
    assert len(json.loads((out / "index.json").read_text())["runs"]) == 2


def test_two_runs_are_compared(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the console or as Markdown; what has no views cannot be."""
    assert main.main(["compare", str(runs / "a"), str(runs / "b")]) == 0
    assert "0 of " in capsys.readouterr().out
    assert main.main(["compare", str(runs / "a"), str(runs / "b"), "--markdown", "--verbose"]) == 0
    assert "| view | number | account |" in capsys.readouterr().out
    assert main.main(["compare", str(runs / "a"), str(runs / "nothing")]) == 2
    assert "no such directory" in capsys.readouterr().err


def test_what_a_report_names_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """By its id; a mistyped one is answered with the nearest."""
    assert main.main(["explain", "swapped-labels"]) == 0
    assert "How to fix it" in capsys.readouterr().out
    assert main.main(["explain"]) == 0
    assert "check: " in capsys.readouterr().out
    assert main.main(["explain", "swaped-labels"]) == 2
    assert "did you mean 'swapped-labels'?" in capsys.readouterr().err
