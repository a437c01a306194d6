"""From the last response to the written report, for a 60 s run of the smoke profile."""

import json
import tempfile
from pathlib import Path

from bench import measure

ROUNDS = 5
LIMIT_INTERVALS = 2
LIMIT_S = 2.0


def measure_all() -> str:
    """Run `harness run smoke --duration 60s` and compare the reports' times with the last response's."""
    values, verdicts, interval_s = [], [], 0.0
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
            out = Path(scratch) / "run"
            cost = measure.run(measure.harness("run", "smoke", "--duration", "60s", "--quiet", "--out", str(out)))
            pulses = [
                json.loads(line) for file in out.glob("logs/pulse-*.jsonl") for line in file.read_text().splitlines()
            ]
            last_s = max(pulse["last_response_s"] for pulse in pulses)
            written_s = max(
                (out / name).stat().st_mtime for name in ("report.json", "report.html", "junit.xml", "summary.md")
            )
            interval_s = json.loads((out / "run.json").read_text())["window"]["scrape_interval_s"]
            values.append(written_s - last_s)
            verdicts.append(cost.exit_code)
            measure.progress(f"report latency round {number}: {values[-1]:.2f} s, exit {cost.exit_code}")
    middle, least, most = measure.median_and_range(values)
    limit_s = LIMIT_INTERVALS * interval_s + LIMIT_S
    return (
        "| from the last response to the last report | limit (2 scrape intervals + 2 s) | exit codes |\n| "
        "--- | --- | --- |\n"
        f"| {middle:.2f} s ({least:.2f} to {most:.2f}) | {limit_s:.0f} s | {', '.join(map(str, verdicts))} |\n"
    )
