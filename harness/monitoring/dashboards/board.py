"""A Grafana dashboard as values: what it asks, and the variables with which it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL = "$__all"
"""The value of a variable in which all values are chosen."""
PROMETHEUS = "prometheus"
LIBRARY = "library"
"""In place of a data source: the panel is in Grafana's library and not in the file."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One ad hoc filter: a matcher that Grafana adds to every selector."""

    label: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a dashboard, as the file has it."""

    name: str
    kind: str
    """Grafana's type of it: `query`, `custom`, `interval`, `textbox`, `constant`, `datasource`, `adhoc` and others."""
    query: str = ""
    """What it asks, lists or holds."""
    chosen: tuple[str, ...] | None = None
    """The values that the file has as chosen; None when it has none, which an empty one is not."""
    several: bool = False
    """More than one value, or all of them, can be chosen: then it stands in a regular expression."""
    includes_all: bool = False
    all_value: str = ""
    """What stands for all of them; empty: each of them."""
    options: tuple[str, ...] = ()
    """The values that the file offers."""
    asked_anew: bool = True
    """Grafana asks its query when it opens the dashboard, and keeps no chosen value that the answer lacks."""
    regex: str = ""
    """What of each answer is a value."""
    order: int = 0
    """How Grafana sorts the answers, by its number."""
    data_source: str | None = PROMETHEUS
    """Whom a query asks, as that of a `Target`."""
    steps: int = 30
    """Of an interval that follows the time range: in how many it divides that."""
    least_step: str = "10s"
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One query of one panel, as written."""

    panel: str
    ref: str
    expression: str
    data_source: str | None
    """Its type, `prometheus` for ours and for the default one; None when its name does not show it."""
    unit: str = ""
    """The panel's unit; empty where there is none, or not the same for all that it shows."""
    repeats: tuple[str, ...] = ()
    """The variables for each of whose values Grafana draws the panel once: its own, and those of the rows around it."""
    least_interval: str = ""
    """The panel's least interval between two points, as written."""
    least_step: str = ""
    """The query's own."""
    most_points: int = 0
    """Of a curve; 0 where the panel does not say."""
    time_from: str = ""
    """A time range of the panel's own, as written."""
    caption: str = ""
    """What is written beside its curve: the legend, or the title where that says more and the panel has one query."""
    transformations: tuple[str, ...] = ()
    """What Grafana does with the answer before it draws it, by name."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a dashboard asks."""

    title: str
    targets: tuple[Target, ...]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    source: str = ""
    """The file that it was read from."""
    problem: str = ""
    """Why the file is not a dashboard; empty when it is."""
