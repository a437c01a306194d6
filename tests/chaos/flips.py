"""Single bits of stored runs, flipped: each is named, or provably changes nothing.

A flip that `harness verify` or `harness report` accepts must leave the same verdicts and the same exit code.
"""

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from harness.cli.main import main
from harness.report.render import FORMATS
from tests.chaos import whole
from tests.chaos.tally import Attempt
from tests.chaos.workers import Printed

COMMANDS = ("verify", "verify", "report", "baseline")
STORED_REPORT = "report.json"
MADE_ANEW = 0.2
"""How often a file of the reports is hit, which `verify` makes anew and which takes it a second, beside another one."""


def attack(seed: int) -> Callable[[int, Path, Printed], Attempt]:
    """The flip of each number of a seed."""

    def made(number: int, directory: Path, printed: Printed) -> Attempt:
        chance = random.Random(f"{seed}/flip/{number}")
        name, command = chance.choice(whole.FLIPPED), chance.choice(COMMANDS)
        original, report, expected = whole.kept(name)
        run = Path(shutil.copytree(original, directory / f"{number}"))
        files = sorted(each for each in run.rglob("*") if each.is_file())
        file = chance.choices(files, [MADE_ANEW if each.name in FORMATS else 1.0 for each in files])[0]
        data = bytearray(file.read_bytes())
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        data[at] ^= 1 << bit
        file.write_bytes(data)
        printed.take()
        began = time.monotonic()
        flags = ("add", str(run), "--job", "1", "--to", str(run.parent / f"kept-{number}"))
        code = main(["baseline", *flags] if command == "baseline" else [command, str(run), "--quiet"])
        seconds, told = time.monotonic() - began, printed.take()
        is_same = (run / STORED_REPORT).read_bytes() == report
        found = []
        if code == 3:
            if file.name not in told and file.name != "manifest.json":
                found.append(f"the file is not named: {told.strip()[-200:]}")
        elif code != expected or not (is_same or (file.name == STORED_REPORT and command == "baseline")):
            found.append(
                f"exit code {code} instead of {expected}, the report is {'the same' if is_same else 'another'}"
            )
        shutil.rmtree(run)
        shutil.rmtree(run.parent / f"kept-{number}", ignore_errors=True)
        what = f"flip {number}: bit {bit} of byte {at} of {file.relative_to(run)} ({name}), harness {command}"
        crashed = next((line for line in reversed(told.splitlines()) if "a bug of the harness" in line), "")
        return Attempt("bit flips", what, seconds, tuple(found) if not crashed else (), traceback=crashed[:200])

    return made
