"""`make pictures`: takes the pictures of reports in the documentation anew, from runs made now, with headless Chromium.

    .venv/bin/python -m tools.pictures

Another browser of its kind is named by HARNESS_CHROMIUM.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.core.errors import ExitCode, HarnessError, UsageError

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1400, 900
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RUNS: Mapping[str, tuple[tuple[str, ...], ExitCode]] = {
    "report.png": (("run",), ExitCode.PASSED),
    "report-failed.png": (("run", "faults", "--fault", "restart"), ExitCode.FAILED),
}
"""Picture -> the arguments of the run whose report it shows, and what it must come to."""


def main() -> int:
    """Write the pictures; 2 without a browser, 3 when a run came to something else than it must."""
    try:
        browser = browser_of(os.environ)
        for name, (arguments, code) in RUNS.items():
            _take(browser, name, arguments, code)
    except HarnessError as error:
        sys.stderr.write(f"pictures: {error}\n")
        return int(error.exit_code)
    return 0


def browser_of(environment: Mapping[str, str]) -> str:
    """The browser that the environment names, or one on PATH. Raises UsageError."""
    named = environment.get("HARNESS_CHROMIUM", "")
    for name in (named,) if named else BROWSERS:
        if found := shutil.which(name, path=environment.get("PATH")):
            return found
    looked = named or ", ".join(BROWSERS)
    raise UsageError(f"no browser ({looked}); install one, e.g. apt-get install chromium, or set HARNESS_CHROMIUM")


def _take(browser: str, name: str, arguments: tuple[str, ...], code: ExitCode) -> None:
    with tempfile.TemporaryDirectory(prefix="harness-pictures-") as scratch:
        out = Path(scratch) / "run"
        command = [sys.executable, "-m", "harness", *arguments, "--quiet", "--out", str(out)]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode != code:
            text = f"{name}: `harness {' '.join(arguments)}` ended with {done.returncode}, expected {int(code)}"
            raise HarnessError(f"{text}; run it again on a machine with nothing else to do")
        flags = ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={scratch}/browser")
        picture = ROOT / "docs" / name
        shown = (f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={picture}", (out / "report.html").as_uri())
        subprocess.run([browser, *flags, *shown], check=True, capture_output=True)
        sys.stdout.write(f"{picture.relative_to(ROOT)}: {picture.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
