"""docs/tutorial.md as somebody follows it: its commands, in order, in an empty directory."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import PROJECT

PAGE = (PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.long
def test_the_tutorial_works_as_it_stands(tmp_path: Path) -> None:
    """The first run passes, the panel fails for the reason that the page shows, and passes once it is mended."""
    assert len(BLOCKS) == 5
    places = (Path(sys.executable).parent, PROJECT / ".tools" / "bin")
    env = {**os.environ, "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]])}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    process = subprocess.Popen(
        ["bash", "-ec", "".join(BLOCKS)],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=280)
    finally:
        process.kill()
    assert process.returncode == 0, err + out
    verdicts = re.findall(r"^[✓✗] (PASS|FAIL)  (.*?) \u2013", out, re.MULTILINE)
    assert [verdict for verdict, _ in verdicts] == ["PASS", "FAIL", "PASS"]
    for _, headline in verdicts:
        assert headline in PAGE
    assert "exit code 1" in out
    assert "Likely cause  scrapes-as-traffic" in out
