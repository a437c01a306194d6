"""A locustfile's LoadTestShape beside a duration."""

import subprocess
import sys

import pytest

SCRIPT = """
from harness.runtime.load.locust_plugin.load_shape import end_after

class Shape:
    now_s = 0.0
    def get_run_time(self):
        return self.now_s
    def tick(self):
        return (3, 3) if self.now_s < 60 else None

shape = Shape()
end_after(shape, {duration_s})
for now_s in (0.0, 3.9, 4.0, 59.0, 60.0):
    shape.now_s = now_s
    print(now_s, shape.tick())
"""


@pytest.mark.parametrize(
    ("duration_s", "last_s"), [(4.0, 3.9), (100.0, 59.0)], ids=["the duration ends it", "it ends by itself"]
)
def test_the_first_end_counts(duration_s: float, last_s: float) -> None:
    """In a process of its own, as Locust's plugin is never imported here."""
    script = SCRIPT.format(duration_s=duration_s)
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    times = [float(line.split()[0]) for line in printed.splitlines() if "(3, 3)" in line]
    assert max(times) == last_s
