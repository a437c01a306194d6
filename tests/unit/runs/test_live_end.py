"""The page of a run that ends between two looks shows what the report shows."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.runs import live
from harness.runs.progress import Watched
from harness.runtime.load.generator import Progress
from tests.unit.checks.facts import RUN


@pytest.mark.parametrize("end_s", [4, 9])
def test_the_page_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end_s: int) -> None:
    """Neither later nor earlier, even if nobody looks between the moment at which the end is known and the report."""
    monkeypatch.setattr(live, "LOOK_S", 60.0)
    start_s = time.time() - 9.2
    window = replace(RUN.window, start_s=start_s, end_s=start_s, scrape_interval_s=1.0, clock_skew_s=0.0)
    viewer = live.Live("127.0.0.1", 0, "smoke", "mine.py")
    viewer.watch(Watched(replace(RUN, window=window), tmp_path, frozenset(), is_verified=False))
    viewer.start()
    try:
        while not json.loads(viewer.page.state())["points"]:
            time.sleep(0.01)
        report = tmp_path / "report.html"
        report.write_text("<p>The report.</p>")
        # The load's last sign is older than its end: that is no reason to look no further.
        viewer.load(Progress("measure", 3.0, until_s=time.time() - 1.0))
        viewer.until(start_s + end_s)
        viewer.over(report)
        last = json.loads(viewer.page.state())
        assert last["over"]
        assert [round(point["elapsed_s"]) for point in last["points"]] == [*range(end_s + 1)]
        assert viewer.page.page() == report.read_bytes()
    finally:
        viewer.close()
