"""`make matrix-versions`: a short verified run on each release of Django and django-prometheus; writes a page.

    .venv/bin/python tools/matrix_versions.py [NAME ...]      only the cells that have all the names, e.g. django-6.0

Each cell has a virtual environment of its own in `.tools/versions`, made with uv, and leaves its run there. A cell
whose packages exclude each other, or whose interpreter is not there, says so. The page is docs/matrix-versions.md.

Ends with 0 when every cell that can be installed passed, with 1 when one failed, with 3 when one could not be judged.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.instrumentation.django_prometheus import versions

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "matrix-versions.md"
PLACE = ROOT / ".tools" / "versions"
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
LIBRARY = "django-prometheus"
PYTHONS: Mapping[str, tuple[str, ...]] = {
    "4.2": ("3.11", "3.12"),
    "5.2": ("3.11", "3.12", "3.13", "3.14"),
    "6.0": ("3.12", "3.13", "3.14"),
}
"""Release of Django -> the interpreters that it and the witness run on."""
RELEASES = ("2.3.1", "2.4.0", "2.4.1", "2.5.0")
BESIDE = ("gunicorn>=23", "psycopg[binary]>=3.2", "django-redis>=5.4", "redis>=5", "./witness")
RUN = (
    *("--variant", "postgresql", "--variant", "django-redis"),  # where the library's own cursor and cache do most
    *("--users", "5", "--duration", "12s", "--set", "scrape_interval=2s", "--quiet"),  # for a busy machine
)
DESCRIBE = """\
import importlib, json, sys
from django.conf import settings
settings.configure(CACHES={}, DATABASES={})
import django
django.setup()
from django_prometheus import cache, db, middleware, migrations, models
import django_prometheus.cache.metrics, django_prometheus.db.metrics
from prometheus_client import REGISTRY
middleware.Metrics.get_instance()
found = {
    name: [type(each).__name__, sorted(each._labelnames)]
    for each, names in REGISTRY._collector_to_names.items()
    for name in names[:1]
    if name.startswith("django_")
}
def there(path):
    for name in (path + ".base", path.rpartition(".")[0]):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        except Exception:
            return True
        return name.endswith(".base") or hasattr(module, path.rpartition(".")[2])
    return False
print(json.dumps([found, {path: there(path) for path in sys.argv[1:]}]))
"""
"""What the packages of a cell say of themselves: the metrics, and which backends are there."""
BEGIN, END = "<!-- cells -->\n", "<!-- /cells -->\n"
BEGIN_TOLD, END_TOLD = "<!-- differences -->\n", "<!-- /differences -->\n"
VERDICTS = {0: "PASS", 1: "FAIL", 3: "INCONCLUSIVE"}
NOT_RUN = "not run"
HEADING = (
    "| Django | django-prometheus | Python | verdict | requests | verdicts | not passed |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


class LeftOutError(Exception):
    """A cell that cannot be installed here; the text says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination and how its run came out."""

    exit_code: int
    django: str
    library: str
    python: str = ""
    samples: int = 0
    verdicts: int = 0
    note: str = ""

    @property
    def row(self) -> str:
        """As a line of the table."""
        verdict = VERDICTS.get(self.exit_code, NOT_RUN)
        counts = f"{self.samples:,} | {self.verdicts:,}" if verdict != NOT_RUN else " | "
        return f"| {self.django} | {self.library} | {self.python} | {verdict} | {counts} | {self.note} |"


def main() -> int:
    """Run the chosen cells one after the other; see the module's text."""
    parser = argparse.ArgumentParser(description="Verify the reference target on releases of Django and its library.")
    known = [*(f"django-{each}" for each in PYTHONS), *(f"{LIBRARY}-{each}" for each in RELEASES)]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only cells with all of these: {', '.join(known)}")
    names = set(parser.parse_args().names)
    if unknown := names - set(known):
        parser.error(f"unknown name {min(unknown)!r}; it is one of {', '.join(known)}")
    rows, codes = rows_of(PAGE.read_text(encoding="utf-8")), set()
    seen: dict[str, object] = {}
    for django, release in itertools.product(PYTHONS, RELEASES):
        if not names <= {f"django-{django}", f"{LIBRARY}-{release}"}:
            continue
        cell = run(django, release, seen)
        codes.add(cell.exit_code)
        rows[django, release] = cell.row
        sys.stderr.write(f"matrix-versions: {cell.row}\n")
        write(BEGIN, END, table(rows))  # after each, so that an interrupted matrix leaves some
    write(BEGIN_TOLD, END_TOLD, told())
    return 1 if 1 in codes else 3 if 3 in codes or not codes & {0} else 0


def run(django: str, release: str, seen: dict[str, object]) -> Cell:
    """Install one cell, compare its packages with what is written of them, and run the target on it."""
    try:
        python = installed(django, release)
        described = describe(python, release)
    except LeftOutError as error:
        return Cell(-1, django, release, note=str(error))
    if seen.setdefault("metrics", described) != described:
        return Cell(1, django, release, note="its metrics differ from those of the cells before")
    out = python.parent.parent / "run"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "harness.cli.main", "run", "matrix", *RUN, "--out", str(out)]
    command += ["--set", f"start.python={python}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if not (out / "report.json").exists():
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        return Cell(1, django, release, note=lines[0])
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    off = sorted({verdict["check"] for verdict in report["verdicts"] if verdict["status"] != "pass"})
    told = report["versions"]
    return Cell(
        done.returncode,
        told["Django"],
        told[LIBRARY],
        told["target-python"],
        report["samples"],
        len(report["verdicts"]),
        ", ".join(off),
    )


def installed(django: str, release: str) -> Path:
    """The interpreter of a cell's virtual environment, made where it is missing. Raises LeftOutError."""
    place = PLACE / f"{django}-{release}"
    python, ready = place / "bin" / "python", place / "ready"
    if ready.exists():
        return python
    base = next(filter(None, map(interpreter, PYTHONS[django])), None)
    if base is None:
        raise LeftOutError(f"no Python {' or '.join(PYTHONS[django])} here")
    shutil.rmtree(place, ignore_errors=True)
    uv("venv", "--python", base, str(place))
    wanted = (f"django=={django}.*", f"{LIBRARY}=={release}", *BESIDE)
    uv("pip", "install", "--python", str(python), *wanted)
    ready.touch()
    return python


def interpreter(version: str) -> str | None:
    """A Python of a version that runs: of PATH, or that pyenv installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for each in filter(None, places):
        asked = subprocess.run([each, "-c", ""], capture_output=True, check=False)
        if asked.returncode == 0:
            return each
    return None


def uv(*arguments: str) -> None:
    """Run uv. Raises LeftOutError with what it said first."""
    done = subprocess.run(
        [str(UV), "--no-config", "--quiet", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LeftOutError(reason(done.stderr))


def reason(said: str) -> str:
    """Why uv found no solution, in one line."""
    text = " ".join(said.split())
    _, because, rest = text.partition("Because ")
    return rest.split(" and ", 1)[0] if because else text[:200]


def describe(python: Path, release: str) -> object:
    """The metrics of a cell's library. Raises LeftOutError when its backends are not those that are written down."""
    lacking = {path: each.holds(release) for each in versions.DIFFERENCES if each.lacks for path in each.concerns}
    done = subprocess.run(
        [str(python), "-c", DESCRIBE, *lacking], capture_output=True, text=True, check=False, cwd=PLACE
    )
    if done.returncode:
        raise LeftOutError(done.stderr.strip().splitlines()[-1])
    metrics, there = json.loads(done.stdout)
    if wrong := [path for path, lacks in lacking.items() if there[path] is lacks]:
        raise LeftOutError(f"{', '.join(wrong)}: not as harness/instrumentation/django_prometheus/versions.py says")
    return metrics


def write(begin: str, end: str, text: str) -> None:
    """Put a text between two marks of the page."""
    head, rest = PAGE.read_text(encoding="utf-8").split(begin, 1)
    PAGE.write_text(head + begin + text + end + rest.split(end, 1)[1], encoding="utf-8")


def told() -> str:
    """The differences of the library that are written down, as a table."""
    lines = [
        f"| before {each.before} | {', '.join(f'`{path}`' for path in each.concerns)} | {each.text} |"
        for each in versions.DIFFERENCES
    ]
    return "\n".join(("| releases | backends | what the library does |", "| --- | --- | --- |", *lines)) + "\n"


def rows_of(page: str) -> dict[tuple[str, str], str]:
    """The lines of the page's table, by releases."""
    return dict(_rows(page.split(BEGIN, 1)[1].split(END, 1)[0].splitlines()))


def _rows(lines: list[str]) -> Iterator[tuple[tuple[str, str], str]]:
    for line in lines:
        words = [word.strip() for word in line.split("|")]
        if len(words) > 2 and words[2] in RELEASES:
            yield (".".join(words[1].split(".")[:2]), words[2]), line


def table(rows: Mapping[tuple[str, str], str]) -> str:
    """The rows in the order of the matrix, with a line that counts them."""
    every = list(itertools.product(PYTHONS, RELEASES))
    lines = [rows[key] for key in every if key in rows]
    verdicts = [line.split("|")[4].strip() for line in lines]
    counts = {verdict: verdicts.count(verdict) for verdict in (*VERDICTS.values(), NOT_RUN)}
    summary = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    return "\n".join((*HEADING, *lines)) + f"\n\n{len(lines)} of {len(every)} cells: {summary}.\n"


if __name__ == "__main__":
    sys.exit(main())
