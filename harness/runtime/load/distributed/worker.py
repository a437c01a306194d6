"""A worker: loads with the users that the run's Locust master gives it, and hands in what it recorded.

Its own disk holds the samples until the run has them whole. Without the run it stops loading within seconds: nobody
else would stop it.
"""

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.core import url
from harness.core.errors import ExitCode, LoadError, StoreError, UsageError
from harness.runtime import files, interrupt
from harness.runtime.load.distributed import archive, wire
from harness.runtime.load.distributed.link import CutOffError, Link, RefusedError
from harness.runtime.load.distributed.loading import SHARD, Asked, Given, Loading

JOIN_S = 600.0
"""How long a run is waited for."""
LOST_S = 30.0
"""A run that does not answer for so long between two phases is over."""
HAND_IN_S = 60.0
"""How long a worker tries to hand in, since the run last took a byte."""
AGAIN_S = 0.5
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MOST_CHARACTERS = 100
"""Of a run's name in that of a directory: it comes from outside, and may be a path."""


@dataclass(slots=True)
class Worker:
    """One worker in one run."""

    asked: Asked
    link: Link
    welcome: wire.Welcome
    directory: Path
    say: Callable[[str], None]
    kept: list[Path] = field(default_factory=list)
    """Shards that the run does not have."""

    def work(self) -> int:
        """Load whenever the run says so, until it is over. Raises LoadError when the run is gone."""
        number, heard = 0, time.monotonic()
        while True:
            try:
                following = self.link.next(number)
                heard = time.monotonic()
            except (CutOffError, RefusedError) as error:
                if time.monotonic() - heard > LOST_S or isinstance(error, RefusedError):
                    raise LoadError(f"the run at {self._run} is gone ({error}){self._keeping()}") from None
                following = wire.Next()
            if following.phase:
                number = following.phase.number
                self._load(following.phase)
                heard = time.monotonic()
            elif following.ended:
                self._tidy()
                return self._code()
            interrupt.sleep(AGAIN_S / 2)

    @property
    def _run(self) -> str:
        return f"{self.asked.host}:{self.asked.port}"

    def _code(self) -> int:
        if not self.kept:
            return ExitCode.PASSED
        raise LoadError(f"the run is over{self._keeping()}")

    def _keeping(self) -> str:
        if not self.kept:
            return ""
        names = " ".join(map(str, self.kept))
        return f"; it lacks samples that are kept here: harness collect RUN_DIR {names}"

    def _tidy(self) -> None:
        if not self.kept:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _load(self, phase: wire.Phase) -> None:
        """One phase, from its begin until its shard is handed in, or kept."""
        place = self.directory / f"{phase.number}-{phase.name}"
        if not (wire.NAME.fullmatch(phase.name) and _is_url(phase.target)):
            raise LoadError(f"what listens at {self._run} is no run of this harness; is --master right?")
        try:
            (place / "logs").mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"{place} cannot be made: {error.strerror}; name another place with --out") from None
        self.say(f"phase {phase.number}, {phase.name}: loading {phase.target}")
        given = Given(phase, self.asked, self.welcome, self.directory / "scenario", place)
        closed = Loading(given, self.link, self.say).run()
        self._hand_in(place / SHARD, phase, closed)

    def _hand_in(self, file: Path, phase: wire.Phase, closed: wire.Closed) -> None:
        began, had = time.monotonic(), -1
        while True:
            try:
                received = self.link.closed(closed)
                if not received.taken and closed.bytes:
                    if received.bytes > had:
                        began, had = time.monotonic(), received.bytes
                    received = self.link.send(file, closed, received.bytes)
                if not closed.bytes:
                    self.say(f"phase {phase.number}, {phase.name}: {closed.problem or 'nothing was recorded'}")
                    return
                if received.taken:
                    self.say(f"phase {phase.number}, {phase.name}: the run has all {closed.rows or 0:,} samples")
                    file.unlink()
                    return
                why = "it did not take them whole"
            except (CutOffError, RefusedError, OSError) as error:
                why = str(error)
                if isinstance(error, RefusedError) and not error.again:
                    break
            if time.monotonic() - began > HAND_IN_S:
                break
            interrupt.sleep(AGAIN_S)
        self.kept.append(file)
        self.say(f"the run does not have these samples: {why}; they are kept: harness collect RUN_DIR {file}")


def work(asked: Asked, say: Callable[[str], None]) -> int:
    """Join the run, load for it, and hand in. Returns the exit code.

    Raises UsageError when the run refuses this worker, LoadError when it is not there or goes away.
    """
    if not wire.NAME.fullmatch(asked.name):
        raise UsageError(f"--name: {asked.name!r} must be up to 63 letters, digits, dots, dashes and underscores")
    with contextlib.closing(Link(asked.host, asked.port, asked.token, asked.name, secrets.token_hex(8))) as link:
        return _loaded(asked, link, say)


def _loaded(asked: Asked, link: Link, say: Callable[[str], None]) -> int:
    own = _digest(asked.locustfile)
    version, locust = wire.versions()
    welcome = _joined(link, wire.Hello(asked.name, version, locust, own), asked, say)
    run = UNSAFE.sub("-", welcome.run)[:MOST_CHARACTERS]
    directory = files.resolved(asked.out or Path("reports") / f"worker-{run}-{asked.name}")
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"--out: {directory} is there already; name another directory") from None
    except OSError as error:
        raise UsageError(f"--out: {directory} cannot be created: {error.strerror}; name another directory") from None
    if not own:
        try:
            archive.unpack(link.scenario(), welcome.archive, directory / "scenario")
        except CutOffError as error:
            raise LoadError(f"the run at {asked.host}:{asked.port} is gone ({error}); start both again") from None
    say(f"worker {asked.name} takes part in run {welcome.run}, as {welcome.part + 1} of {welcome.parts}")
    return Worker(asked, link, welcome, directory, say).work()


def _is_url(text: str) -> bool:
    try:
        url.parse(text)
    except ValueError:
        return False
    return True


def _digest(locustfile: Path | None) -> str:
    if locustfile is None:
        return ""
    try:
        files.check_regular(locustfile)
        return wire.digest(locustfile)
    except OSError as error:
        raise UsageError(f"--locustfile: {locustfile} cannot be read: {error.strerror}; name the run's") from None


def _joined(link: Link, hello: wire.Hello, asked: Asked, say: Callable[[str], None]) -> wire.Welcome:
    began, said = time.monotonic(), False
    while True:
        try:
            return link.hello(hello)
        except RefusedError as error:
            raise UsageError(f"the run at {asked.host}:{asked.port} refuses this worker: {error}") from None
        except CutOffError as error:
            if time.monotonic() - began > JOIN_S:
                raise LoadError(
                    f"no run answers at {asked.host}:{asked.port} ({error}); start `harness run --expect-workers` "
                    "there, and see that port and the one above it are open"
                ) from None
        if not said:
            say(f"waiting for a run at {asked.host}:{asked.port}")
            said = True
        interrupt.sleep(AGAIN_S)
