"""What a run leaves while it is on, looked at once a second beside it and shown as a page.

The load is another process; here its shards and Prometheus are read, for a small share of the time, so that looking
costs the load nearly nothing. Whatever fails here is shown on the page, and the run goes on.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

from harness.core import secret
from harness.core.errors import HarnessError
from harness.core.text import clean, shorten
from harness.report import live
from harness.report.live import Client, Document, Stage
from harness.report.render import live_page
from harness.runs.live_looks import Look
from harness.runs.progress import Watched
from harness.runtime.load.generator import Progress
from harness.runtime.page_server import PageServer

LOOK_S = 1.0
"""From one look to the next; longer where a look takes long."""
MOST_LOOKING = 1 / 20
"""Share of the time that may go into looking."""
LEAVE_S = 5.0
"""How long the end of a run waits for a look that goes on."""
PROBLEM_LIMIT = 300


class Live:
    """A viewer that serves what it sees."""

    def __init__(self, host: str, port: int, profile: str, scenario: str) -> None:
        """Listen. Raises UsageError for an address that cannot be had."""
        now_s = time.time()
        self._document = Document("", clean(profile), clean(scenario), now_s, Stage("starting", now_s))
        self._lock = threading.Lock()
        self._look: Look | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="live looks", daemon=True)
        self.page = PageServer(host, port, live_page.render(self._document), live.encode(self._document))

    def start(self) -> None:
        """Serve, and look from now on."""
        self.page.start()
        self._thread.start()

    def close(self) -> None:
        """End both."""
        self._ended.set()
        self._thread.join(LEAVE_S)
        self.page.close()

    def stage(self, text: str, expected_s: float | None) -> None:
        """A stage begins."""
        with self._lock:
            self._document = replace(self._document, stage=Stage(text, time.time(), expected_s))
        self._publish()

    def load(self, progress: Progress) -> None:
        """The load goes on."""
        with self._lock:
            if self._look:
                self._look.note(progress)
            self._document = replace(
                self._document,
                client=Client(
                    progress.phase,
                    progress.users,
                    progress.requests,
                    progress.requests_per_s,
                    progress.errors,
                    progress.p95_s,
                    progress.cpu_ratio,
                    progress.loop_lag_s,
                ),
            )

    def watch(self, watched: Watched) -> None:
        """Look at this load from now on; what was seen of another one is gone."""
        run = watched.run
        before = self._document
        with self._lock:
            self._look = Look.at(watched)
            fresh = Document(clean(run.id), before.profile, before.scenario, time.time(), self._document.stage)
            self._document = replace(fresh, t0_s=run.window.start_s, interval_s=run.window.scrape_interval_s)
        self._publish()

    def until(self, end_s: float) -> None:
        """Nothing more is to be looked at after t1."""
        with self._lock:
            if self._look:
                self._look.end_s = end_s

    def over(self, report: Path) -> None:
        """The page becomes the report."""
        self._ended.set()
        self._thread.join(LEAVE_S)
        try:
            text = report.read_text(encoding="utf-8")
        except OSError:  # it lies where the console says, or not at all
            return
        with self._lock:
            self._document = replace(self._document, over=True, stage=Stage("over", time.time()))
        self.page.become(text, live.encode(self._document))

    def _look_on(self) -> None:
        while not self._ended.is_set():
            begun_s = time.monotonic()
            spent_s = self._look_once(self._look)
            self._publish()
            self._ended.wait(max(LOOK_S, spent_s / MOST_LOOKING) - (time.monotonic() - begun_s))
        if self._look and self._look.end_s is not None:  # nobody may have looked since t1 is known
            self._look_once(self._look)

    def _look_once(self, look: Look | None) -> float:
        """Take in what is new, and hold the laws if it is time; the processor time that looking took, in seconds."""
        cpu_s, spent_s, problem = time.thread_time(), 0.0, ""
        try:
            if look:
                look.look()
                spent_s = time.thread_time() - cpu_s
                self._take(look)
                look.hold()
        except HarnessError as error:
            problem = shorten(secret.redact(str(error)), PROBLEM_LIMIT)
        except Exception as error:  # noqa: BLE001 - a bug of the page must not end the run that it shows
            problem = shorten(f"the page cannot show more: {type(error).__name__}: {error}", PROBLEM_LIMIT)
        with self._lock:
            self._document = replace(self._document, problem=problem)
        return spent_s

    def _take(self, look: Look) -> None:
        """Into the document."""
        start_s, shown, scraped_s = look.watched.run.window.start_s, look.newest, look.scraped_s
        with self._lock:
            if self._look is not look:
                return
            self._document = replace(
                self._document,
                scraped_s=None if scraped_s is None else scraped_s - start_s,
                behind_s=None if scraped_s is None else max(look.now_s - scraped_s, 0.0),
                figures=live.figures(look.accounts, shown) if shown else (),
                figures_at_s=shown.elapsed_s if shown else None,
                points=tuple(look.points[index] for index in sorted(look.points)),
                laws=tuple(replace(law, why=secret.redact(law.why)) for law in look.laws),
            )

    def _publish(self) -> None:
        with self._lock:
            if self._document.over:
                return
            document = self._document = replace(self._document, now_s=time.time())
            changed_s = self._look.changed * (document.interval_s or 0.0) if self._look else 0.0
        change = replace(document, points=tuple(point for point in document.points if point.elapsed_s >= changed_s))
        self.page.publish(live.encode(document), live.encode(change))
