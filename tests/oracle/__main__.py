"""`python -m tests.oracle RUN_DIRECTORY`: compare report.json with the oracle's own judgement."""

import sys
from pathlib import Path

from tests.oracle.compare import differences


def main(arguments: list[str]) -> int:
    """0 when they agree, 1 when they differ, 2 when the directory cannot be read."""
    if len(arguments) != 1:
        print("usage: python -m tests.oracle RUN_DIRECTORY", file=sys.stderr)
        return 2
    try:
        found = differences(Path(arguments[0]))
    except (OSError, ValueError, LookupError) as error:
        print(f"{arguments[0]} cannot be read: {error}", file=sys.stderr)
        return 2
    print("\n".join(found) or f"{arguments[0]}: report.json says what the oracle says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
