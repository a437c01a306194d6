"""`python -m tests.oracle RUN_DIRECTORY`: compare report.json with the oracle's own judgement."""

import sys
from pathlib import Path

from tests.oracle.compare import differences


def main(arguments: list[str]) -> int:
    """0 when they agree, 1 when they differ, 2 when the directory cannot be read."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.oracle RUN_DIRECTORY\n")
        return 2
    try:
        found = differences(Path(arguments[0]))
    except (OSError, ValueError, LookupError) as error:
        sys.stderr.write(f"{arguments[0]} cannot be read: {error}; judge it with `harness verify` first\n")
        return 2
    sys.stdout.write(("\n".join(found) or f"{arguments[0]}: report.json says what the oracle says") + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
