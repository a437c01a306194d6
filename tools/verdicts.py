"""The harness's verdicts as flat tables, for the dashboard `Truth`: a small server over a directory of runs.

    python3 tools/verdicts.py [--reports DIR] [--host 127.0.0.1] [--port 8099]

`/verdicts` has a row for each run and check, `/figures` one for each run, view and method, both as JSON, the newest run
first; `/healthz` answers when it serves. A run whose report cannot be read is a row too, with that as its status.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from harness.report.render.overview import summaries
from harness.runs.run_directory import RunDirectory

MOST_RUNS = 200
"""Of more, the oldest are left out."""
Row = dict[str, str | float | None]


def main() -> int:
    """Serve until it is stopped; 2 when the directory or the port cannot be had."""
    parser = argparse.ArgumentParser(prog="tools/verdicts.py", description="Serve the verdicts of runs as JSON tables.")
    parser.add_argument("--reports", metavar="DIR", type=Path, default=Path("reports"), help="default: ./reports")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    parser.add_argument("--port", type=int, default=8099, help="default: 8099; 0 for a free one")
    options = parser.parse_args()
    if not options.reports.is_dir():
        parser.error(f"--reports: {options.reports} is not a directory; name the one that `harness run` writes into")
    try:
        server = ThreadingHTTPServer((options.host, options.port), handler(options.reports))
    except (OSError, OverflowError) as error:
        parser.error(f"--port: {options.host}:{options.port} cannot be opened: {error}")
    with server:
        print(f"http://{options.host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
    return 130


def handler(reports: Path) -> type[BaseHTTPRequestHandler]:
    """What answers requests about one directory."""

    class Handler(BaseHTTPRequestHandler):
        """Reads the directory anew for each request."""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":
                self._answer(HTTPStatus.OK, [])
            elif path in TABLES:
                self._answer(HTTPStatus.OK, TABLES[path](read(reports)))
            else:
                self._answer(HTTPStatus.NOT_FOUND, [{"error": f"{path} is unknown; ask for {', '.join(TABLES)}"}])

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not logged."""

        def _answer(self, status: HTTPStatus, rows: list[Row]) -> None:
            body = json.dumps(rows).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def read(reports: Path) -> Mapping[str, Report | str]:
    """The newest runs by the name of their directory; why, where a report cannot be read."""
    found: dict[str, Report | str] = {}
    for file in sorted(reports.glob("*/report.json"), key=lambda file: file.stat().st_mtime, reverse=True)[:MOST_RUNS]:
        try:
            found[file.parent.name] = RunDirectory(file.parent).read_report(parse)
        except (HarnessError, OSError) as error:
            found[file.parent.name] = str(error)
    started = {name: report.started_s if isinstance(report, Report) else 0.0 for name, report in found.items()}
    return dict(sorted(found.items(), key=lambda item: -started[item[0]]))


def verdicts(runs: Mapping[str, Report | str]) -> list[Row]:
    """One row for each run and check."""
    rows: list[Row] = []
    for name, report in runs.items():
        if isinstance(report, str):
            row: Row = {"started": None, "run": name, "profile": "", "status": f"unreadable: {report}", "check": ""}
            rows.append({**row, "passed": 0, "failed": 0, "inconclusive": 0})
            continue
        for check in summaries(report):
            counts = [len(check.of(status)) for status in (Status.PASS, Status.FAIL, Status.INCONCLUSIVE)]
            row = {**_run(name, report), "status": str(report.status), "check": check.id}
            rows.append({**row, "passed": counts[0], "failed": counts[1], "inconclusive": counts[2]})
    return rows


def figures(runs: Mapping[str, Report | str]) -> list[Row]:
    """One row for each run, view and method; what an account does not have is null."""
    return [
        {
            **_run(name, report),
            "view": each.view or "all views",
            "method": each.method,
            "client_requests": each.client.requests,
            "metric_requests": each.metric.requests,
            "client_p95_s": each.client.p95_s,
            "metric_p95_s": each.metric.p95_s,
            "client_error_ratio": each.client.error_ratio,
            "metric_error_ratio": each.metric.error_ratio,
        }
        for name, report in runs.items()
        if isinstance(report, Report)
        for each in report.views
    ]


def _run(name: str, report: Report) -> Row:
    return {"started": report.started_s, "run": name, "profile": report.profile}


TABLES: Mapping[str, Callable[[Mapping[str, Report | str]], list[Row]]] = {"/verdicts": verdicts, "/figures": figures}


if __name__ == "__main__":
    sys.exit(main())
