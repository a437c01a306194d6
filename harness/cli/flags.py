"""What several commands take: the same flags, explained the same way."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from harness.cli import completers, values
from harness.core.errors import UsageError

EXIT_CODES = """\
exit codes: 0 all checks pass; 1 something failed; 2 wrong usage; 3 inconclusive (could not be measured, or too little
data); 70 a bug of the harness; 130 interrupted. A failure outranks an inconclusive check.
Missing data is never a PASS."""

LIVE = "--live"

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
"""Where a command is added."""


def add(
    commands: Commands,
    name: str,
    summary: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Add a command, explained with examples and exit codes."""
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n  {examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_config(parser: argparse._ActionsContainer) -> None:
    """Where the profiles are."""
    parser.add_argument(
        "--config", metavar="FILE", type=Path, default=Path("harness.toml"), help="profiles (default: ./harness.toml)"
    )


def add_variant(parser: argparse.ArgumentParser) -> None:
    """Variants of the profile."""
    variant = parser.add_argument(
        "--variant",
        metavar="NAME",
        action="append",
        default=[],
        help="also merge this [variants.NAME] of harness.toml into the profile; repeatable",
    )
    completers.offer(variant, completers.variants)


def add_variables(parser: argparse.ArgumentParser) -> None:
    """Values of the variables of dashboards."""
    parser.add_argument(
        "--var",
        metavar="NAME=VALUE",
        dest="variables",
        action="append",
        type=values.setting,
        default=[],
        help="value of a variable of the dashboards, instead of what they choose or ask; repeatable, also for one name",
    )


def variables(options: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """What `--var` gives, several values for a name that is given several times."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in options.variables:
        found[name] = (*found.get(name, ()), value)
    return found


def add_profile(parser: argparse.ArgumentParser) -> None:
    """The profile, by its name alone."""
    profile = parser.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="a profile of harness.toml (default: its default_profile)"
    )
    completers.offer(profile, completers.profiles)


def add_live(parser: argparse.ArgumentParser) -> None:
    """The page that shows the run while it is on; a value comes with `=`, so that a profile may follow."""
    parser.add_argument(
        LIVE,
        metavar="ADDRESS:PORT",
        nargs="?",
        const=values.address("127.0.0.1:0"),
        type=values.address,
        help="serve a page that shows the run while it is on; without =ADDRESS:PORT for this machine alone, at a free "
        "port",
    )


def with_values(arguments: Sequence[str]) -> list[str]:
    """The arguments with a value for a bare `--live`: what follows it is not one."""
    return [f"{LIVE}=127.0.0.1:0" if each == LIVE else each for each in arguments]


def add_run_directory(parser: argparse.ArgumentParser, name: str, metavar: str, help_: str, *, several: bool) -> None:
    """A directory that `harness run` made, or several."""
    directory = parser.add_argument(name, metavar=metavar, nargs="+" if several else None, type=Path, help=help_)
    completers.offer(directory, completers.run_directories)


def add_workers(parser: argparse._ActionsContainer) -> None:
    """Workers on other hosts."""
    parser.add_argument(
        "--expect-workers",
        metavar="N",
        type=values.number,
        help="let N workers on other hosts load (`harness worker`); 0: this machine does",
    )
    parser.add_argument(
        "--bind",
        metavar="HOST[:PORT]",
        help="where they find this machine: Locust's master listens at PORT, what collects samples one above it "
        "(default: 127.0.0.1:5557)",
    )


def add_output(parser: argparse.ArgumentParser, printed: str = "report.json", *, report: bool = True) -> None:
    """What is printed on standard output: the report for a reader, short or whole, `printed`, or nothing.

    `report` is False for a command that prints something else than the report of a run or a gate.
    """
    output = parser.add_mutually_exclusive_group()
    if report:
        output.add_argument("-v", "--verbose", action="store_true", help="print every check, verdict, finding and view")
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help=f"print {printed} on standard output and nothing else")


def refuse(options: argparse.Namespace, names: Sequence[str], beside: str) -> None:
    """Refuse flags that would be ignored. Raises UsageError."""
    for name in names:
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')}: has no effect with {beside}; leave it out")
