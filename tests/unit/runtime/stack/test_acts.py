"""Commands that run while the load is on."""

import sys
import time
from pathlib import Path

import pytest

from harness.config.profile import Act
from harness.core.errors import StackError
from harness.runtime.stack.acts import acting


def python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", text)


def test_acts_are_run_at_their_times_in_order(tmp_path: Path) -> None:
    """Whatever the order in which they are given, with their placeholders filled in."""
    done = tmp_path / "done"
    late = Act(0.2, python("print('late {word}', file=open(r'{done}', 'a'))"))
    soon = Act(0.0, python("print('soon {word}', file=open(r'{done}', 'a'))"))
    with acting((late, soon), {"word": "x", "done": str(done)}, tmp_path / "acts.log"):
        while not done.exists() or done.read_text().count("\n") < 2:
            time.sleep(0.01)
    assert done.read_text() == "soon x\nlate x\n"


def test_an_act_after_the_end_of_the_load_is_not_run(tmp_path: Path) -> None:
    """It would befall the next stage."""
    with acting((Act(60.0, ("touch", "{tmp}/x")),), {"tmp": str(tmp_path)}, tmp_path / "acts.log"):
        pass
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", [python("raise SystemExit(3)"), ("no-such-program",)])
def test_an_act_that_fails_ends_the_run(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A fault that was not injected proves nothing."""
    with pytest.raises(StackError, match="during the load"):
        act_once(command, tmp_path / "acts.log")


def act_once(command: tuple[str, ...], log: Path) -> None:
    """A load that ends as soon as the command was begun."""
    with acting((Act(0.0, command),), {}, log):
        while not log.exists():
            time.sleep(0.01)
