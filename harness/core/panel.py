"""One query of a dashboard."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Panel:
    """One query of a dashboard, its variables filled in."""

    dashboard: str
    title: str
    ref: str
    """The query's letter."""
    expression: str
    problem: str = ""
    """Why its variables could not be filled in; empty when they could."""
    other: str = ""
    """The type of its data source when that is not Prometheus."""
    presumed: bool = False
    """Its data source has a name that does not show whether it is Prometheus."""
    source: str = ""
    """The file that it was read from."""
    whole_range: bool = False
    """It asks for the time range of the dashboard, which is the run's window."""
    unit: str = ""
    """Grafana's unit of all that the panel shows, by its id; empty where there is none, or several."""
    unknown: str = ""
    """Which of its variables has no known value, and why; empty when all have one."""
    unchecked: str = ""
    """Why a part of a repeated panel is not judged; empty for a query."""
    transformations: tuple[str, ...] = ()
    """What Grafana makes of the answer before it draws it, by name."""
    step_s: float = 0.0
    """The least time between two points of its curve, or between two evaluations of its rule; 0 where it says none."""
    caption: str = ""
    """The words that say what its curve is: the legend, or the title of a panel with one query; a rule's name."""
    rule: bool = False
    """It is the expression of a rule, and no query of a dashboard."""
