"""Workers on other hosts: real runs with real workers, and what befalls these."""

import json
import shutil
import signal
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.core import distribution
from harness.core.arrivals import Arrivals
from harness.evidence.client.schema import OFFSET_KEY
from harness.runtime.stack import embedded
from tests.e2e import namespaces
from tests.e2e.conftest import PROJECT, Harness, Writer, copied_project, hold_against_the_oracle, rows_of
from tests.e2e.crews import TOKEN, Cast, await_true, cable

BUSY = """
    from locust import HttpUser, constant, task

    class User(HttpUser):
        wait_time = constant(0.02)

        @task
        def work(self):
            self.client.get("/work/fast")
"""


GATED = (PROJECT / "harness.toml").read_text(encoding="utf-8").replace('warmup = "2s"', 'warmup = "0s"')


@pytest.fixture
def cast(harness: Harness) -> Iterator[Cast]:
    """A run and its workers, all gone afterwards."""
    made = Cast(harness)
    yield made
    made.end()


@pytest.fixture
def busy(cast: Cast, services: embedded.Stack, write: Writer) -> tuple[str | Path, ...]:
    """Arguments of a run that loads a target which is there already."""
    assert cast.port  # made first: what is written lies in its directory
    scenario = write.file("busy.py", BUSY)
    write.config("")
    return (
        *("--config", write.directory / "harness.toml", "--locustfile", scenario, "--users", "6"),
        *("--target", services.target, "--prometheus", services.prometheus, "--warmup", "1s"),
    )


def verdicts(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Those of a run, by check."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads((out / "report.json").read_text())["verdicts"]:
        found.setdefault(each["check"], []).append(each)
    return found


def statuses(out: Path, *checks: str) -> set[str]:
    return {each["status"] for check in checks for each in verdicts(out)[check]}


def load_of(out: Path) -> dict[str, Any]:
    """The verdict on the load."""
    return next(each for each in verdicts(out)["generator-health"] if each["subject"] == "load")


def shards_of(out: Path) -> dict[str, dict[str, Any]]:
    """What run.json says of the measured samples of each worker."""
    run = json.loads((out / "run.json").read_text())
    return {each["worker"]: each for each in run["shards"] if each["phase"] == "measure"}


COUNTS = ("request-conservation", "response-conservation", "request-counts")


@pytest.mark.quiet
def test_workers_on_hosts_of_their_own_prove_the_metrics(harness: Harness, cast: Cast) -> None:
    """Each in a network namespace, without a directory that the run can see; every check passes."""
    if why := namespaces.why_not():
        pytest.skip(why)
    with namespaces.hosts(2) as hosts:
        run = cast.run("smoke", workers=2, bind=namespaces.MIDDLE, prefix=hosts.within(0, ()))
        run.says("on each worker")
        hide = f'mkdir -p {cast.out} && mount -t tmpfs none {cast.out} && exec "$@"'
        workers = [
            cast.worker(
                name,
                master=namespaces.MIDDLE,
                prefix=hosts.within(place, ("sh", "-c", hide, "sh")),
            )
            for place, name in enumerate(("one", "two"), 1)
        ]
        assert run.ends() == 0, run.said
        assert [worker.ends() for worker in workers] == [0, 0], [worker.said for worker in workers]
        assert statuses(cast.out, *verdicts(cast.out)) == {"pass"}
        assert {each["missing"] for each in shards_of(cast.out).values()} == {""}
        assert {row["worker"] for row in rows_of(cast.out)} == {0, 1}
        assert not cast.kept("one").exists(), "what the run has is not kept"
        hold_against_the_oracle(cast.out)
    cast.end()
    harness.check_clean()


def test_whoever_does_not_fit_is_refused(cast: Cast, busy: tuple[str, ...], write: Writer) -> None:
    """Both sides say why; the run goes on waiting, and interrupted it leaves nothing behind."""
    run = cast.run(*busy, workers=2)
    run.says("on each worker: HARNESS_TOKEN=$HARNESS_TOKEN harness worker --master 127.0.0.1")
    assert TOKEN not in run.said
    first = cast.worker("one")
    run.says("worker one at 127.0.0.1 is here: 1 of 2")
    other_version = (
        "import importlib.metadata as m; real = m.version\n"
        "m.version = lambda name: '0.0.7' if name == {!r} else real(name)"
    )
    mine = write.file("mine.py", BUSY.replace("0.02", "0.03"))
    cases = (
        (cast.worker("two", code=other_version.format(distribution.NAME)), "it has harness 0.0.7, the run has"),
        (cast.worker("two", code=other_version.format("locust")), "it has Locust 0.0.7, the run has"),
        (cast.worker("two", "--locustfile", mine), "its locustfile is another one"),
        (cast.worker("one", "--out", cast.kept("double")), "the name one is taken by the worker at 127.0.0.1"),
    )
    for worker, why in cases:
        assert worker.ends() == 2, worker.said
        assert why in worker.said
        run.says(why)
    stranger = cast.worker("two", token="another-token")
    assert stranger.ends() == 2
    assert "has another token; copy the command that it shows" in stranger.said
    run.says("it has another token")
    run.process.send_signal(signal.SIGINT)
    assert run.ends() == 130
    assert first.ends() == 0, first.said
    assert not cast.kept("one").exists()


@pytest.mark.long
def test_a_copy_of_the_locustfile_is_run_beside_its_data(cast: Cast, busy: tuple[str, ...], write: Writer) -> None:
    """What a locustfile opens does not travel: a worker without it is named, one that has both loads."""
    reading = textwrap.dedent(BUSY).replace('"/work/fast"', 'open("path.txt").read()')
    scenario = write.file("busy.py", f"open('path.txt').close()\n{reading}")
    write.file("path.txt", "/work/fast")
    lacking = Cast(cast.harness)
    run = lacking.run(*busy, "--duration", "4s", workers=1)
    worker = lacking.worker("one")
    assert run.ends() == 3, run.said
    assert "worker one cannot load: " in run.said
    assert "path.txt" in run.said
    worker.ends()
    shutil.rmtree(lacking.out)
    run = cast.run(*busy, "--duration", "4s", workers=1)
    place = cast.harness.scratch / "host-of-two"
    place.mkdir()
    for name in ("busy.py", "path.txt"):
        (place / name).write_bytes(scenario.with_name(name).read_bytes())
    worker = cast.worker("two", "--locustfile", "busy.py")
    run.ends()
    assert worker.ends() == 0, worker.said
    assert statuses(cast.out, *COUNTS) == {"pass"}, run.said


def test_what_arrives_is_divided_without_gaps_or_doubles(cast: Cast, busy: tuple[str, ...]) -> None:
    """The open model: the workers' arrivals together are the plan. One that comes late is one too many."""
    fixed = busy[: busy.index("--users")] + busy[busy.index("--users") + 2 :]
    run = cast.run(*fixed, "--arrival-rate", "30", "--duration", "6s", workers=2)
    workers = [cast.worker(name) for name in ("one", "two")]
    await_true("it loads", lambda: cast.is_measuring("one"))
    late = cast.worker("three")
    assert late.ends() == 2
    assert "the run has its 2 workers; raise expect_workers (--expect-workers) for more" in late.said
    run.ends()
    assert [worker.ends() for worker in workers] == [0, 0]
    assert statuses(cast.out, *COUNTS) == {"pass"}, run.said
    planned = list(Arrivals(30, 6.0, 1).times_s())
    for part in (0, 1):
        due = sorted(float(str(row["intended_s"])) for row in rows_of(cast.out) if row["worker"] == part)
        mine = planned[part::2][: len(due)]
        begun = due[0] - mine[0]
        assert [round(each - begun, 3) for each in due] == pytest.approx(mine, abs=0.002)
    begun = json.loads((cast.out / "run.json").read_text())["generator"]["begun_arrivals"]
    assert begun == len(rows_of(cast.out)) == len(planned)


@pytest.mark.long
def test_a_worker_that_dies_is_named(cast: Cast, busy: tuple[str, ...]) -> None:
    """What it had written stays on its disk, and may be brought; nobody takes it for whole."""
    run = cast.run(*busy, "--duration", "6s", workers=2)
    other = cast.worker("two")
    cast.worker("one")
    await_true("it loads", lambda: cast.is_measuring("one"))
    cast.signal("one", signal.SIGKILL)
    assert run.ends() == 3, run.said
    assert other.ends() == 0
    assert "worker one at 127.0.0.1 did not hand in its samples" in (cast.out / "report.json").read_text()
    (kept,) = cast.kept("one").glob("*-measure/samples-0.arrow")
    done = cast.harness.run("collect", cast.out, kept, "-v")
    assert done.code == 3, done.told
    assert "its end is missing after row" in done.told
    assert "samples were lost with the recorder" in done.told
    assert shards_of(cast.out)["one"]["missing"] == ""
    assert cast.harness.run("verify", cast.out).code == 3


@pytest.mark.long
def test_a_worker_that_stood_still_loses_nothing(cast: Cast, busy: tuple[str, ...]) -> None:
    """Its requests count, before and after."""
    run = cast.run(*busy, "--duration", "12s", workers=2)
    workers = [cast.worker(name) for name in ("one", "two")]
    await_true("it loads", lambda: cast.is_measuring("one"))
    cast.signal("one", signal.SIGSTOP)
    time.sleep(5)
    cast.signal("one", signal.SIGCONT)
    run.ends()
    assert [worker.ends() for worker in workers] == [0, 0]
    assert {each["missing"] for each in shards_of(cast.out).values()} == {""}
    assert statuses(cast.out, *COUNTS) == {"pass"}, run.said


@pytest.mark.long
def test_a_worker_that_is_cut_off_stops_and_hands_in_later(cast: Cast, busy: tuple[str, ...]) -> None:
    """It reaches the target still, so it must stop by itself; its samples come when it reaches the run again."""
    with cable(cast.port) as laid:
        run = cast.run(*busy, "--duration", "20s", workers=2)
        other = cast.worker("two")
        worker = cast.worker("one", port=laid.port)
        await_true("it loads", lambda: cast.is_measuring("one"))
        laid.cut()
        worker.says("the run cannot be reached for 5 s: the load is stopped")
        await_true("nothing loads on", lambda: not cast.loading("one"))
        laid.mend()
        run.ends()
        assert [each.ends() for each in (worker, other)] == [0, 0], worker.said
    assert statuses(cast.out, *COUNTS) == {"pass"}, run.said
    load = load_of(cast.out)
    assert (load["status"], load["code"]) == ("inconclusive", "load-cut")
    assert "worker one" in load["why"]


@pytest.mark.long
def test_samples_that_come_too_late_are_brought(cast: Cast, busy: tuple[str, ...]) -> None:
    """The run is inconclusive without them and judged with them; its manifest vouches for all."""
    with cable(cast.port) as laid:
        run = cast.run(*busy, "--duration", "6s", "--set", 'stop_timeout="1s"', workers=2)
        cast.worker("two")
        worker = cast.worker("one", port=laid.port)
        await_true("it loads", lambda: cast.is_measuring("one"))
        laid.cut()
        assert run.ends() == 3, run.said
        laid.mend()
        assert worker.ends() == 3, worker.said
    assert "harness collect RUN_DIR" in worker.said
    (kept,) = cast.kept("one").glob("*-measure/samples-0.arrow")
    for change in (kept.read_bytes()[:-9], kept.read_bytes()[:-1] + b"x"):
        damaged = cast.harness.scratch / "damaged.arrow"
        damaged.write_bytes(change)
        (damaged.parent / "damaged.arrow.json").write_bytes(kept.with_name("samples-0.arrow.json").read_bytes())
        refused = cast.harness.run("collect", cast.out, damaged)
        assert refused.code == 3
        assert "it was cut or altered since the worker closed it" in refused.err
    done = cast.harness.run("collect", cast.out, kept, "-v")
    assert statuses(cast.out, *COUNTS) == {"pass"}, done.told
    again = cast.harness.run("collect", cast.out, kept)
    assert again.code == 2
    assert "has the samples of worker one already" in again.err
    assert cast.harness.run("verify", cast.out).code == done.code


@pytest.mark.long
def test_a_worker_whose_disk_is_full_is_named(cast: Cast, busy: tuple[str, ...]) -> None:
    """Its load ends, and so much as it has is handed in."""
    run = cast.run(*busy, "--duration", "8s", workers=2)
    other = cast.worker("two")
    limited = cast.worker("one", prefix=("prlimit", "--fsize=40000"))
    assert run.ends() == 3, run.said
    assert other.ends() == 0
    limited.ends()
    load = load_of(cast.out)
    assert "worker one" in load["why"]
    assert "cannot be written" in load["why"]


def test_a_worker_that_leaves_with_all_samples_is_no_wrong_locustfile(cast: Cast, busy: tuple[str, ...]) -> None:
    """The only one, as it hands in: there is nothing to judge, and the worker is named."""
    run = cast.run(*busy, workers=1)
    leaving = "import os\nfrom harness.runtime.load.distributed.link import Link\nLink.send = lambda *_: os._exit(1)"
    cast.worker("one", code=leaving).ends()
    assert run.ends() == 3, run.said
    run.says("worker one at 127.0.0.1")
    assert "cannot be run by Locust" not in run.said


@pytest.mark.long
def test_a_workers_clock_may_be_an_hour_off(cast: Cast, busy: tuple[str, ...]) -> None:
    """Its samples carry by how much, and are judged on the run's clock."""
    run = cast.run(*busy, "--duration", "6s", workers=2)
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed")
    workers = [
        cast.worker("one", prefix=("faketime", "-f", "+3600s")),
        cast.worker("two"),
    ]
    run.ends()
    assert [worker.ends() for worker in workers] == [0, 0], workers[0].said
    assert statuses(cast.out, *COUNTS) == {"pass"}, run.said
    shard = cast.out / shards_of(cast.out)["one"]["file"]
    with pa.ipc.open_stream(shard) as reader:
        assert float(reader.schema.metadata[OFFSET_KEY]) == pytest.approx(3600, abs=1)
    assert shards_of(cast.out)["one"]["clock_error_s"] < 0.5


@pytest.mark.long
def test_workers_outlive_their_run_by_seconds_and_keep_their_samples(cast: Cast, busy: tuple[str, ...]) -> None:
    """Killed, the run stops nobody; they stop by themselves, and say where the samples are."""
    run = cast.run(*busy, "--duration", "120s", workers=2)
    workers = [cast.worker(name) for name in ("one", "two")]
    await_true("they load", lambda: cast.is_measuring("one") and cast.is_measuring("two"))
    run.process.kill()
    for worker, name in zip(workers, ("one", "two"), strict=True):
        worker.says("the load is stopped")
        await_true("nothing loads on", lambda name=name: not cast.loading(name))  # type: ignore[misc]
        worker.process.send_signal(signal.SIGINT)
        assert worker.ends() in {3, 130}
        (kept,) = cast.kept(name).glob("*-measure/samples-0.arrow")
        note = json.loads(kept.with_name("samples-0.arrow.json").read_text())
        with pa.ipc.open_stream(kept) as reader:
            table = reader.read_all()
        assert note["closed"]["rows"] == table.num_rows > 0
        assert Counter(table.column("phase").to_pylist()).keys() == {"measure"}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_gate_lets_workers_load_both_sides(cast: Cast, tmp_path: Path) -> None:
    """Slice by slice, with the same arrivals for both; all samples are there."""
    project = copied_project(tmp_path / "project", GATED)
    gate = ("gate", "--config", project / "harness.toml", "--base", "HEAD~1", "--candidate", "HEAD")
    short = ("--pairs", "5", "--slices", "1", "--slice", "2s")
    run = cast.command(*gate, *short, workers=2)
    workers = [cast.worker(name) for name in ("one", "two")]
    assert run.process.wait(800) in {0, 3}, run.said
    assert [worker.ends() for worker in workers] == [0, 0], [worker.said for worker in workers]
    for side in cast.out.glob("pair-*"):
        assert {each["missing"] for each in shards_of(side).values()} == {""}
        assert shards_of(side).keys() == {"one", "two"}
    assert {row["worker"] for row in rows_of(cast.out / "pair-1-base")} == {0, 1}
