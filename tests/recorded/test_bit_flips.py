"""A sealed run directory vouches for itself: each change of it is named, or changes nothing."""

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import StoreError
from harness.core.run import RUN_VERSION
from harness.report.render import FORMATS
from harness.runs import judge, manifest
from harness.runs.run_directory import RunDirectory
from harness.runs.stored_run import StoredRun

STORED = Path(__file__).parent / "runs" / "clean"
SEED = 20_260_401
FLIPS = 400


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clean run as this version of the harness leaves it."""
    path = tmp_path_factory.mktemp("sealed") / "run"
    shutil.copytree(STORED, path)
    (path / "logs").mkdir()
    (path / "logs" / "target.log").write_text("started\n")
    run = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**run, "schema_version": RUN_VERSION}, indent=1))
    directory = RunDirectory(path)
    judge.write_reports(directory, judge.judge(directory, fresh=True))
    manifest.seal(path)
    return path


@pytest.fixture
def sealed(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def _flipped(path: Path, numbers: random.Random) -> Iterator[Path]:
    """Each file in turn with one bit of it flipped, and whole again afterwards."""
    files = sorted(each for each in path.rglob("*") if each.is_file())
    for number in range(FLIPS):
        file = files[number % len(files)]
        data = bytearray(file.read_bytes())
        at, bit = numbers.randrange(len(data)), 1 << numbers.randrange(8)
        data[at] ^= bit
        file.write_bytes(data)
        yield file
        data[at] ^= bit
        file.write_bytes(data)


def _vouched(path: Path) -> dict[str, manifest.Entry]:
    """What is vouched for and not made anew."""
    sealed = manifest.read(path)
    assert sealed is not None
    return {name: entry for name, entry in sealed.files.items() if name not in FORMATS}


def _is_of_a_report(path: Path, vouched: dict[str, manifest.Entry]) -> bool:
    """Whether the manifest can be read and says the same of all that is not made anew."""
    try:
        return _vouched(path) == vouched
    except StoreError:
        return False


def test_each_flipped_bit_is_named_or_changes_nothing(sealed: Path) -> None:
    """The reports are made anew from the rest; of everything else a single bit is found, in the manifest too."""
    found = {"named": 0, "made anew": 0}
    vouched = _vouched(sealed)
    for file in _flipped(sealed, random.Random(SEED)):
        if file.name in FORMATS:
            RunDirectory(sealed).check(FORMATS)
            found["made anew"] += 1
            continue
        if file.name == manifest.FILE and _is_of_a_report(sealed, vouched):
            found["made anew"] += 1
            continue
        with pytest.raises(StoreError) as caught:
            judge.judge(RunDirectory(sealed))
        named = str(caught.value)
        assert file.name in named or (file.name == manifest.FILE and str(sealed) in named)
        assert "\n" not in named
        found["named"] += 1
    assert sum(found.values()) == FLIPS
    assert judge.verify(sealed).report == StoredRun(sealed).report


def _swap(path: Path) -> None:
    shutil.move(path / "samples-0.arrow", path / "kept")
    shutil.move(path / "samples-1.arrow", path / "samples-0.arrow")
    shutil.move(path / "kept", path / "samples-1.arrow")


def _link(path: Path) -> None:
    shutil.move(path / "samples-1.arrow", path.parent / "kept")
    os.mkfifo(path / "samples-1.arrow")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: (path / "samples-0.arrow").unlink(), "samples-0.arrow is missing"),
    "swapped": (_swap, "samples-0.arrow is not what"),
    "added shard": (
        lambda path: shutil.copy(path / "samples-1.arrow", path / "samples-2.arrow"),
        "samples-2.arrow is not",
    ),
    "added file": (lambda path: (path / "notes.txt").write_text("x"), "notes.txt is not in"),
    "added below": (lambda path: (path / "logs" / "x.log").write_text("x"), "logs/x.log is not in"),
    "renamed": (lambda path: shutil.move(path / "evidence.json", path / "evidense.json"), "evidence.json is missing"),
    "no regular file": (_link, "samples-1.arrow cannot be read: it is not a regular file"),
    "cut": (lambda path: os.truncate(path / "logs" / "target.log", 3), "target.log is not what"),
    "manifest missing": (lambda path: (path / "manifest.json").unlink(), "manifest.json is missing"),
    "manifest padded": (lambda path: (path / "manifest.json").open("a").write(" "), "manifest.json is not as"),
    "manifest deep": (lambda path: (path / "manifest.json").write_text("[" * 100_000), "manifest.json cannot be read"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_each_change_of_the_files_is_named(sealed: Path, change: str) -> None:
    """By whichever way the run is read again."""
    make, said = CHANGES[change]
    make(sealed)
    for read in (judge.verify, judge.render_again, StoredRun):
        with pytest.raises(StoreError, match=re.escape(said)):
            read(sealed)


def test_judging_again_seals_again(sealed: Path) -> None:
    """What was not made anew keeps the digest that it had; what a kill left unfinished is nobody's."""
    before = manifest.read(sealed)
    (sealed / "report.html").write_text("changed")
    (sealed / "junit.xml").unlink()
    (sealed / ".summary.md.part").write_text("half")
    judge.verify(sealed)
    after = manifest.read(sealed)
    assert before is not None
    assert after is not None
    assert after.files == before.files
    judge.render_again(sealed)
    assert manifest.read(sealed) == after


def test_a_report_that_was_changed_is_not_rendered(sealed: Path) -> None:
    """It is made from the samples again, or not at all."""
    report = sealed / "report.json"
    report.write_text(report.read_text().replace('"users": ', '"users": 1'))
    with pytest.raises(StoreError, match=r"report\.json is not what"):
        judge.render_again(sealed)
    judge.verify(sealed)
    judge.render_again(sealed)


def test_a_directory_of_before_is_judged_as_it_was(tmp_path: Path) -> None:
    """It has no manifest, gets none, and vouches for nothing."""
    old = Path(shutil.copytree(STORED, tmp_path / "old"))
    assert judge.verify(old).report.verdicts
    assert not (old / "manifest.json").exists()


def test_an_unknown_key_is_damage(tmp_path: Path) -> None:
    """A flipped bit in the name of a key would else take a limit away."""
    old = Path(shutil.copytree(STORED, tmp_path / "old"))
    file = old / "run.json"
    file.write_text(file.read_text().replace('"thresholds"', '"thresholdz"'))
    with pytest.raises(StoreError, match=r"unknown key \$\.thresholdz"):
        judge.verify(old)


def test_a_file_that_was_made_huge_is_not_read(sealed: Path) -> None:
    """Its size says enough; a terabyte of nothing takes hours to read."""
    os.truncate(sealed / "logs" / "target.log", 2**40)
    with pytest.raises(StoreError, match=r"logs/target\.log is not what manifest\.json vouches for"):
        judge.judge(RunDirectory(sealed))
