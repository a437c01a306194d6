"""The door of a run, by real requests on loopback: who comes in, and which shards are taken."""

import hashlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from harness.core import distribution
from harness.core.errors import LoadError, UsageError
from harness.core.run import Shard
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, Exchange, Labels, batch, stamped
from harness.runtime.load import pulse, shards
from harness.runtime.load.distributed import collector, strangers, wire, worker
from harness.runtime.load.distributed import link as link_module
from harness.runtime.load.distributed.crew import Crew
from harness.runtime.load.distributed.link import CutOffError, Link, RefusedError
from harness.runtime.load.distributed.loading import Asked
from tests.unit.runtime import dripping, impostor

TOKEN = "of-this-test"
VERSIONS = wire.versions()


@dataclass
class Door:
    """An open run."""

    crew: Crew
    port: int
    directory: Path
    lines: list[str]
    links: list[Link] = field(default_factory=list)

    def link(self, name: str = "one", client: str = "c1", token: str = TOKEN) -> Link:
        """A worker's line to it."""
        self.links.append(Link("127.0.0.1", self.port - 1, token, name, client))
        return self.links[-1]

    def joined(self, name: str = "one", client: str = "c1") -> Link:
        """The same of one that was let in."""
        link = self.link(name, client)
        link.hello(wire.Hello(name, *VERSIONS))
        return link

    def begin(self, name: str = "measure") -> wire.Phase:
        """Give work."""
        number = self.crew.phase.number + 1 if self.crew.phase else 1
        phase = wire.Phase(number, name, "http://127.0.0.1:1", {}, (), 0.1)
        self.crew.begin(phase, self.directory)
        return phase


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """For two workers."""
    (tmp_path / "logs").mkdir()
    lines: list[str] = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    crew = Crew(
        "a-run", 2, TOKEN, "locustfile.py", b"archive", "sha", "of-scenario", "127.0.0.1", port - 1, lines.append
    )
    with collector.opened("127.0.0.1", port, crew):
        made = Door(crew, port, tmp_path, lines)
        yield made
        for link in made.links:
            link.close()


def a_shard(file: Path, rows: int = 400, *, offset_s: float = 0.0) -> Path:
    """As the recorder closes one."""
    seen = [Exchange(1000.0 + row, 0.1, "GET", "/", 200, "", None, 3, "http://x/", 0) for row in range(rows)]
    empty = pa.record_batch([pa.array([], type=field.type) for field in SCHEMA], schema=SCHEMA)
    with file.open("wb") as sink, pa.ipc.new_stream(sink, stamped(offset_s)) as writer:
        writer.write_batch(batch(seen, Labels({}, {}, "measure", "none"), 0))
        writer.write_batch(empty, custom_metadata={CLOSING_KEY: str(rows)})
    return file


def closed(file: Path, phase: int = 1, rows: int | None = 400) -> wire.Closed:
    """What is announced of it."""
    return wire.Closed(phase, rows, file.stat().st_size, wire.digest(file), 0.0, 0.001)


def a_pulse(client: str, time_s: float | None = None) -> str:
    time_s = time.time() if time_s is None else time_s
    return pulse.encode(
        pulse.Pulse(time_s, 1, 1, 1.0, 0, 0, "", 0, 1, 0, 1, 0, 0.1, (0.0,), 0.1, 1.0, False, 1.0, False, client)
    ).decode()


def test_the_versions_that_are_compared_are_those_that_are_installed() -> None:
    """Or any two would be the same."""
    assert (metadata.version(distribution.NAME), metadata.version("locust")) == VERSIONS


def test_who_has_another_token_comes_to_nothing(door: Door) -> None:
    """Whatever is asked; the run is told."""
    for ask in (lambda link: link.hello(wire.Hello("one", *VERSIONS)), Link.time_s, Link.scenario):
        with pytest.raises(UsageError, match="has another token"):
            ask(door.link(token="another"))
    assert door.crew.members == {}
    assert door.lines == ["refused worker at 127.0.0.1: it has another token; copy the command that this run shows"]


def test_who_was_not_let_in_is_not_answered(door: Door) -> None:
    """The token alone is not enough, and a name neither."""
    door.joined()
    for link in (door.link("two"), door.link("one", "c9")):
        with pytest.raises(RefusedError, match="this run does not know the worker"):
            link.next(0)
        with pytest.raises(RefusedError, match="this run does not know the worker"):
            link.scenario()


def test_a_worker_may_come_again(door: Door) -> None:
    """Its answer was lost: it is the same one, in the same place."""
    first = door.link().hello(wire.Hello("one", *VERSIONS))
    door.joined("two", "c2")
    assert door.link().hello(wire.Hello("one", *VERSIONS)) == first
    assert [member.place for member in door.crew.members.values()] == [0, 1]


def test_a_whole_shard_is_taken_once(door: Door, tmp_path: Path) -> None:
    """However often it comes; the worker is told how much the run has."""
    link, phase = door.joined(), door.begin()
    file = a_shard(tmp_path / "mine")
    announced = closed(file)
    assert link.closed(announced) == wire.Received(0, taken=False)
    assert link.send(file, announced, 0) == wire.Received(announced.bytes, taken=True)
    assert link.send(file, announced, 0) == wire.Received(announced.bytes, taken=True)
    assert link.closed(announced) == wire.Received(announced.bytes, taken=True)
    (shard,) = _collected(door, phase)
    assert (shard.rows, shard.missing, shard.worker, shard.load) == (400, "", "one", "a-run/1")
    assert (tmp_path / shard.file).read_bytes() == file.read_bytes()
    assert sorted(each.name for each in tmp_path.glob("*samples*")) == [shard.file]


def test_an_upload_goes_on_where_it_broke(door: Door, tmp_path: Path) -> None:
    """What came stays, and no byte comes twice."""
    link, phase = door.joined(), door.begin()
    file = a_shard(tmp_path / "mine", 5000)
    announced = closed(file, rows=5000)
    link.closed(announced)
    half = announced.bytes // 2
    raw = http.client.HTTPConnection("127.0.0.1", door.port, timeout=5)
    raw.putrequest("PUT", "/shard")
    for name, value in {
        "Authorization": f"Bearer {TOKEN}",
        wire.WORKER: "one",
        wire.CLIENT: "c1",
        wire.PHASE: "1",
        wire.TOTAL: str(announced.bytes),
        wire.FROM: "0",
        wire.DIGEST: announced.sha256,
        "Content-Length": str(announced.bytes),
    }.items():
        raw.putheader(name, value)
    raw.endheaders(file.read_bytes()[:half])
    raw.close()
    while (had := link.closed(announced).bytes) < half:
        pass
    with pytest.raises((RefusedError, CutOffError)):  # it may hang up while the worker still sends
        link.send(file, announced, 0)
    assert link.send(file, announced, had).taken
    (shard,) = _collected(door, phase)
    assert shards.closing_count(tmp_path / shard.file) == 5000


@pytest.mark.parametrize("place", [10, 3000, -12])
def test_an_altered_shard_is_dropped_and_may_come_again(door: Door, tmp_path: Path, place: int) -> None:
    """Whichever byte it is."""
    link, phase = door.joined(), door.begin()
    file = a_shard(tmp_path / "mine")
    announced = closed(file)
    altered = bytearray(file.read_bytes())
    altered[place] ^= 1
    (tmp_path / "altered").write_bytes(altered)
    link.closed(announced)
    with pytest.raises(RefusedError, match="altered on the way"):
        link.send(tmp_path / "altered", announced, 0)
    assert not list(tmp_path.glob("samples-*"))
    assert link.send(file, announced, 0).taken
    assert [shard.missing for shard in _collected(door, phase)] == [""]


def test_a_shard_with_another_count_of_rows_is_refused(door: Door, tmp_path: Path) -> None:
    """It was not closed as it was announced."""
    link, _ = door.joined(), door.begin()
    file = a_shard(tmp_path / "mine")
    link.closed(closed(file, rows=401))
    with pytest.raises(RefusedError, match="end with 400 rows, not 401"):
        link.send(file, closed(file, rows=401), 0)


def test_a_worker_closes_one_shard_of_a_phase(door: Door, tmp_path: Path) -> None:
    """And sends that one."""
    link, _ = door.joined(), door.begin()
    file, other = a_shard(tmp_path / "mine"), a_shard(tmp_path / "other", 300)
    with pytest.raises(RefusedError, match="has not closed its samples"):
        link.send(file, closed(file), 0)
    link.closed(closed(file))
    with pytest.raises(RefusedError, match="has closed another shard"):
        link.closed(closed(other, rows=300))
    with pytest.raises(RefusedError, match="other samples than the worker has closed"):
        link.send(other, closed(other, rows=300), 0)
    with pytest.raises(RefusedError, match="no part in phase 7"):
        link.closed(closed(file, phase=7))


def test_what_does_not_come_is_named_and_comes_too_late(door: Door, tmp_path: Path) -> None:
    """The run has gone on without it."""
    link, other = door.joined(), door.joined("two", "c2")
    phase = door.begin()
    file = a_shard(tmp_path / "mine")
    announced = closed(file, phase=phase.number)
    for name, each in (("one", link), ("two", other)):
        each.beat(wire.Beat(phase.number, 0, (a_pulse(name),)))
    link.closed(announced)
    lacking = {shard.worker: shard for shard in _collected(door, phase)}
    assert f"worker one at 127.0.0.1 handed in 0 of {announced.bytes:,} bytes" in lacking["one"].missing
    assert "worker two at 127.0.0.1 did not hand in its samples" in lacking["two"].missing
    assert {shard.rows for shard in lacking.values()} == {None}
    with pytest.raises(RefusedError, match="judged without these samples; bring them with `harness collect`"):
        link.closed(announced)
    with pytest.raises(RefusedError, match="judged without these samples; bring them with `harness collect`"):
        link.send(file, announced, 0)


def test_who_loads_without_having_been_let_in_is_named(door: Door, tmp_path: Path) -> None:
    """Locust's master takes any worker; what that one does is in no shard."""
    link, _ = door.joined(), door.begin()
    link.beat(wire.Beat(1, 0, (a_pulse("host_1"),)))
    file = a_shard(tmp_path / "mine")
    link.closed(closed(file))
    link.send(file, closed(file), 0)
    strangers.clients_file(tmp_path, "measure").write_text("host_1\nelsewhere_2\nhost_1\n")
    own, strange = strangers.collected(door.crew, 0.0, tmp_path)
    assert (own.missing, own.rows) == ("", 400)
    assert strange.missing.startswith("elsewhere_2 loaded as a worker of Locust, was not let into this run")
    assert (strange.rows, (tmp_path / strange.file).exists()) == (None, False)
    assert shards.state_of(tmp_path, strange).problem == strange.missing


def test_a_worker_that_cannot_load_ends_the_run(door: Door) -> None:
    """By name, with its own words; so does one that never began."""
    link, _ = door.joined(), door.begin()
    link.closed(wire.Closed(1, None, 0, "", 0.0, 0.0, problem="ModuleNotFoundError: No module named 'carts'"))
    with pytest.raises(LoadError, match="worker one cannot load: ModuleNotFoundError"):
        door.crew.check()
    door.begin()
    with pytest.raises(LoadError, match=r"worker one at 127\.0\.0\.1 never began to load"):
        door.crew.collected(-wire.GRACE_S)


def test_a_pulse_that_comes_twice_counts_once(door: Door) -> None:
    """The answer to it was lost."""
    link, _ = door.joined(), door.begin()
    for first, names in ((0, "ab"), (0, "abc"), (2, "c"), (3, "d")):
        link.beat(wire.Beat(1, first, tuple(map(a_pulse, names))))
    lines = (door.directory / "logs" / "pulse-0.jsonl").read_text().splitlines()
    assert [pulse.decode(line).client for line in lines] == list("abcd")
    with pytest.raises(RefusedError, match="no pulse of this harness"):
        link.beat(wire.Beat(1, 4, ("{}",)))


def test_a_name_that_is_none_is_refused(door: Door) -> None:
    """Before it is shown anywhere."""
    with pytest.raises(RefusedError, match="its name must be"):
        door.link().hello(wire.Hello("a\x1b[2J b", *VERSIONS))


def test_who_is_told_that_the_phase_is_over(door: Door) -> None:
    """A worker that asks; one that comes late to it is given nothing."""
    link, phase = door.joined(), door.begin()
    assert link.next(0).phase == phase
    assert link.next(phase.number) == wire.Next()
    assert not link.beat(wire.Beat(1, 0, (a_pulse("x"),))).over
    door.crew.end()
    assert link.beat(wire.Beat(1)).over
    assert link.next(0) == wire.Next()
    door.crew.ended = True
    assert link.next(0).ended


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /beat HTTP/1.1\r\nAuthorization: Bearer of-this-test\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nAuthorization: Bearer of-this-test\r\nContent-Length: 3\r\n\r\n{]x",
        b"POST /hello HTTP/1.1\r\nAuthorization: Bearer of-this-test\r\n\r\n",
        b"PUT /shard HTTP/1.1\r\nAuthorization: Bearer of-this-test\r\nContent-Length: 1\r\n\r\n1",
        b"GET /elsewhere HTTP/1.1\r\nAuthorization: Bearer of-this-test\r\n\r\n",
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_else(door: Door, sent: bytes) -> None:
    """The next one is served."""
    with socket.create_connection(("127.0.0.1", door.port), 5) as raw:
        raw.sendall(sent)
        assert raw.recv(100).split()[1].startswith(b"4")
    door.joined()


def test_no_more_connections_than_the_workers_need_are_served(door: Door) -> None:
    """Whoever opens thousands gets no thread for them."""
    held = [socket.create_connection(("127.0.0.1", door.port), 5) for _ in range(60)]
    try:
        with pytest.raises(CutOffError):
            door.joined()
        assert threading.active_count() < 40
    finally:
        for each in held:
            each.close()


def test_a_clock_that_is_ahead_is_taken_off_when_the_shard_is_read(tmp_path: Path) -> None:
    """Both times, and nothing else."""
    plain, ahead = (
        pa.concat_tables(shards.tables(tmp_path, [Shard(a_shard(tmp_path / name, 3, offset_s=offset_s).name, "", 3)]))
        for name, offset_s in (("a", 0.0), ("b", 3600.0))
    )
    assert ahead.drop(["started_s"]).equals(plain.drop(["started_s"]))
    assert ahead["started_s"].to_pylist() == [each - 3600.0 for each in plain["started_s"].to_pylist()]


def _collected(door: Door, phase: wire.Phase) -> tuple[Shard, ...]:
    for name in door.crew.members:
        member = door.crew.members[name]
        member.parts[phase.number].clients.add(name)
    return door.crew.collected(-wire.GRACE_S)


def test_a_digest_is_of_the_whole_file(tmp_path: Path) -> None:
    """Larger than one block."""
    data = bytes(range(256)) * 10_000
    (tmp_path / "file").write_bytes(data)
    assert wire.digest(tmp_path / "file") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"clock_error_s": -1e300},
        {"clock_offset_s": 1e300},
        {"clock_offset_s": -1e300},
        {"clock_error_s": 1e300},
        {"bytes": -5},
        {"rows": -5},
        {"seen": -1},
    ],
    ids=str,
)
def test_numbers_that_no_shard_has_are_refused(door: Door, tmp_path: Path, changes: dict[str, Any]) -> None:
    """They would move the times of all samples, or be counted."""
    link, _ = door.joined(), door.begin()
    announced = msgspec.structs.replace(closed(a_shard(tmp_path / "mine")), **changes)
    with pytest.raises(RefusedError, match="cannot be those of a shard"):
        link.closed(announced)
    with pytest.raises(RefusedError, match="its examples cannot be read"):
        link.closed(msgspec.structs.replace(closed(tmp_path / "mine"), examples="[" * 200_000))


@pytest.mark.parametrize("time_s", [1.0, 1e300, -1e300])
def test_pulses_of_another_time_are_refused(door: Door, time_s: float) -> None:
    """The clock of the run's scrapes is held against them."""
    link, _ = door.joined(), door.begin()
    with pytest.raises(RefusedError, match="more than a day off"):
        link.beat(wire.Beat(1, 0, (a_pulse("c1", time_s),)))


def test_a_run_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte in time, and the whole never."""
    monkeypatch.setattr(link_module, "WHOLE_S", 0.3)
    for answer in ("status that drips", "informational answers", "body that drips"):
        with impostor.serving(impostor.HOSTILE[answer]) as (address, _):
            link = Link("127.0.0.1", int(address.rpartition(":")[2]) - 1, TOKEN, "one", "c1")
            with pytest.raises((CutOffError, LoadError)):
                link.next(0)
            link.close()


@pytest.mark.parametrize(("name", "target"), [("../../escaped", "http://127.0.0.1:1"), ("measure", "not a url")])
def test_a_phase_that_no_run_gives_makes_nothing(door: Door, tmp_path: Path, name: str, target: str) -> None:
    """What listens there may be anything, and its words become names of directories."""
    place = tmp_path / "a" / "worker"
    asked = Asked("127.0.0.1", door.port - 1, TOKEN, "one", None, None)
    welcome = door.link().hello(wire.Hello("one", *VERSIONS))
    door.crew.begin(wire.Phase(1, name, target, {}, (), 0.1), door.directory)
    with pytest.raises(LoadError, match="is no run of this harness"):
        worker.Worker(asked, door.link(), welcome, place, door.lines.append).work()
    assert not place.parent.exists()


def test_a_shard_that_comes_byte_by_byte_is_not_waited_for_without_end(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part of it would begin the wait anew."""
    monkeypatch.setattr(wire, "LONGEST_S", 0.3)
    link, phase = door.joined(), door.begin()
    link.beat(wire.Beat(phase.number, 0, (a_pulse("c1"),)))
    link.closed(closed(a_shard(tmp_path / "mine")))
    door.crew.part("one", "c1", phase.number).progressed = time.monotonic() + 3600
    (shard,) = _collected(door, phase)
    assert "handed in 0 of" in shard.missing


def test_a_run_whose_name_is_a_path_makes_no_directory_elsewhere(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What listens there may be anything."""
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    door.crew.run = "../../../escaped"
    with pytest.raises(LoadError, match="is not the one that the run announced"):
        worker.work(Asked("127.0.0.1", door.port - 1, TOKEN, "one", None, None), door.lines.append)
    (made,) = (place / "reports").iterdir()
    assert made.name.endswith("escaped-one")
    assert not list(tmp_path.glob("escaped*"))


def test_a_header_that_drips_holds_no_connection(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are few of them, and the workers need them."""
    monkeypatch.setattr(collector, "SILENT_S", 0.5)
    assert dripping.is_let_go(door.port)


def test_samples_may_take_longer_than_a_request(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as they come."""
    monkeypatch.setattr(collector, "SILENT_S", 0.6)
    link, phase = door.joined(), door.begin()
    file = a_shard(tmp_path / "mine")
    announced = closed(file)
    link.beat(wire.Beat(phase.number, 0, (a_pulse("c1"),)))
    link.closed(announced)
    body = file.read_bytes()
    head = (
        f"PUT /shard HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"{wire.WORKER}: one\r\n{wire.CLIENT}: c1\r\n"
        f"{wire.PHASE}: {phase.number}\r\n{wire.TOTAL}: {len(body)}\r\n{wire.FROM}: 0\r\n"
        f"{wire.DIGEST}: {announced.sha256}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as client:
        client.sendall(head.encode())
        for begins in range(0, len(body), len(body) // 6 + 1):
            time.sleep(0.2)
            client.sendall(body[begins : begins + len(body) // 6 + 1])
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert door.crew.part("one", "c1", phase.number).taken
