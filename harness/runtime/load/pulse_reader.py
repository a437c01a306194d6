"""The pulses that the recorders write once a second, followed while they are written."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from harness.runtime.load.generator import Progress
from harness.runtime.load.pulse import Pulse, decode

SAME_CLOCK_S = 1.0
"""Two clocks this close count as one: a pulse is read a little after it was written."""


@dataclass(slots=True)
class Pulses:
    """Follows the pulse files of one phase as the recorders write them."""

    logs: Path
    seen_before: frozenset[str]
    files: dict[str, TextIO] = field(default_factory=dict)
    lines: dict[str, list[Pulse]] = field(default_factory=dict)
    partial: dict[str, str] = field(default_factory=dict)
    leads_s: list[float] = field(default_factory=list)
    """Time in each pulse, minus this machine's when it was read."""

    def read(self) -> bool:
        """Take in what is new; true when something was."""
        news = False
        for path in self.logs.glob("pulse-*.jsonl"):
            if path.name not in self.seen_before and path.name not in self.files:
                self.files[path.name] = path.open(encoding="utf-8")
        for name, file in self.files.items():
            *whole, rest = (self.partial.get(name, "") + file.read()).split("\n")
            self.partial[name] = rest
            for line in whole:
                pulse = decode(line)
                self.lines.setdefault(name, []).append(pulse)
                self.leads_s.append(pulse.time_s - time.time())
                news = True
        return news

    def close(self) -> None:
        """Close the files; what was read stays."""
        for file in self.files.values():
            file.close()

    @property
    def skew_s(self) -> float:
        """Locust's clock minus this machine's, by the pulse that was read soonest."""
        lead_s = max(self.leads_s, default=0.0)
        return lead_s if abs(lead_s) >= SAME_CLOCK_S else 0.0

    @property
    def ended_s(self) -> float:
        """The last response of any process, by this machine's clock; now, when a process ended before it reported."""
        if self._ended_early or not self._closed:
            return time.time()
        last_s = max(line.last_response_s for line in self._closed)
        return min(last_s - self.skew_s, time.time())

    @property
    def abandoned(self) -> bool:
        """The target may have requests that nobody waits for any more, and end them at any time."""
        return self._ended_early or any(line.unanswered for line in self._closed)

    @property
    def _closed(self) -> list[Pulse]:
        return [lines[-1] for lines in self.lines.values() if lines and lines[-1].closing]

    @property
    def _ended_early(self) -> bool:
        return len(self._closed) < len(self.files)

    def progress(self, phase: str, elapsed_s: float) -> Progress:
        """The load by the newest pulse of each process."""
        newest = [lines[-1] for lines in self.lines.values()]
        slow = [line.p95_s for line in newest if line.p95_s is not None]
        return Progress(
            phase=phase,
            elapsed_s=elapsed_s,
            users=sum(line.users for line in newest),
            requests=sum(line.requests for lines in self.lines.values() for line in lines),
            requests_per_s=sum(line.requests_per_s for line in newest),
            errors=sum(line.errors for line in newest),
            p95_s=max(slow) if slow else None,
            unanswered=sum(line.unanswered for line in newest),
            cpu_ratio=max((line.cpu_ratio for line in newest), default=0.0),
            loop_lag_s=max((lag_s for line in newest for lag_s in line.loop_lags_s), default=0.0),
            skew_s=self.skew_s,
            until_s=min((line.time_s for line in newest), default=0.0),
        )
