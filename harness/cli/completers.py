"""What a shell offers at the cursor: asked by the script of `harness completion`, each time Tab is pressed.

What cannot be read offers nothing: the command itself says what is wrong with it.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.config.toml_file import Config

Completer: TypeAlias = Callable[..., Iterable[str]]
"""Called with `prefix`, `parsed_args` and more; returns the possible values."""


def offer(action: argparse.Action, completer: Completer) -> None:
    """Let a shell complete the values of a flag or argument so; paths of files need no completer."""
    action.completer = completer  # type: ignore[attr-defined]  # argcomplete reads it


def profiles(parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """The profiles of harness.toml, or of --config."""
    config = _config(parsed_args)
    return config.profiles if config else ()


def variants(parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """The variants of harness.toml, or of --config."""
    config = _config(parsed_args)
    return config.variants if config else ()


def _config(options: argparse.Namespace) -> "Config | None":
    from harness.cli.profiles import load

    try:
        return load(options)
    except HarnessError:
        return None


def faults(parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """The ids of the faults that harness.toml, or --config, names."""
    from harness.faults import catalogue
    from harness.runtime.files import resolved

    config = _config(parsed_args)
    try:
        known = catalogue.of(config, resolved(parsed_args.config).parent) if config else ()
    except HarnessError:
        return ()
    return [fault.id for fault in known]


def run_directories(prefix: str, **_: object) -> Iterable[str]:
    """The runs in ./reports, the newest first, and directories that begin as what is typed."""
    from argcomplete.completers import DirectoriesCompleter

    files = Path("reports").glob("*/run.json")
    runs = [f"{file.parent}/" for file in sorted(files, reverse=True)]
    return dict.fromkeys((*runs, *DirectoriesCompleter()(prefix)))
