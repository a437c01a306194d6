"""One rule of a rule file, and its health in Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rule file, a record or an alert; its durations are those of the run."""

    file: str
    """The file's name, without its directory."""
    group: str
    name: str
    """What it records, or the alert's name."""
    alert: bool
    expression: str
    for_s: float = 0.0
    """How long the expression must give a value before the alert fires."""
    keep_firing_for_s: float = 0.0
    """How long it fires on after that."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to those of the result."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    interval_s: float = 0.0
    """Between two evaluations of its group."""
    limit: int = 0
    """Most series or alerts that it may make; 0: any number."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """What Prometheus reports of a rule that it has loaded."""

    file: str
    group: str
    name: str
    health: str
    """`ok`, `err`, or `unknown` before its first evaluation."""
    error: str
    """Why its last evaluation failed."""
