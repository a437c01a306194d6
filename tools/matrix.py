"""`make matrix`: a short verified run for every engine, cache and server of the target; writes docs/matrix.md.

    .venv/bin/python tools/matrix.py [NAME ...]      only the cells that have all the names, e.g. postgresql asgi

Ends with 0 when every cell passed, with 1 when one failed, with 3 when one could not be judged or was left out. With
names only the rows of those cells are written again.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "matrix.md"
ENGINES = ("sqlite", "postgresql", "mysql")
CACHES = ("locmem", "file", "memcached", "redis", "django-redis")
SERVERS = ("gthread", "sync", "asgi")
USAGE = 2
CRASHED = 70
"""A bug of the harness."""
VERDICTS = {0: "PASS", 1: "FAIL", 3: "INCONCLUSIVE"}
BEGIN, END = "<!-- cells -->\n", "<!-- /cells -->\n"


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination and how its run came out."""

    variants: tuple[str, str, str]
    exit_code: int
    samples: int
    verdicts: int
    servers: str
    """Versions of what ran, e.g. `postgresql 15.8, redis 7.0`."""
    note: str
    """Checks that did not pass, or why there was no run."""

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return VERDICTS.get(self.exit_code, "not run")


def main() -> int:
    """Run the chosen cells one after the other; see the module's text."""
    parser = argparse.ArgumentParser(description="Verify every engine, cache and server of the reference target.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only cells with all of these engines, caches and servers"
    )
    names = set(parser.parse_args().names)
    if unknown := names - {*ENGINES, *CACHES, *SERVERS}:
        parser.error(f"unknown name {min(unknown)!r}; it is one of {', '.join((*ENGINES, *CACHES, *SERVERS))}")
    chosen = [variants for variants in itertools.product(ENGINES, CACHES, SERVERS) if names <= set(variants)]
    rows = rows_of(PAGE.read_text(encoding="utf-8")) if names else {}
    codes = set()
    for variants in chosen:
        cell = run(variants)
        codes.add(cell.exit_code)
        rows[variants] = row(cell)
        sys.stderr.write(f"matrix: {' x '.join(variants)}: {cell.verdict} {cell.note}\n")
        head, rest = PAGE.read_text(encoding="utf-8").split(
            BEGIN, 1
        )  # after each, so an interrupted matrix leaves some
        PAGE.write_text(head + BEGIN + table(rows) + END + rest.split(END, 1)[1], encoding="utf-8")
    sys.stdout.write(table({variants: rows[variants] for variants in chosen if variants in rows}))
    return 1 if 1 in codes else 3 if codes - {0} or not codes else 0


def run(variants: tuple[str, str, str]) -> Cell:
    """One run of the profile `matrix`; what it left is read from its report."""
    chosen = [argument for name in variants for argument in ("--variant", name)]
    with tempfile.TemporaryDirectory(prefix="harness-matrix-") as scratch:
        out = Path(scratch) / "run"
        command = [sys.executable, "-m", "harness.cli.main", "run", "matrix", *chosen, "--quiet", "--out", str(out)]
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode == CRASHED or not (out / "report.json").exists():
            lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
            reason = lines[-1] if done.returncode == CRASHED else lines[0]  # a traceback comes before it
            return Cell(variants, USAGE, 0, 0, "", reason)
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    off = sorted({verdict["check"] for verdict in report["verdicts"] if verdict["status"] != "pass"})
    started = [f"{name} {report['versions'][name]}" for name in SERVICES if name in report["versions"]]
    return Cell(
        variants, done.returncode, report["samples"], len(report["verdicts"]), ", ".join(started), ", ".join(off)
    )


SERVICES = ("postgresql", "mariadb", "redis", "memcached")
HEADING = (
    "| engine | cache | server | verdict | requests | verdicts | servers | not passed |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


def row(cell: Cell) -> str:
    """The cell as a line of the table."""
    names = " | ".join(cell.variants)
    return f"| {names} | {cell.verdict} | {cell.samples:,} | {cell.verdicts:,} | {cell.servers} | {cell.note} |"


def rows_of(page: str) -> dict[tuple[str, ...], str]:
    """The lines of the page's table, by engine, cache and server."""
    lines = page.split(BEGIN, 1)[1].split(END, 1)[0].splitlines()
    found = {tuple(name.strip() for name in line.split("|")[1:4]): line for line in lines if line.startswith("| ")}
    return {names: line for names, line in found.items() if names[0] in ENGINES}


def table(rows: dict[tuple[str, ...], str]) -> str:
    """The rows in the order of the matrix, with a line that counts them, and how many there can be."""
    every = list(itertools.product(ENGINES, CACHES, SERVERS))
    lines = [rows[variants] for variants in every if variants in rows]
    verdicts = [line.split("|")[4].strip() for line in lines]
    counts = {verdict: verdicts.count(verdict) for verdict in (*VERDICTS.values(), "not run")}
    summary = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    return "\n".join((*HEADING, *lines)) + f"\n\n{len(lines)} of {len(every)} cells: {summary}.\n"


if __name__ == "__main__":
    sys.exit(main())
