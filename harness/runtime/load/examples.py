"""One URL for each name of requests that can be sent again: GET, without a body, answered, and without a secret in it.

The recorder leaves them beside its pulses, `logs/examples-<n>.json`; the probe phase sends them once more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from harness.core.document import read_json

MOST = 200
"""Names that one recorder keeps."""
_SECRET = re.compile(r"token|secret|passw|auth|key|sig|session|credential", re.IGNORECASE)


class Examples:
    """What one recorder has seen."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._paths: dict[str, str] = {}

    def see(self, name: str, method: str, url: str, body: object) -> None:
        """Keep the path and query of the first URL of a name that can be sent again."""
        if name in self._paths or method != "GET" or body or len(self._paths) >= MOST:
            return
        try:
            parts = urlsplit(url)
        except ValueError:  # what is no URL was not sent
            return
        if not _SECRET.search(parts.query):
            self._paths[name] = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def write(self, file: Path) -> None:
        """Leave them as a JSON object, name -> path and query. Raises OSError."""
        file.write_text(json.dumps(self._paths), encoding="utf-8")


def read(files: Iterable[Path]) -> Mapping[str, str]:
    """The examples of several recorders; what cannot be read has none."""
    found: dict[str, str] = {}
    for file in sorted(files):
        try:
            paths = read_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(paths, dict):
            own = {str(name): str(path) for name, path in paths.items()}
            found = {**{name: path for name, path in own.items() if path.startswith("/")}, **found}
    return found
