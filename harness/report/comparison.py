"""Two reports -> how each number of each view went from one to the other, as client and metric have it. Pure.

A mark is a pointer for a reader and no test: it has the limits of `trends`. Only `harness gate` tells a change from
chance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.report import Figures, Report
from harness.report.trends import NUMBERS, POINTS, SHARE

ACCOUNTS = ("client", "metric")


@dataclass(frozen=True, slots=True)
class Change:
    """One number of one view in both runs; None where a run does not have it."""

    view: str
    method: str
    account: str
    """`client` or `metric`."""
    number: str
    unit: str
    before: float | None
    after: float | None

    @property
    def marked(self) -> bool:
        """It is more than 10 % up, 9.1 % down, of a ratio half a point, or only one run has it."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        if self.number == "error_ratio":
            return abs(self.after - self.before) > POINTS
        if self.before <= 0 or self.after <= 0:
            return self.before != self.after
        return abs(math.log(self.after / self.before)) > SHARE


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs view by view."""

    before: Report
    after: Report
    changes: tuple[Change, ...]
    """All views first, then in the order of the later run; for each number client, then metric."""
    facts: tuple[tuple[str, str, str], ...]
    """What else differs between the runs: name, before, after."""


def compare(before: Report, after: Report) -> Comparison:
    """Compare a run with a later one; views that only one of them has are in it, too."""
    old, new = _by_view(before), _by_view(after)
    names = dict.fromkeys((view, method) for view, method, _ in (*new, *old))
    changes = [
        Change(
            *name,
            account,
            number,
            unit,
            _value(old.get((*name, account)), number),
            _value(new.get((*name, account)), number),
        )
        for name in names
        for number, unit in NUMBERS.items()
        for account in ACCOUNTS
    ]
    known = tuple(each for each in changes if each.before is not None or each.after is not None)
    return Comparison(before, after, known, _facts(before, after))


def _by_view(report: Report) -> Mapping[tuple[str, str, str], Figures]:
    return {
        (view.view, view.method, account): view.client if account == "client" else view.metric
        for view in report.views
        for account in ACCOUNTS
    }


def _value(figures: Figures | None, number: str) -> float | None:
    value: float | None = getattr(figures, number) if figures else None
    return value if value is not None and math.isfinite(value) else None


def _facts(before: Report, after: Report) -> tuple[tuple[str, str, str], ...]:
    """Profile, scenario, versions and machine, as far as they differ: other loads have other numbers."""
    pairs = {
        "profile": (before.profile, after.profile),
        "scenario": (before.scenario, after.scenario),
        "Prometheus": (before.prometheus_version, after.prometheus_version),
        "users": (str(before.users), str(after.users)),
        "window": (f"{before.window_s:g} s", f"{after.window_s:g} s"),
        **{
            name: (old.get(name, ""), new.get(name, ""))
            for old, new in ((before.versions, after.versions), (before.machine, after.machine))
            for name in sorted({*old, *new})
        },
    }
    return tuple((name, old, new) for name, (old, new) in pairs.items() if old != new)
