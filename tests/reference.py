"""The reference target's own files, for tests that go through all of them."""

from pathlib import Path

from harness.faults import catalogue

ROOT = Path(__file__).parents[1]
FAULTS = catalogue.load(ROOT / "faults")
"""The catalogue that harness.toml names."""
