"""report.json: the report itself, from which every other format can be rendered again.

The versioning rule is in docs/report-schema.md: an added key does not raise `schema_version`, so readers ignore keys
they do not know; a key that goes, or changes its meaning, raises it, and an older reader refuses.
"""

import math
from collections.abc import Callable
from typing import Any

import msgspec

from harness.core.codes import Code
from harness.core.report import REPORT_SCHEMA, Report
from harness.core.text import inert_json, whole
from harness.core.verdict import Status

SCHEMA_ID = f"urn:django-prometheus-harness:report:{REPORT_SCHEMA}"


def render(report: Report) -> str:
    """Return indented JSON that ends in a newline; keys in the model's order, `versions` and `machine` by name.

    Rendering what `parse` returned gives the same text again. Lone surrogates, which UTF-8 cannot hold, become U+FFFD.

    Raises:
        ValueError: a number is NaN or infinite, with its path. JSON has no such number, and msgspec would write null,
            which the model reads as "not known": a verdict's number must not vanish like that.
    """
    # Converting once makes every float field a float, so that 5 and 5.0 give the same text.
    report = msgspec.convert(_checked(msgspec.to_builtins(report), "$"), Report)
    return inert_json(msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=2).decode()) + "\n"


def parse(text: str) -> Report:
    """Return the report that `render` wrote.

    Raises:
        ValueError: not JSON, of a newer schema, or a key is missing or of the wrong type; says which.
    """
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"report.json is not JSON: {error}; render it again with `harness verify`") from None
    if not isinstance(document, dict):
        raise ValueError("report.json is not a JSON object - at `$`")  # noqa: TRY004  # the file is wrong, not the call
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"report.json: schema_version is {version!r}, not a number from 1 up - at `$.schema_version`")
    if version > REPORT_SCHEMA:
        raise ValueError(
            f"report.json has schema {version}, this harness reads up to {REPORT_SCHEMA}; upgrade the harness"
            " - at `$.schema_version`"
        )
    try:
        return msgspec.convert(_upgraded(document) if version == 1 else document, Report)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise ValueError(f"report.json: {error}") from None


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """A report of version 1 as one of version 2: without codes, of which a PASS has the only one it can have."""
    found = {**document, "schema_version": REPORT_SCHEMA}
    if isinstance(verdicts := document.get("verdicts"), list):
        found["verdicts"] = [_with(each, "code", _code_of) for each in verdicts]
    if isinstance(findings := document.get("findings"), list):
        found["findings"] = [_with(each, "code", lambda finding: finding.get("id")) for each in findings]
    return found


def _with(each: object, key: str, value: Callable[[dict[str, Any]], object]) -> object:
    return {**each, key: value(each)} if isinstance(each, dict) else each


def _code_of(verdict: dict[str, Any]) -> Code:
    return Code.AGREES if verdict.get("status") == Status.PASS else Code.UNKNOWN


def schema() -> str:
    """Return the JSON Schema (draft 2020-12) of report.json, made from the model; docs/report.schema.json keeps it."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _checked(value: object, path: str) -> object:
    match value:
        case float() if not math.isfinite(value):
            raise ValueError(f"{value} cannot be stored in report.json - at `{path}`")
        case str() if value.isascii():
            return value
        case str():
            return whole(value)
        case dict():
            return {_checked(key, path): _checked(item, f"{path}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [_checked(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case _:
            return value
