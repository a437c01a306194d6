"""Pairs of runs of base and candidate beside each other; `is_gate` tells their directory from a run's."""

from pathlib import Path

FILE = "gate.json"


def is_gate(path: Path) -> bool:
    """Whether a directory is that of a paired gate."""
    return (path / FILE).is_file()
