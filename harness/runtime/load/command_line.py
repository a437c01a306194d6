"""A load command as the profile names it: found, its placeholders filled in, and what it is called."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.config import load_command
from harness.config.profile import LoadCommand, Profile
from harness.core.errors import UsageError
from harness.runtime import files
from harness.runtime.load.generator import Scenario

WHERE = "load.command"
K6 = "k6"
VEGETA = "vegeta"
CROSSED = 99
"""Exit code of k6 when a threshold of the script was crossed. Source: k6, errext/exitcodes/codes.go."""
ENVIRONMENT = {"K6_CSV_TIME_FORMAT": "unix_micro", "K6_NO_USAGE_REPORT": "true"}
"""For k6, unless the caller has them: its times are whole seconds otherwise, and it reports to its makers."""


def of(profile: Profile) -> LoadCommand:
    """The profile's command."""
    assert profile.load is not None, "a profile without a command is loaded by Locust"
    return profile.load


def tool(command: LoadCommand) -> str:
    """What its program is called."""
    return Path(command.command[0]).name


def program(command: LoadCommand, name: str) -> str:
    """The path of a program that the command is itself, or else that is on PATH; empty for none."""
    return command.command[0] if tool(command) == name else shutil.which(name) or ""


def find(profile: Profile, project: Path) -> Scenario:
    """What the command is made of: its words, and the files of the project among them. Raises UsageError."""
    command = of(profile)
    first = command.command[0]
    place = str(project / first) if "/" in first else first
    if shutil.which(place) is None:
        what = "is not a program that can be run" if "/" in first else "was not found on PATH"
        raise UsageError(f"{WHERE}: {first!r} {what}; install it, or name the path of the program")
    named = tuple(_files(command, project))
    tables = [sorted(table.items()) for table in (command.columns, command.units, command.methods)]
    content = [list(command.command), command.format, tables]
    texts = [files.read_bytes(project / name, files.INPUT_BYTES).hex() for name in named]
    return Scenario(" ".join((tool(command), *named)), msgspec.json.encode([content, texts]))


def _files(command: LoadCommand, project: Path) -> Iterator[str]:
    """Words that name files, e.g. a script."""
    for word in command.command[1:]:
        try:
            if not load_command.placeholders(word, WHERE) and (project / word).is_file():
                files.check_regular(project / word, files.INPUT_BYTES)
                yield word
        except (OSError, ValueError):  # no file can have this name, or none is so large
            continue


def filled(profile: Profile, samples: Path, target: str) -> tuple[str, ...]:
    """The command with its placeholders filled in, after what a fault puts before it."""
    values = {
        "samples": str(samples),
        "target": target,
        "duration": f"{profile.duration_s:g}s",
        "users": str(profile.users),
    }
    return (*profile.load_prefix, *(word.format(**values) for word in of(profile).command))


def uses(command: LoadCommand, placeholder: str) -> bool:
    """Whether a placeholder stands in a command."""
    return any(placeholder in load_command.placeholders(word, WHERE) for word in command.command)


def accepted_exits(command: LoadCommand) -> tuple[int, ...]:
    """Exit codes with which it did what it should."""
    return (0, CROSSED) if tool(command) == K6 else (0,)
