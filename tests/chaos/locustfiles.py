"""Locustfiles that are broken, end their process, never return, or print what commands: what becomes of the run?

A locustfile is a program of the user's, so it may do anything. Right is a load that is judged or that is not, in one
line, and nothing that runs on.
"""

import os
import random
import subprocess
import time
import uuid
from pathlib import Path

from tests.chaos import honesty, inputs, mutations, processes
from tests.chaos.commands import HARNESS
from tests.chaos.kills import END_S
from tests.chaos.tally import Attempt

LIMIT_S = 180.0
USER = """
from locust import HttpUser, constant, task

class User(HttpUser):
    wait_time = constant(0.05)

    @task
    def work(self):
        self.client.get("/work/fast")
"""
BEFORE = (
    "import sys; sys.exit(0)\n",
    "import os; os._exit(0)\n",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n",
    "import os, signal; os.kill(os.getppid(), signal.SIGKILL)\n",
    "import os, time\nif not os.fork():\n    os.setsid(); time.sleep(600)\n",
    "raise RuntimeError('\\x1b[2J::add-mask::x\\n::error::y')\n",
    "raise BaseException\n",
    "def f(): f()\nf()\n",
    "x = bytearray(2**45)\n",
    "import sys; print('::set-output name=a::b\\n##[group]c', flush=True); sys.stderr.write('\\x1b]0;t\\x07\\n')\n",
    "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15)]\n",
    "import os; os.closerange(3, 64)\n",
    "import time; time.sleep(1000)\n",
    "import os; os.chdir('/')\n",
    "import logging; logging.disable()\n",
)
INSIDE = (
    "        raise ValueError('x' * 10000)\n",
    "        import sys; sys.exit(3)\n",
    "        import os; os._exit(5)\n",
    "        while True: pass\n",
    "        self.client.get('http://127.0.0.2:1/')\n",
    "        self.client.get('/work/fast', name='::error::' + chr(27) + '[2J' + 'n' * 5000)\n",
    "        self.environment.runner.quit()\n",
    "        self.client.request('G\\u00c4T', '/\\x00')\n",
)


def text(chance: random.Random) -> bytes:
    """One locustfile."""
    match chance.randrange(4):
        case 0:
            return chance.choice(BEFORE).encode() + USER.encode()
        case 1:
            return USER.encode() + chance.choice(INSIDE).encode()
        case 2:
            return mutations.raw(chance, USER.encode())
        case _:
            return chance.choice((b"", b"\0", b"\xff\xfe", b"x = (" * 5_000, b"class A: pass\n", USER[:-80].encode()))


def attack(seed: int, number: int, project: Path, scratch: Path) -> Attempt:
    """Run with the locustfile of a number."""
    chance = random.Random(f"{seed}/locustfile/{number}")
    place, mark = scratch / f"locustfile-{number}", uuid.uuid4().hex
    (place / "tmp").mkdir(parents=True)
    file = place / "mine.py"
    file.write_bytes(text(chance))
    environment = {**os.environ, "TMPDIR": str(place / "tmp"), processes.MARK: mark, "PYTHONPATH": str(Path.cwd())}
    command = (*HARNESS, "run", "chaos", "--locustfile", str(file), "--quiet", "--out", str(place / "out"))
    began, hung, code = time.monotonic(), False, 0
    with (place / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=printed, stderr=printed)
    try:
        code = process.wait(LIMIT_S)
        left, _ = processes.left_after(mark, END_S)
    except subprocess.TimeoutExpired:
        hung, left = True, {}
    finally:
        processes.end(mark)
        process.wait()
    told = (place / "printed").read_text(errors="replace")
    found = [] if code in inputs.RIGHT else [f"exit code {code}: {told.strip()[-200:]!r}"]
    if command_found := inputs.COMMANDING.search(told):
        found.append(f"commands a terminal or a CI server: {command_found[0]!r}")
    return Attempt(
        "locustfiles",
        f"locustfile {number}, exit code {code}",
        time.monotonic() - began,
        tuple(found),
        tuple(left.values()),
        told.strip().splitlines()[-1] if code == honesty.CRASHED else "",
        hung,
    )
