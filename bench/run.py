"""`make bench`: measure the harness itself and write docs/benchmarks.md. Nothing else may run on the machine."""

import argparse
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import (
    doors,
    gate_power,
    gate_real,
    measure,
    preflight,
    recording,
    report_latency,
    sensitivity,
    series,
    verifying,
    watching,
)
from harness.runtime import machine

PAGE = measure.PROJECT / "docs" / "benchmarks.md"
SECTIONS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "recording": ("What recording costs", recording.measure_all),
    "report-latency": ("From the last response to the report", report_latency.measure_all),
    "sensitivity": ("The smallest fault that is caught", sensitivity.sweep_all),
    "false-alarms": ("False alarms", sensitivity.alarms),
    "gate-power": ("How often the gate is right, simulated", gate_power.measure_all),
    "gate-real": ("How often the gate is right, on the real stack", gate_real.measure_all),
    "verifying": ("What verifying costs", verifying.measure_all),
    "series": ("What verifying costs by series, scrapes, panels and rules", series.measure_all),
    "preflight": ("What the preflight takes", preflight.measure_all),
    "watching": ("What watching costs", watching.measure_all),
    "doors": ("What a help text costs", doors.measure_all),
}


def main() -> None:
    """Measure the sections named, or all, and replace them in the page."""
    parser = argparse.ArgumentParser(description="Measure the harness itself.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    chosen = parser.parse_args().sections or list(SECTIONS)
    for name in chosen:
        if name not in SECTIONS:
            parser.error(f"unknown section {name!r}; it has {', '.join(SECTIONS)}")
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Benchmarks\n"
    for name in chosen:
        title, measure_section = SECTIONS[name]
        page = _replaced(page, name, f"## {title}\n\n{_made_by(name, measure_section)}\n{measure_section()}")
        PAGE.write_text(page, encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


def _made_by(name: str, section: Callable[[], str]) -> str:
    facts = machine.fingerprint()
    text = (sys.modules[section.__module__].__doc__ or "").strip()
    return (
        f"{text}\n\nMade by `.venv/bin/python bench/run.py {name}` on {facts['cpus']} CPUs, {facts['memory_gib']} GiB, "
        f"{platform.system()}, Python {platform.python_version()}.\n"
    )


def _replaced(page: str, name: str, section: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    block = f"{begin}{section}{end}"
    if begin in page:
        head, rest = page.split(begin, 1)
        return head + block + rest.split(end, 1)[1]
    return f"{page.rstrip()}\n\n{block}"


if __name__ == "__main__":
    main()
