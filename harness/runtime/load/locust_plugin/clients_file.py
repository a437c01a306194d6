"""Notes which workers Locust's master ever had: one that nobody let in loads too, and records nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from locust.env import Environment


def note_into(file: Path, environment: Environment) -> None:
    """Append the id of each worker that connects, a line each. Versions of Locust without the event note none."""

    def note(client_id: str, **_: Any) -> None:
        with suppress(OSError), file.open("a", encoding="utf-8") as lines:
            lines.write(f"{client_id}\n")

    if connected := getattr(environment.events, "worker_connect", None):
        connected.add_listener(note)
