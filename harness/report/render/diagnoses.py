"""The doctor's answers as console text."""

import textwrap
from collections.abc import Sequence

from harness.core.text import clean
from harness.instrumentation.diagnosis import Diagnosis, Health

MARKS = {Health.OK: "✓", Health.FAULT: "✗", Health.UNKNOWN: "?"}


def render(diagnoses: Sequence[Diagnosis], width: int = 120) -> str:
    """One entry per diagnosis in the given order, then a line that counts them."""
    column = max((len(diagnosis.id) for diagnosis in diagnoses), default=0)
    lines = [_entry(diagnosis, column, width) for diagnosis in diagnoses]
    counted = {health: sum(diagnosis.status is health for diagnosis in diagnoses) for health in Health}
    faults = f"{counted[Health.FAULT]} {'fault' if counted[Health.FAULT] == 1 else 'faults'}"
    summary = f"{len(diagnoses)} checked: {counted[Health.OK]} ok, {faults}, {counted[Health.UNKNOWN]} unknown"
    return "".join(f"{line}\n" for line in [*lines, "", summary])


def _entry(diagnosis: Diagnosis, column: int, width: int) -> str:
    head = f"{MARKS[diagnosis.status]} {clean(diagnosis.id):<{column}}  "
    return textwrap.fill(
        clean(diagnosis.text),
        width=max(width, len(head) + 30),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
