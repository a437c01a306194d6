"""What the probes saw: single requests after the load, by view and method."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from harness.evidence.client.repeats import Origin, origins
from harness.evidence.client.summary import ViewKey

COLUMNS = ("view", "method", "status", "latency_s", "witness_view_s", "witness_raised_s")
"""The columns that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered probe."""

    status: int
    latency_s: float
    inner_s: float | None
    """By the inner witness; None without one."""
    raised_s: float | None
    """Until the exception hooks ran; None where nothing was raised."""


@dataclass(frozen=True, slots=True)
class Probes:
    """All probes of a run."""

    answers: Mapping[ViewKey, tuple[Answer, ...]]
    lost: int
    """Without a response."""
    problem: str = ""
    """Why the shard is not whole; empty when it is."""


def read(tables: Iterable[pa.Table], problem: str) -> Probes:
    """Tables with the columns `COLUMNS`, any number of rows; answers that never reached the app are left out."""
    answers: dict[ViewKey, tuple[Answer, ...]] = {}
    lost = 0
    for table in tables:
        for row, origin in zip(table.to_pylist(), origins(table), strict=True):
            if origin == Origin.REPLAYED:
                continue
            if not row["status"]:
                lost += 1
                continue
            key = row["view"], row["method"]
            answer = Answer(row["status"], row["latency_s"], row["witness_view_s"], row["witness_raised_s"])
            answers[key] = (*answers.get(key, ()), answer)
    return Probes(answers, lost, problem)
