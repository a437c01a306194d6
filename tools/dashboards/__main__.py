"""`make dashboards`: write the dashboards into monitoring/grafana, or with --check see that they are there.

Those that ask Prometheus stand in dashboards/, where `harness run` judges them; the others in tables/.

Ends with 1 when --check finds one that is not.
"""

import argparse
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from tools.dashboards import database, overview, requests, sql_log, truth, view

PLACE = Path(__file__).resolve().parents[2] / "monitoring" / "grafana"
BOARDS = {
    "dashboards/overview.json": overview.make,
    "dashboards/requests.json": requests.make,
    "dashboards/view.json": view.make,
    "dashboards/database.json": database.make,
    "tables/sql-log.json": sql_log.make,
    "tables/truth.json": truth.make,
}


def texts() -> dict[str, str]:
    """The JSON of each dashboard by its file."""
    found = {}
    for name, make in BOARDS.items():
        made = make().build()
        for number, panel in enumerate(made.panels or (), 1):
            panel.id_val = number
        found[name] = JSONEncoder(sort_keys=True, indent=2).encode(made) + "\n"
    return found


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description="Make the Grafana dashboards.")
    parser.add_argument("--check", action="store_true", help="change nothing; say which are not current")
    check, stale = parser.parse_args().check, []
    for name, text in texts().items():
        file = PLACE / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            file.write_text(text, encoding="utf-8")
    for file in PLACE.glob("*/*.json"):
        if (name := str(file.relative_to(PLACE))) not in BOARDS:
            stale.append(name)
            if not check:
                file.unlink()
    if stale:
        print(f"{'not current: ' if check else 'written: '}{', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
