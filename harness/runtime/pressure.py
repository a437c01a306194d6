"""For how long processes of this machine waited for a processor, as the kernel counts it."""

import time
from dataclasses import dataclass
from pathlib import Path

FILE = Path("/proc/pressure/cpu")
"""Source: https://docs.kernel.org/accounting/psi.html; `some` has the microseconds in which at least one waited."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """One reading."""

    waited_s: float
    """Seconds since the machine began in which a process waited."""
    at_s: float
    """When it was read, on this machine's clock that nobody sets."""

    def ratio_since(self, before: "Pressure | None") -> float | None:
        """Share of the time since an earlier reading in which a process waited; None where there is none."""
        if before is None or self.at_s <= before.at_s:
            return None
        return min((self.waited_s - before.waited_s) / (self.at_s - before.at_s), 1.0)


def read() -> Pressure | None:
    """Now; None where the kernel does not count it."""
    try:
        text = FILE.read_text(encoding="ascii")
    except (OSError, UnicodeError):
        return None
    some = next((line for line in text.splitlines() if line.startswith("some ")), "")
    total = some.rpartition("total=")[2]
    return Pressure(int(total) / 1e6, time.monotonic()) if total.isdecimal() else None
