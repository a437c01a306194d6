"""What the command's doors cost: processor time, user and system, of what needs no run.

Each is a fresh interpreter. The limit is 0.25 s: a help text, a version and a usage error wait for no array library.
"""

from bench import measure

ROUNDS = 11
LIMIT_S = 0.25
DOORS = {
    "`harness --help`": ("--help",),
    "`harness --version`": ("--version",),
    "`harness run --help`": ("run", "--help"),
    "an unknown flag": ("run", "--no-such-flag"),
    "an unknown profile": ("run", "no-such-profile"),
    "`harness verify` of no directory": ("verify", "no-such-directory"),
}
"""What is asked, and the arguments."""


def measure_all() -> str:
    """The table for docs/benchmarks.md."""
    lines = ["| door | processor time, median | limit | exit code |", "| --- | --- | --- | --- |"]
    for name, arguments in DOORS.items():
        measure.progress(f"doors: {name}")
        measure.run(measure.harness(*arguments))  # so that every file is in the page cache, and compiled
        costs = [measure.run(measure.harness(*arguments)) for _ in range(ROUNDS)]
        median, least, most = measure.median_and_range([cost.cpu_s for cost in costs])
        codes = ", ".join(sorted({str(cost.exit_code) for cost in costs}))
        lines.append(f"| {name} | {median:.3f} s ({least:.3f} to {most:.3f}) | {LIMIT_S:g} s | {codes} |")
    return "\n".join(lines) + "\n"
