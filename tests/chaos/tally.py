"""What chaos found: a row for each kind of attack, and a line for each promise that was broken."""

from collections.abc import Sequence
from dataclasses import dataclass, field

HEAD = ("attack", "tried", "honest", "orphans", "tracebacks", "hangs", "slowest, s", "lost samples")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attack and what came of it."""

    kind: str
    name: str
    """By which it can be repeated: kind, number and what was done."""
    seconds: float
    dishonest: tuple[str, ...] = ()
    """Why the end was not an honest one; empty when it was."""
    orphans: tuple[str, ...] = ()
    """Command lines of what still ran."""
    traceback: str = ""
    """The last line of one."""
    hung: bool = False
    lost: int = 0
    """Samples that the load had reported and nobody can read."""

    @property
    def broken(self) -> tuple[str, ...]:
        """Each promise that did not hold."""
        return (
            *self.dishonest,
            *(f"runs on: {command}" for command in self.orphans),
            *((f"traceback: {self.traceback}",) if self.traceback else ()),
            *((f"hung for {self.seconds:.0f} s",) if self.hung else ()),
        )


@dataclass(slots=True)
class Tally:
    """All attempts."""

    attempts: list[Attempt] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether any promise was; an attack that was never made holds none."""
        return not self.attempts or any(attempt.broken for attempt in self.attempts)

    def lines(self) -> list[str]:
        """The table, in Markdown, and what was broken."""
        kinds = list(dict.fromkeys(attempt.kind for attempt in self.attempts))
        rows = [_row(kind, [each for each in self.attempts if each.kind == kind]) for kind in kinds]
        total = _row("all", self.attempts)
        table = [HEAD, tuple("---" for _ in HEAD), *rows, *([total] if len(kinds) > 1 else [])]
        broken = [f"{each.name}: {reason}" for each in self.attempts for reason in each.broken]
        return [*(f"| {' | '.join(row)} |" for row in table), "", *broken]


def _row(kind: str, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    honest = sum(not each.dishonest and not each.traceback and not each.hung for each in attempts)
    return (
        kind,
        f"{len(attempts):,}",
        f"{honest:,}",
        f"{sum(len(each.orphans) for each in attempts):,}",
        f"{sum(bool(each.traceback) for each in attempts):,}",
        f"{sum(each.hung for each in attempts):,}",
        f"{max((each.seconds for each in attempts), default=0.0):.1f}",
        f"{sum(each.lost for each in attempts):,}",
    )
