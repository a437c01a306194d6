"""Signals in processes of their own: none is lost, a second hurries, a third kills."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.runtime import interrupt

ROOT = Path(__file__).resolve().parents[3]
START = """
import gc, os, signal, sys, time
from harness.runtime import interrupt
interrupt.install()
def ask():
    os.kill(os.getpid(), signal.SIGTERM)
"""


def python(text: str, start: str = START) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", start + text],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


SWALLOWED = {
    "a finalizer": "class Final:\n    def __del__(self):\n        ask()\ndel_me = Final()\ndel del_me\n",
    "a bare except": "try:\n    ask()\nexcept BaseException:\n    pass\n",
    "a callback of a weak reference": (
        "import weakref\nclass Final: pass\nheld = Final()\nkept = weakref.ref(held, lambda _: ask())\ndel held\n"
    ),
    "a generator that is thrown away": (
        "def made():\n    try:\n        yield\n    finally:\n        ask()\nheld = made()\nnext(held)\ndel held\n"
    ),
}


@pytest.mark.parametrize("swallow", SWALLOWED.values(), ids=SWALLOWED.keys())
@pytest.mark.parametrize("later", ["interrupt.sleep(30)", "with interrupt.shielded(): pass", "interrupt.check()"])
def test_a_signal_that_somebody_swallowed_comes_up_again(swallow: str, later: str) -> None:
    """At the next place where something is awaited, and without a traceback of the first time."""
    done = python(
        f"{swallow}print('went on', flush=True)\ntry:\n    {later}\n"
        "except interrupt.Interrupted:\n    print('interrupted')\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\ninterrupted\n", "")


def test_a_signal_is_held_back_while_something_is_registered() -> None:
    """And raised when that is done."""
    done = python(
        "try:\n    with interrupt.shielded():\n        ask()\n        print('registered')\n    print('never')\n"
        "except interrupt.Interrupted:\n    print('interrupted')\n"
    )
    assert (done.stdout, done.stderr) == ("registered\ninterrupted\n", "")


def test_cleaning_up_is_not_interrupted_again() -> None:
    """Each stop shields itself, and what spreads already is not raised a second time in between."""
    done = python(
        "try:\n    try:\n        ask()\n    finally:\n        with interrupt.shielded(): print('first')\n"
        "        interrupt.sleep(0.01)\n        print('second')\n"
        "except interrupt.Interrupted:\n    print('interrupted')\n"
    )
    assert (done.stdout, done.stderr) == ("first\nsecond\ninterrupted\n", "")


def test_the_same_signal_over_several_ways_is_one() -> None:
    """A terminal, a shell and `make` pass on one Ctrl-C."""
    done = python(
        "for _ in range(4):\n    try:\n        ask()\n    except interrupt.Interrupted:\n        pass\n"
        "print(interrupt.asked(), interrupt.hurried())"
    )
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_a_second_signal_hurries_and_a_third_kills() -> None:
    """Whatever the process does then."""
    done = python(
        "for _ in range(3):\n    try:\n        ask()\n    except interrupt.Interrupted:\n"
        "        print(interrupt.hurried(), flush=True)\n    time.sleep(0.4)\nprint('never')"
    )
    assert (done.returncode, done.stdout) == (130, "False\nTrue\n")
    assert done.stderr.startswith("harness: killed at the third signal")


def test_another_thread_is_not_interrupted() -> None:
    """Only the main one can be, and it waits for the others."""
    done = python(
        "import threading\nfound = []\n"
        "def work():\n    ready.wait()\n    with interrupt.shielded(): pass\n"
        "    interrupt.check()\n    found.append(1)\n"
        "ready = threading.Event()\nthread = threading.Thread(target=work)\nthread.start()\n"
        "try:\n    ask()\nexcept interrupt.Interrupted:\n    pass\nready.set()\nthread.join()\nprint(found)"
    )
    assert (done.stdout, done.stderr) == ("[1]\n", "")


def interrupt_within() -> None:
    with interrupt.installed():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_handlers_are_given_back() -> None:
    """To a program that is not ours, and nothing of an interruption is left over for its next run."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(interrupt.Interrupted):
        interrupt_within()
    assert signal.getsignal(signal.SIGINT) is before
    assert not interrupt.asked()
    interrupt.check()


IMPORTING = """
import os, signal, sys
class Ask:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{number})
        return None
sys.meta_path.insert(0, Ask())
sys.argv = ["harness", "verify", "."]
from harness.cli.main import entrypoint
entrypoint()
"""


@pytest.mark.parametrize("name", ["harness.cli.options", "argparse", "harness.runtime.interrupt", "pyarrow", "numpy"])
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_during_the_imports_ends_in_130(name: str, number: str) -> None:
    """Before the command is known and while it loads its libraries: one line, no traceback."""
    done = python(IMPORTING.format(name=name, number=number), "")
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("harness: interrupted")
    assert len(done.stderr.splitlines()) == 1


ENDING = """
import atexit, os, signal, sys
from harness.cli import main
from harness.runtime import interrupt

class Last:
    def __del__(self, kill=os.kill, pid=os.getpid()):
        kill(pid, signal.SIGTERM)

def command():
    {ends}

main.main = command
{late}
main.entrypoint()
"""


@pytest.mark.parametrize(
    ("ends", "late", "code"),
    [
        ("return 3", "atexit.register(os.kill, os.getpid(), signal.SIGINT)", 3),
        ("return 3", "main.last = Last()", 3),
        ("interrupt.install(); os.kill(os.getpid(), signal.SIGTERM); return 3", "", 130),
    ],
    ids=["while it closes", "while modules go", "before it is known"],
)
def test_a_signal_after_the_command_changes_nothing(ends: str, late: str, code: int) -> None:
    """What the command found is its exit code, for as long as Python takes to end."""
    done = python(ENDING.format(ends=ends, late=late), "")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
