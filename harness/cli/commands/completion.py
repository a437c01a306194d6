"""`harness completion`: the script that lets a shell complete commands, flags, profiles, faults and run directories."""

import argparse

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode

SHELLS = ("bash", "zsh", "fish")


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    completion = flags.add(
        commands,
        "completion",
        "print the completion script of a shell",
        'eval "$(harness completion bash)"\n'
        '  eval "$(harness completion zsh)"          # after compinit\n'
        "  harness completion fish | source",
    )
    completion.add_argument("shell", choices=SHELLS, help="the shell; put its example line into its start-up file")
    completion.set_defaults(handler=_completion)


def _completion(options: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    output.write(shellcode(["harness"], shell=options.shell))
    return int(ExitCode.PASSED)
