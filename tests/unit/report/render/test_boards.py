from dataclasses import replace

from harness.core.codes import Code, FindingCode
from harness.core.verdict import Finding, Status, Verdict
from harness.report.render.boards import UNPROVED_NAME, boards
from tests.unit.report.render.sample import passing


def labels(file: str, panel: str) -> dict[str, str]:
    return {"dashboard": "Board", "file": file, "panel": panel, "ref": "A"}


def judged(file: str, panel: str, status: Status, code: Code) -> Verdict:
    name = f"Board / {panel} / A"
    return Verdict("dashboards", name, status, "why", 1.0, 2.0, code=code, labels=labels(file, panel))


def test_panels_by_file_the_wrong_ones_first() -> None:
    """A panel that shows nothing is not proved, and no part of the passed ones."""
    verdicts = (
        judged("a.json", "Rate", Status.PASS, Code.AGREES),
        judged("b.json", "Rate", Status.PASS, Code.AGREES),
        judged("b.json", "Errors", Status.FAIL, Code.WRONG_EXPRESSION),
    )
    empty = Finding(FindingCode.EMPTY_PANEL, "Board / Cache / A", "empty", "dashboards", labels("a.json", "Cache"))
    alone = Finding(FindingCode.UNPROVED_PANEL, "Board / Log / A", "no", "dashboards", labels("c.json", "Log"))
    found = boards(replace(passing(), verdicts=verdicts, findings=(empty, alone)))
    assert [(board.file, board.outcome) for board in found] == [
        ("b.json", Status.FAIL),
        ("c.json", UNPROVED_NAME),
        ("a.json", Status.PASS),
    ]
    assert [(line.name, line.outcome) for line in found[0].lines] == [
        ("Errors / A", Status.FAIL),
        ("Rate / A", Status.PASS),
    ]
    assert (found[2].count(Status.PASS), found[2].count(UNPROVED_NAME)) == (1, 1)
    assert boards(passing()) == ()
