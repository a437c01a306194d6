"""Load a Django app with Locust and prove that its Prometheus metrics say what really happened.

`open_run` reads a run that was made, for notebooks and scripts (docs/python-api.md). Importing the package costs
nothing: what a call needs is imported by the call.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.runs.stored_run import StoredRun

    __version__: str

__all__ = ["__version__", "open_run"]


def open_run(path: str | Path) -> "StoredRun":
    """A run directory that `harness run` or `harness dashboards` made; it is judged when its verdicts are asked for.

    Raises UsageError when it is not one, StoreError when it is damaged.
    """
    from harness.runs.stored_run import StoredRun  # noqa: PLC0415

    return StoredRun(Path(path))


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: that takes longer than all else of this module."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.core.distribution import installed_version  # noqa: PLC0415

    return installed_version()
