"""The preflight in the run directory: preflight.json, its facts and its rows."""

from collections.abc import Sequence

import msgspec

from harness.core import secret
from harness.instrumentation.diagnosis import Diagnosis
from harness.runs.preflight.facts import Facts

FILE = "preflight.json"
VERSION = 1


def encode(facts: Facts, rows: Sequence[Diagnosis]) -> str:
    """The file's text; docs/run-directory.md describes it."""
    document = {"schema_version": VERSION, "rows": rows, "facts": facts}
    return secret.redact(msgspec.json.format(msgspec.json.encode(document), indent=1).decode()) + "\n"
