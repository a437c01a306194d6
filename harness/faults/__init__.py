"""Faults: what one is, the target's catalogue of them, how each is injected, run and judged.

A catalogue's files import from here and from nowhere else: `Fault`, `Injection`, `Sidecar` and `Act`.
"""

from harness.config.profile import Act, Sidecar
from harness.faults.fault import Fault, Injection

__all__ = ["Act", "Fault", "Injection", "Sidecar"]
