"""The workers of a run: who was let in, what each was given to do, and what has come of it.

Threads of the collector and the run itself use it, so everything is done under one lock, and nothing there waits. It is
longer than other modules because whatever takes that lock stands here.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.core.document import read_json
from harness.core.errors import LoadError
from harness.core.run import Shard
from harness.core.text import shorten
from harness.runtime import interrupt
from harness.runtime.load import pulse, shards
from harness.runtime.load.distributed import wire

POLL_S = 0.05
SHOWN = 300
"""Characters of a worker's own words that are shown."""


class RefusedError(Exception):
    """A worker's request is not accepted; the message says why, and what to do."""

    def __init__(self, why: str, *, again: bool = False) -> None:
        """With `again` it may be accepted later."""
        super().__init__(why)
        self.again = again


@dataclass(slots=True)
class Part:
    """What one worker does in one phase."""

    number: int
    """Of its shard in the run directory."""
    directory: Path
    clients: set[str] = field(default_factory=set)
    """Ids of the worker's Locust, by its pulses; none before the first."""
    pulses: int = 0
    """How many have come."""
    closed: wire.Closed | None = None
    taken: bool = False
    given_up: bool = False
    """The run goes on without the shard."""
    coming: threading.Lock = field(default_factory=threading.Lock)
    """Held while bytes of the shard come in."""
    progressed: float = 0.0
    """The steady clock at the last bytes of the shard."""

    @property
    def file(self) -> Path:
        """Where the shard comes to lie."""
        return self.directory / f"samples-{self.number}.arrow"

    @property
    def partial(self) -> Path:
        """Where it lies until it is whole."""
        return self.file.with_name(f".{self.file.name}.part")

    @property
    def bytes(self) -> int:
        """How much of it has come."""
        with suppress(OSError):
            return (self.file if self.taken else self.partial).stat().st_size
        return 0


@dataclass(slots=True)
class Member:
    """One worker."""

    name: str
    client: str
    address: str
    place: int
    heard: float
    """The steady clock when it was last heard of."""
    ended: bool = False
    """It has been told that the run is over."""
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(slots=True)
class Crew:
    """The workers of one run; `size` of them are let in, and no other."""

    run: str
    size: int
    token: str
    locustfile: str
    """The locustfile's path in the archive."""
    archive: bytes
    archive_sha256: str
    scenario_sha256: str
    bind: str
    locust_port: int
    note: Callable[[str], None]
    """Shows a line."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    members: dict[str, Member] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    phase: wire.Phase | None = None
    over: bool = True
    ended: bool = False

    def admit(self, hello: wire.Hello, client: str, address: str) -> wire.Welcome:
        """Let a worker in, once. Raises RefusedError."""
        with self.lock:
            if why := self._objection(hello, client):
                self.refuse(f"{hello.name} at {address}: {why}")
                raise RefusedError(why)
            if hello.name not in self.members:
                place = len(self.members)
                self.members[hello.name] = Member(hello.name, client, address, place, time.monotonic())
                self.note(f"worker {hello.name} at {address} is here: {place + 1} of {self.size}")
            place = self.members[hello.name].place
        return wire.Welcome(self.run, place, self.size, self.locustfile, self.archive_sha256, self.locust_port)

    def refuse(self, text: str) -> None:
        """Show and keep that somebody was not let in."""
        with self.lock:
            line = f"refused worker {shorten(text, SHOWN)}"
            if line not in self.refused:
                self.refused.append(line)
                self.note(line)

    def _objection(self, hello: wire.Hello, client: str) -> str:
        if not wire.NAME.fullmatch(hello.name):
            return "its name must be up to 63 letters, digits, dots, dashes and underscores; give it another --name"
        own = dict(zip(("harness", "Locust"), wire.versions(), strict=True))
        for what, theirs in (("harness", hello.harness), ("Locust", hello.locust)):
            if theirs != own[what]:
                return f"it has {what} {theirs}, the run has {own[what]}; install the same version on both"
        if hello.scenario and hello.scenario != self.scenario_sha256:
            return (
                f"its locustfile is another one (SHA-256 {hello.scenario[:12]}, the run has "
                f"{self.scenario_sha256[:12]}); leave its --locustfile out, or copy the run's"
            )
        known = self.members.get(hello.name)
        if known and known.client != client:
            return (
                f"the name {hello.name} is taken by the worker at {known.address}; give each worker a --name of its own"
            )
        if known is None and len(self.members) >= self.size:
            return f"the run has its {self.size} workers; raise expect_workers (--expect-workers) for more"
        return ""

    def member(self, name: str, client: str) -> Member:
        """The worker that asks, heard of now. Raises RefusedError for one that was not let in."""
        with self.lock:
            found = self.members.get(name)
            if found is None or found.client != client:
                raise RefusedError("this run does not know the worker; start it again")
            found.heard = time.monotonic()
            return found

    def part(self, name: str, client: str, phase: int) -> Part:
        """What a worker does in a phase. Raises RefusedError for a phase that it has no part in."""
        with self.lock:
            found = self.member(name, client).parts.get(phase)
            if found is None:
                raise RefusedError(f"the worker has no part in phase {phase} of this run")
            return found

    def begin(self, phase: wire.Phase, directory: Path) -> None:
        """Give a phase to all workers."""
        with self.lock:
            first = self.unused(directory)
            for member in self.members.values():
                member.parts[phase.number] = Part(first + member.place, directory)
                member.heard = time.monotonic()
            self.phase, self.over = phase, False

    def next(self, name: str, client: str, after: int) -> wire.Next:
        """What a worker does next. Raises RefusedError."""
        with self.lock:
            member = self.member(name, client)
            member.ended = member.ended or self.ended
            given = self.phase if self.phase and not self.over and self.phase.number > after else None
            return wire.Next(given, self.ended)

    def beat(self, name: str, client: str, beat: wire.Beat) -> wire.Heard:
        """Take in pulses. Raises RefusedError for what is none, and OSError."""
        with self.lock:
            part = self.part(name, client, beat.phase)
            over = self.over or self.phase is None or self.phase.number != beat.phase
            fresh = beat.pulses[max(part.pulses - beat.first, 0) :]
            if part.closed or not fresh:
                return wire.Heard(over)
            try:
                pulses = [pulse.decode(line) for line in fresh]
            except msgspec.DecodeError:
                raise RefusedError("what came is no pulse of this harness") from None
            if not all(abs(each.time_s - time.time()) < wire.DAY_S for each in pulses):
                raise RefusedError("its pulses bear times that are more than a day off; set the worker's clock")
            with (part.directory / "logs" / f"pulse-{part.number}.jsonl").open("ab") as file:
                file.write(b"".join(map(pulse.encode, pulses)))
            part.pulses += len(pulses)
            part.clients.update(each.client for each in pulses)
            return wire.Heard(over)

    def close(self, name: str, client: str, closed: wire.Closed) -> None:
        """A worker has closed its shard. Raises RefusedError when it had closed another, and OSError."""
        with self.lock:
            part = self.part(name, client, closed.phase)
            if not closed.is_possible:
                raise RefusedError("the numbers that it announces cannot be those of a shard")
            if part.closed and part.closed != closed:
                raise RefusedError("the worker has closed another shard of this phase already")
            if part.given_up or (self.ended and not part.taken):
                raise RefusedError("the run was judged without these samples; bring them with `harness collect`")
            part.closed, part.progressed = closed, time.monotonic()
            if closed.examples:
                try:
                    text = json.dumps(read_json(closed.examples))
                except ValueError:
                    raise RefusedError("its examples cannot be read") from None
                (part.directory / "logs" / f"examples-{part.number}.json").write_text(text, encoding="utf-8")

    def end(self) -> None:
        """The phase is over: workers that still load stop."""
        with self.lock:
            self.over = True

    def check(self) -> None:
        """See that each worker that has ended its part has begun it. Raises LoadError that names one that has not."""
        with self.lock:
            for member, part in self._now():
                if part.closed and part.closed.problem and not part.clients:
                    raise LoadError(f"worker {member.name} cannot load: {shorten(part.closed.problem, SHOWN)}")

    def clients(self) -> set[str]:
        """Ids of the workers' Locusts in this phase."""
        with self.lock:
            return {client for _, part in self._now() for client in part.clients}

    def unused(self, directory: Path) -> int:
        """The lowest number above those of all shards in a run directory, and of those that are to come."""
        with self.lock:
            given = [p.number for m in self.members.values() for p in m.parts.values() if p.directory == directory]
            return 1 + max([-1, *given, *map(shards.number_of, shards.find(directory))])

    def collected(self, stop_timeout_s: float) -> tuple[Shard, ...]:
        """Wait for every worker's shard of this phase, within limits; those that did not come whole have no rows.

        Raises LoadError when a worker never began, or the phase is a warm-up and a shard is missing.
        """
        self.end()
        ended = time.monotonic()
        while (late := self._late(ended, stop_timeout_s + wire.GRACE_S)) and any(awaited for _, awaited in late):
            interrupt.sleep(POLL_S)
        self.check()
        with self.lock:
            assert self.phase is not None  # it was begun
            for member, part in self._now():
                if not part.clients:
                    raise LoadError(f"worker {member.name} at {member.address} never began to load; see its log")
            if self.phase.name == "warmup" and late:
                raise LoadError(f"{_lacking(late[0][0], self.phase.number)} after the warm-up; see that worker's log")
            for _, part in self._now():
                part.given_up = not part.taken
            return tuple(self._shard(member, part, self.phase) for member, part in self._now())

    def _late(self, ended: float, limit_s: float) -> list[tuple[Member, bool]]:
        """The workers whose shard is not here, each with whether it is still waited for."""
        with self.lock:
            return [
                (member, time.monotonic() < min(max(ended, part.progressed) + limit_s, ended + wire.LONGEST_S))
                for member, part in self._now()
                if not part.taken
            ]

    def _now(self) -> list[tuple[Member, Part]]:
        number = self.phase.number if self.phase else 0
        return [(member, member.parts[number]) for member in self.members.values() if number in member.parts]

    def _shard(self, member: Member, part: Part, phase: wire.Phase) -> Shard:
        closed = part.closed
        return Shard(
            part.file.name,
            phase.name,
            closed.rows if closed and part.taken else None,
            closed.seen if closed and part.taken else None,
            worker=member.name,
            load=f"{self.run}/{phase.number}",
            sha256=closed.sha256 if closed else "",
            clock_error_s=closed.clock_error_s if closed else 0.0,
            missing="" if part.taken else _lacking(member, phase.number),
            problem=shorten(closed.problem, SHOWN) if closed else "",
        )


def _lacking(member: Member, phase: int) -> str:
    """What of a worker is missing."""
    part, who = member.parts[phase], f"worker {member.name} at {member.address}"
    if part.closed is None:
        silent_s = time.monotonic() - member.heard
        return f"{who} did not hand in its samples (silent for {silent_s:.0f} s)"
    return f"{who} handed in {part.bytes:,} of {part.closed.bytes:,} bytes of its samples"
