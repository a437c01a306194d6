"""The rule files that a profile names: found, read, and scaled for the run."""

from dataclasses import dataclass
from pathlib import Path

from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.core.panel import Panel
from harness.core.rule import Rule
from harness.monitoring.rules import rule_file

SUFFIXES = frozenset({".yml", ".yaml"})


@dataclass(frozen=True, slots=True)
class Given:
    """The rules of a profile."""

    rules: tuple[Rule, ...]
    panels: tuple[Panel, ...]
    """Their expressions as what is asked; a file that could not be read is one with a `problem`."""


def read(profile: Profile, project: Path) -> Given:
    """The profile's rules, scaled where they are loaded for the run.

    A file of several that holds no rules is told in a panel's `problem`, and the others are judged. Raises UsageError
    that names file, group and rule when none is left, nothing is there, or two rules make the same series.
    """
    files = _files(profile, project)
    names = [file.name for file in files]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"rules: two files are called {twice[0]}; name them apart, or name only one of them")
    found: list[Rule] = []
    broken: list[Panel] = []
    for file in files:
        source = str(file.relative_to(project)) if file.is_relative_to(project) else str(file)
        try:
            found += rule_file.parse(_text(file), source)
        except UsageError as error:
            broken.append(Panel(file.name, "", "", "", problem=str(error), source=source))
    if broken and not found:
        raise UsageError(broken[0].problem)
    rule_file.check_unique(found)
    scaled = tuple(found) if profile.start is None else rule_file.scaled(found, profile.rule_scale)
    return Given(scaled, (*rule_file.panels(scaled), *broken))


def _files(profile: Profile, project: Path) -> list[Path]:
    files: list[Path] = []
    for name in profile.rules:
        path = project / name
        inside = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"rules: {path} holds no .yml file; name a file or a directory of Prometheus rules")
        files += inside
    return files


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"rules: {file} cannot be read: {reason}; name a file or a directory of rules") from None
