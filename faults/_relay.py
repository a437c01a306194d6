"""A relay between Prometheus and the app, for the faults that change the metrics page on its way."""

from harness.faults import Sidecar

_RELAY = """\
import http.server
import sys
import urllib.request

from edit import edit

PORT, TARGET = map(int, sys.argv[1:])


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{TARGET}{self.path}", timeout=5) as answer:
            text, kind = answer.read().decode(), answer.headers["Content-Type"]
        body = (edit(text) if self.path == "/metrics" else text).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", PORT), Page).serve_forever()
"""
SIDECARS = (Sidecar("relay", ("{python}", "{fault}/relay.py", "{port}", "{target_port}")),)
SCRAPE = {"static_configs": [{"targets": ["127.0.0.1:{relay_port}"], "labels": {"app": "somesite"}}]}


def files(edit: str) -> dict[str, str]:
    """The modules of a fault with a relay; `edit` is the source of a module with a function `edit(text) -> text`."""
    return {"relay.py": _RELAY, "edit.py": edit}
