"""For how long processes of this machine waited for a processor, as the kernel counts it."""

from pathlib import Path

FILE = Path("/proc/pressure/cpu")
"""Source: https://docs.kernel.org/accounting/psi.html; `some` has the microseconds in which at least one waited."""


def waited_s() -> float | None:
    """Seconds since the machine began; None where its kernel does not count them."""
    try:
        text = FILE.read_text(encoding="ascii")
    except (OSError, UnicodeError):
        return None
    some = next((line for line in text.splitlines() if line.startswith("some ")), "")
    total = some.rpartition("total=")[2]
    return int(total) / 1e6 if total.isdecimal() else None
