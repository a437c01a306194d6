"""`make chaos`, or `python -m tests.chaos --seed 1 --kills 60 --inputs 10000 --flips 2000`.

Prints a table and ends with 1 when a promise of docs/reliability.md was broken. An attack is a number of a seed:
`--only kill:17` makes just that one, and what it leaves is kept in `--keep`.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from harness.runtime.interrupt import Interrupted
from tests.chaos import commands, flips, inputs, kills, locustfiles, together, whole, workers
from tests.chaos.tally import Attempt, Tally

PROGRESS = 500
"""Attacks between two lines that say how far it is."""


def main(arguments: list[str]) -> int:
    """0 when all promises held, 1 when not."""
    options = _options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # a shell may have it ignored, and commands inherit that
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="harness-chaos-", ignore_cleanup_errors=True) as temporary:
        scratch = (options.keep or Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        try:
            _fork(options, scratch, tally)
            _kill(options, scratch, tally)
        except (KeyboardInterrupt, Interrupted):  # the second from a command that was called in this process
            sys.stderr.write("interrupted: the table has what was tried so far\n")
        lines = tally.lines()
    sys.stdout.write("\n".join((f"seed {options.seed}", *lines)) + "\n")
    return int(tally.is_broken)


def _kill(options: argparse.Namespace, scratch: Path, tally: Tally) -> None:
    numbers = _numbers(options, "kill", options.kills)
    files = _numbers(options, "locustfile", options.locustfiles)
    if not numbers and not files and not options.together:
        return
    project = commands.copied(scratch / f"project-{time.time_ns()}")
    chosen = {command.name: command for command in commands.COMMANDS}
    for number in numbers:
        _note(tally, kills.attack(options.seed, number, project, scratch, chosen.get(options.command)))
    for number in files:
        _note(tally, locustfiles.attack(options.seed, number, project, scratch))
    for attempt in together.attempts(options.together, project, scratch):
        _note(tally, attempt)


def _fork(options: argparse.Namespace, scratch: Path, tally: Tally) -> None:
    """Attacks that need no real stack, in forked processes."""
    attacks = (
        ("input", inputs.attack(options.seed), _numbers(options, "input", options.inputs)),
        ("flip", flips.attack(options.seed), _numbers(options, "flip", options.flips)),
    )
    if not any(numbers for _, _, numbers in attacks):
        return
    with whole.prepared():
        began = time.monotonic()
        for kind, attack, numbers in attacks:
            for attempt in workers.run(kind, attack, numbers, scratch, options.jobs):
                _note(tally, attempt)
                if len(tally.attempts) % PROGRESS == 0:
                    sys.stderr.write(f"{len(tally.attempts):,} attacks after {time.monotonic() - began:.0f} s\n")


def _numbers(options: argparse.Namespace, kind: str, count: int) -> range:
    """The attacks of one kind that were asked for."""
    if options.only is None:
        return range(options.first, options.first + count)
    only, _, number = options.only.partition(":")
    return range(int(number), int(number) + 1) if only == kind else range(0)


def _note(tally: Tally, attempt: Attempt) -> None:
    tally.attempts.append(attempt)
    if attempt.kind in {"kills", "locustfiles", "runs at once"} or attempt.broken:
        told = "; ".join(attempt.broken) or "honest"
        sys.stderr.write(f"{attempt.name}, {attempt.seconds:.1f} s: {told}\n")
        sys.stderr.flush()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0, metavar="N")
    parser.add_argument("--inputs", type=int, default=0, metavar="N")
    parser.add_argument("--flips", type=int, default=0, metavar="N")
    parser.add_argument("--locustfiles", type=int, default=0, metavar="N")
    parser.add_argument("--together", type=int, default=0, metavar="N", help="runs at once in one clone")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="inputs and flips that are tried at once")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first attack of each kind")
    parser.add_argument("--only", metavar="KIND:N", help="one attack: kill:N, input:N, flip:N or locustfile:N")
    parser.add_argument("--command", metavar="NAME", help="kill parts of this command only, e.g. gate")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave there what broken attacks left")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
