"""A headless Chromium, driven through its DevTools protocol: enough to do what a reader of a page does."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
START_S, ANSWER_S = 60.0, 60.0


class Browser:
    """One page."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=ANSWER_S, suppress_origin=True)
        self._number = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; what else comes meanwhile is in `events`."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    def open(self, page: Path | str, width: int, height: int = 900) -> None:
        """Show a file, or an address, at a width, and wait until it is loaded."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.ask("Page.navigate", url=page if isinstance(page, str) else page.as_uri())
        until = time.monotonic() + ANSWER_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < until, "the page was not loaded"
            self.run("1")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()

    def picture(self, file: Path) -> None:
        """What a reader sees now, as a file to look at; HARNESS_PICTURES names a directory that keeps them all."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
        if kept := os.environ.get("HARNESS_PICTURES"):
            Path(kept).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, kept)

    def complaints(self) -> list[str]:
        """Errors and warnings of the page, and every request but the one for the page itself."""
        found = [
            str(event) for event in self.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")
        ]
        asked = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return found + [url for url in asked if not url.startswith("file:")]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile directory of its own, and end it."""
    assert PROGRAM is not None
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0")
    command = [PROGRAM, *flags, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port, until = profile / "DevToolsActivePort", time.monotonic() + START_S
        while not (port.exists() and port.read_text().strip()):
            assert process.poll() is None, "the browser ended"
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.05)
        with urlopen(f"http://127.0.0.1:{port.read_text().splitlines()[0]}/json/list", timeout=ANSWER_S) as answer:
            pages = [each for each in json.load(answer) if each["type"] == "page"]
        page = Browser(pages[0]["webSocketDebuggerUrl"])
        try:
            yield page
        finally:
            page.close()
    finally:
        process.terminate()
        process.wait(START_S)
