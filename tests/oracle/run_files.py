"""The files of a run directory, as they are: run.json, the evidence, report.json. Nothing is judged here."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

RAW = "evidence.arrow"
JSON = dict[str, Any]


class Unknown(Exception):  # noqa: N818 - an answer that is missing is no error
    """What a law needs has no answer."""


class NoSeries(Unknown):
    """Prometheus answered that there is no such series."""


@dataclass
class RunFiles:
    """What the three JSON files of one run hold."""

    path: Path
    run: JSON
    evidence: JSON
    time_s: float
    """When the queries were asked for: t1, or after the probes."""

    def answer(self, query: str) -> list[JSON]:
        """The series that Prometheus answered to a query at that time; raises Unknown without any."""
        found = self._asked.get((query, self.time_s))
        if found is None:
            raise Unknown(f"nobody asked {query}")
        if found.get("error"):
            raise Unknown(str(found["error"]))
        result = found["result"]
        if len(result) == 2 and isinstance(result[1], str):  # a scalar: [time, value]
            try:
                return [{"metric": {}, "value": [result[0], str(float(result[1]))]}]
            except ValueError:
                raise Unknown("a text is no number") from None
        if not result:
            raise NoSeries(query)
        return list(result)

    def was_asked(self, query: str) -> bool:
        """Whether the evidence holds the query, answered or not."""
        return (query, self.time_s) in self._asked

    def at_end(self, when: str, name: str) -> JSON | None:
        """The target's own totals `name` at the `start` or `end`; None when they were not asked for.

        Raises Unknown when it did not report them.
        """
        answer = self.evidence.get("ledgers", {}).get(when, {}).get(name)
        if answer is None:
            return None
        if not isinstance(answer.get("result"), dict):
            raise Unknown(str(answer.get("error")))
        totals: JSON = answer["result"]
        return totals

    @cached_property
    def _asked(self) -> dict[tuple[str, float], JSON]:
        instant = (each for each in self.evidence["answers"] if each.get("start_s") is None)
        return {(each["query"], each["time_s"]): each for each in instant}


def read(path: Path) -> RunFiles:
    """Read run.json and the evidence; raises OSError or ValueError when they cannot be read."""
    run, evidence = (json.loads((path / name).read_text(encoding="utf-8")) for name in ("run.json", "evidence.json"))
    if (path / RAW).exists():
        _fill(evidence["answers"], pa.ipc.open_stream(path / RAW).read_all().to_pylist())
    return RunFiles(path, run, evidence, run["window"]["end_s"])


def _fill(answers: list[JSON], rows: list[JSON]) -> None:
    """Put raw samples where evidence.json held them before there was a file of them."""
    for answer in answers:
        if "series" in answer:
            answer["result"] = [{}] * answer["series"]
    for row in rows:
        width = len(row["places"])
        for column, (place, labels) in enumerate(zip(row["places"], row["labels"], strict=True)):
            values = zip(row["seconds"], row["values"][column::width], strict=True)
            own = {"metric": json.loads(labels), "values": [[at, repr(value)] for at, value in values]}
            answers[row["answer"]]["result"][place] = own
