import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs are installed
import pytest

from harness.core.codes import Code, FindingCode
from harness.core.report import REPORT_SCHEMA, Limitation, Report
from harness.core.verdict import Status, Tolerance
from harness.report.render import json_report
from tests.unit.report.render.sample import REPORTS, failing, partly, passing

SCHEMA = Path(__file__).parents[4] / "docs" / "report.schema.json"


@pytest.mark.parametrize("name", REPORTS)
def test_round_trip(name: str) -> None:
    """Parsing gives the report back, and rendering that gives the same text."""
    text = json_report.render(REPORTS[name])
    parsed = json_report.parse(text)
    assert json_report.render(parsed) == text
    if name != "hostile":  # its lone surrogates are replaced
        assert parsed == REPORTS[name]


@pytest.mark.parametrize("name", REPORTS)
def test_matches_schema(name: str) -> None:
    """Every report is valid against the published schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json_report.render(REPORTS[name])), schema, jsonschema.Draft202012Validator)


def test_schema_is_current() -> None:
    """docs/report.schema.json is what the model generates; docs/report-schema.md says how to write it again."""
    assert SCHEMA.read_text(encoding="utf-8") == json_report.schema()


def test_stable() -> None:
    """Keys come in the model's order and mappings by name, whatever order they were made in."""
    report = replace(passing(), versions={"b": "2", "a": "1"})
    assert json_report.render(report) == json_report.render(replace(report, versions={"a": "1", "b": "2"}))
    assert list(json.loads(json_report.render(report)))[:3] == ["schema_version", "run_id", "status"]


def _with_observed(value: float) -> Report:
    report = passing()
    return replace(report, verdicts=(replace(report.verdicts[0], observed=value), *report.verdicts[1:]))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_what_json_cannot_hold(value: float) -> None:
    """A NaN must not become null, which would read as "not known"."""
    with pytest.raises(ValueError, match=r"verdicts\[0\]\.observed"):
        json_report.render(_with_observed(value))
    tolerance = replace(passing().verdicts[0], tolerance=Tolerance(value, 0, ""))
    with pytest.raises(ValueError, match=r"verdicts\[0\]\.tolerance\.below"):
        json_report.render(replace(passing(), verdicts=(tolerance,)))


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json_report.render(passing()))
    return document


def test_refuses_newer_schema() -> None:
    """A report of a later harness asks for an upgrade, even when its keys look right."""
    with pytest.raises(
        ValueError, match=rf"schema {REPORT_SCHEMA + 1}, this harness reads up to {REPORT_SCHEMA}; upgrade"
    ):
        json_report.parse(json.dumps(_document() | {"schema_version": REPORT_SCHEMA + 1, "samples": "many"}))


@pytest.mark.parametrize("version", [None, 0, "1", True, 1.5])
def test_refuses_no_version(version: object) -> None:
    """Without a version nothing is known about the rest."""
    with pytest.raises(ValueError, match="schema_version"):
        json_report.parse(json.dumps(_document() | {"schema_version": version}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": 1}', "NaN", "\ud800"])
def test_refuses_what_is_no_report(text: str) -> None:
    """Damage is a ValueError, never a report with defaults."""
    with pytest.raises(ValueError, match=r"report\.json"):
        json_report.parse(text)


def test_names_the_offending_key() -> None:
    """The message leads to the value."""
    document = _document()
    document["verdicts"][3]["status"] = "fine"
    with pytest.raises(ValueError, match=r"\$\.verdicts\[3\]\.status|\$\.verdicts\[\.\.\.\]\.status"):
        json_report.parse(json.dumps(document))


def test_reads_version_1() -> None:
    """It has neither codes nor labels, and a finding's code is its `id`: only what a PASS means is known."""
    document = json.loads(json_report.render(failing())) | {"schema_version": 1}
    for verdict in document["verdicts"]:
        del verdict["code"], verdict["labels"]
    for finding in document["findings"]:
        finding["id"] = finding.pop("code")
        del finding["labels"]
    report = json_report.parse(json.dumps(document))
    assert report.schema_version == REPORT_SCHEMA
    assert {(v.status, v.code) for v in report.verdicts} == {
        (Status.PASS, Code.AGREES),
        (Status.FAIL, Code.UNKNOWN),
        (Status.INCONCLUSIVE, Code.UNKNOWN),
    }
    assert [f.code for f in report.findings] == [FindingCode.DOUBLE_OBSERVATION, FindingCode.COARSE_BUCKETS]


def test_version_2_without_codes_is_damaged() -> None:
    """What the version promises must be there."""
    document = _document()
    del document["verdicts"][0]["code"]
    with pytest.raises(ValueError, match="code"):
        json_report.parse(json.dumps(document))


def test_a_code_of_a_newer_harness_is_unknown() -> None:
    """An added code does not raise the version."""
    document = _document()
    document["verdicts"][0]["code"] = "added-later"
    assert json_report.parse(json.dumps(document)).verdicts[0].code is Code.UNKNOWN


def test_ignores_added_keys() -> None:
    """An added key does not raise the version, so readers must let it be."""
    assert json_report.parse(json.dumps(_document() | {"added_later": {"x": 1}})) == passing()


def test_reads_a_report_of_before_it_said_what_is_not_proved() -> None:
    """The key is missing: nothing is known of it, and nothing is said."""
    document = json.loads(json_report.render(partly()))
    del document["not_proved"]
    assert json_report.parse(json.dumps(document)) == replace(partly(), not_proved=())


def test_a_limitation_of_a_newer_harness_is_unknown() -> None:
    """An added one does not raise the version; what is no text is damage."""
    document = json.loads(json_report.render(partly()))
    document["not_proved"][0]["limitation"] = "added-later"
    assert json_report.parse(json.dumps(document)).not_proved[0].limitation is Limitation.UNKNOWN
    document["not_proved"][0]["limitation"] = 7
    with pytest.raises(ValueError, match="not_proved"):
        json_report.parse(json.dumps(document))
