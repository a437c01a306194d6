"""The files that a profile names, dashboards and rules: found and read; one of several may be broken."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.core.panel import Panel
from harness.core.rule import Rule
from harness.core.run import Window
from harness.monitoring.dashboards import grafana
from harness.monitoring.rules import rule_file
from harness.runtime import files, variable_answers
from harness.runtime.prometheus import Prometheus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """One kind of file."""

    key: str
    """The profile's key, with which errors begin."""
    suffixes: frozenset[str]
    """Of the files that are taken from a directory."""
    empty: str
    """The message for a directory without any, after its path."""
    wanted: str
    """What may be named."""
    parse: Callable[[str, str], T]
    """Text and source -> value. Raises UsageError."""
    most_bytes: int


@dataclass(frozen=True, slots=True)
class _Broken:
    """A file that could not be read, and why."""

    file: Path
    source: str
    problem: str


_DASHBOARDS = _Kind(
    "dashboards",
    frozenset({".json"}),
    "contains no .json file; export a dashboard from Grafana into it",
    "a file or a directory of dashboards in JSON",
    grafana.parse,
    files.INPUT_BYTES,
)
_RULES = _Kind(
    "rules",
    frozenset({".yml", ".yaml", ".rules"}),
    "contains no .yml, .yaml or .rules file; name a file or a directory of Prometheus rules",
    "a file or a directory of rules",
    rule_file.parse,
    files.RULES_BYTES,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a profile."""

    rules: tuple[Rule, ...]
    panels: tuple[Panel, ...]
    """Their expressions as what is asked; a file that could not be read is one with a `problem`."""


def read_dashboards(names: Sequence[str], project: Path) -> tuple[grafana.Dashboard, ...]:
    """The dashboards of files, and of directories of them, relative to the project.

    A file of several that is not a dashboard has the reason in its `problem`, and the others are judged. Raises
    UsageError that names the file when none is left, when one was named by itself, or when nothing is there.
    """
    found: list[grafana.Dashboard] = []
    for name in names:
        files = _find(_DASHBOARDS, name, project)
        for read in _read(_DASHBOARDS, files, project):
            if not isinstance(read, _Broken):
                found.append(read)
            elif len(files) == 1:
                raise UsageError(read.problem)
            else:
                found.append(grafana.Dashboard(read.file.name, (), {}, read.source, read.problem))
    if found and all(dashboard.problem for dashboard in found):
        raise UsageError(found[0].problem)
    return tuple(found)


def check_variables(dashboards: Sequence[grafana.Dashboard], names: Iterable[str]) -> None:
    """Check that a dashboard has, or asks for, each variable that was given a value. Raises UsageError."""
    known = {name for each in dashboards for name in (*each.variables, *grafana.references(each))}
    for name in names:
        if name not in known and not any(each.problem for each in dashboards):
            close = difflib.get_close_matches(name, known, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise UsageError(f"--var {name}: no dashboard has this variable{meant}; leave it out")


def panels_of(
    dashboards: Sequence[grafana.Dashboard], profile: Profile, window: Window, prometheus: Prometheus
) -> tuple[Panel, ...]:
    """The queries of dashboards over a window, their variables asked of the Prometheus where they ask it."""
    labels, ask = grafana.labels_of(profile.selector), variable_answers.asking(prometheus, window)
    return grafana.panels_of(dashboards, grafana.Asker(labels, profile.dashboard_variables, ask), window)


def read_rules(profile: Profile, project: Path) -> Rules:
    """The profile's rules, scaled where they are loaded for the run.

    A file of several that is none has the reason in a panel's `problem`, and the others are judged; one without rules
    has nothing to judge. Raises UsageError that names file, group and rule when none is left, or nothing is there.
    """
    files = list(dict.fromkeys(file for name in profile.rules for file in _find(_RULES, name, project)))
    names = [file.name for file in files]
    found: list[Rule] = []
    broken: list[Panel] = []
    unread: list[Panel] = []
    reads = _read(_RULES, files, project)
    for place, (file, read) in enumerate(zip(files, reads, strict=True)):
        if isinstance(read, _Broken):
            broken.append(Panel(read.file.name, "", "", "", problem=read.problem, source=read.source))
            continue
        # Prometheus loads files of one name from several directories; the harness loads all from one.
        own = f"{file.parent.name}-{place}-" if names.count(file.name) > 1 else ""
        found += (replace(rule, file=f"{own}{rule.file}") for rule in read.rules)
        unread += (replace(panel, dashboard=f"{own}{panel.dashboard}") for panel in read.unread)
    if broken and len(broken) == len(files):
        raise UsageError(broken[0].problem)
    rules: list[Rule] = []
    for rule in found:
        try:
            rules += (rule,) if profile.start is None else rule_file.scaled((rule,), profile.rule_scale)
        except UsageError as error:
            text = f"{error}; left out of the run"
            unread.append(Panel(rule.file, rule.group, rule.name, rule.expression, problem=text, rule=True))
    return Rules(tuple(rules), (*rule_file.panels(rules), *unread, *broken))


def _find(kind: _Kind[T], name: str, project: Path) -> list[Path]:
    """The file itself, or those of a directory and below it. Raises UsageError for a directory without any."""
    path = project / name
    if not path.is_dir():
        return [path]
    if files := sorted(each for each in path.rglob("*") if each.suffix in kind.suffixes):
        return files
    raise UsageError(f"{kind.key}: {path} {kind.empty}")


def _read(kind: _Kind[T], files: Sequence[Path], project: Path) -> Iterator[T | _Broken]:
    for file in files:
        source = str(file.relative_to(project)) if file.is_relative_to(project) else str(file)
        try:
            yield kind.parse(_text(kind, file), source)
        except UsageError as error:
            yield _Broken(file, source, str(error))


def _text(kind: _Kind[T], file: Path) -> str:
    try:
        return files.read_text(file, kind.most_bytes)
    except OSError as error:
        raise UsageError(f"{kind.key}: {file} cannot be read: {error.strerror}; name {kind.wanted}") from None
