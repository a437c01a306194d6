"""Look up known vulnerabilities of the pinned packages, at most once a day for the same pins.

    python -m tools.audit [--where-possible]

pip-audit asks PyPI; it has an environment of its own, from requirements-audit.lock. Where the data cannot be had, the
exit code is 2, and 0 with `--where-possible`; a known vulnerability is always 1.
"""

import json
import subprocess
import sys
import time
from typing import Any

from tools import setup
from tools.setup import ROOT, SetupError

LOCK_FILES = tuple(ROOT / name for name in ("requirements.lock", "requirements-mysql.lock", "requirements-audit.lock"))
ENVIRONMENT = setup.TOOLS / "audit"
STAMP = ENVIRONMENT / "stamp"
LIMIT_S = 120
"""For the look-up of one file."""


def main(arguments: list[str]) -> int:
    """Say what is known; the exit code is in the module's text."""
    where_possible = arguments == ["--where-possible"]
    if arguments and not where_possible:
        print("audit: the only argument is --where-possible", file=sys.stderr)
        return 2
    try:
        known = read_or_look_up()
    except SetupError as error:
        known = {"vulnerable": [], "unknown": [str(error).splitlines()[-1]]}
    for line in known["vulnerable"]:
        print(f"audit: {line}", file=sys.stderr)
    if known["vulnerable"]:
        return 1
    if known["unknown"]:
        first, more = known["unknown"][0], len(known["unknown"]) - 1
        others = f", and {more} more" if more else ""
        print(f"audit: not all packages could be looked up: {first}{others}", file=sys.stderr)
        return 0 if where_possible else 2
    print("audit: no known vulnerability")
    return 0


def read_or_look_up() -> dict[str, list[str]]:
    """What is known of these pins today, by `vulnerable` and `unknown`."""
    pins = setup.fingerprint(*(file.read_bytes() for file in LOCK_FILES), time.strftime("%Y-%m-%d").encode())
    with setup.alone():
        kept = json.loads(setup.read(STAMP) or "{}")
        if kept.get("pins") != pins:
            ensure_environment()
            kept = {"pins": pins, "vulnerable": [], "unknown": []}
            for file in LOCK_FILES:
                vulnerable, unknown = look_up(str(file))
                kept["vulnerable"] += vulnerable
                kept["unknown"] += unknown
            STAMP.write_text(json.dumps(kept))
    return {name: list(kept[name]) for name in ("vulnerable", "unknown")}


def ensure_environment() -> None:
    """Make it hold what the lock names."""
    lock, stamp = LOCK_FILES[-1], ENVIRONMENT / "packages"
    wanted = setup.fingerprint(lock.read_bytes(), sys.version.encode())
    if setup.read(stamp) == wanted:
        return
    setup.clear(ENVIRONMENT)
    setup.run([sys.executable, "-m", "venv", "--without-pip", str(ENVIRONMENT)])
    pip = (str(setup.VENV / "bin" / "python"), "-m", "pip", "--python", str(ENVIRONMENT / "bin" / "python"))
    setup.run([*pip, "--no-cache-dir", "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)])
    stamp.write_text(wanted)


def look_up(file: str) -> tuple[list[str], list[str]]:
    """Vulnerabilities, and packages of which nothing is known, of one file, a line each."""
    command = (
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--requirement",
        file,
    )
    try:
        done = subprocess.run(
            [str(ENVIRONMENT / "bin" / "python"), *command, "--cache-dir", str(ENVIRONMENT / "cache")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return [], [f"no answer about {file}"]
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no release'}"
        for each in packages
        for found in each.get("vulns", [])
    ]
    return vulnerable, [each["skip_reason"] for each in packages if "skip_reason" in each]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
