"""Fills in the placeholders of commands, environments and configuration: `{port}`, `{tmp}`, `{redis_password}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.errors import UsageError


def fill(template: str, placeholders: Mapping[str, str], where: str) -> str:
    """The text with each placeholder replaced by what it stands for; `where` names the text in an error.

    Raises UsageError for a placeholder that is not known.
    """
    try:
        return template.format_map(placeholders)
    except (KeyError, ValueError, IndexError):
        known = ", ".join(f"{{{name}}}" for name in placeholders)
        raise UsageError(f"{where}: {template!r} has a placeholder that is not one of {known}") from None


def fill_all(value: Any, placeholders: Mapping[str, str], where: str) -> Any:
    """A copy of a piece of configuration with the placeholders of its texts filled in. Raises UsageError as `fill`."""
    if isinstance(value, str):
        return fill(value, placeholders, where)
    if isinstance(value, Mapping):
        return {key: fill_all(item, placeholders, where) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [fill_all(item, placeholders, where) for item in value]
    return value
