"""A catalogue is what its directory holds; a file that cannot be used is named, with what to correct."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config.profile import Profile
from harness.config.toml_file import Config
from harness.core.errors import UsageError
from harness.faults import Fault, catalogue
from harness.faults.catalogue import find, load

Writer = Callable[..., Path]
FAULT = """\
from harness.faults import Fault, Injection

FAULT = Fault(
    number={number},
    id="{id}",
    does="Something is broken.",
    lie="a lie",
    mend="the app",
    caught_by=("rate",),
    quiet=("cache",),
)
"""


def text(number: int = 1, id: str = "one", **changed: str) -> str:
    """A fault file; `changed` are arguments in Python, in place of its own."""
    lines = FAULT.format(number=number, id=id).splitlines()
    kept = [line for line in lines if line.strip().partition("=")[0] not in changed]
    return "\n".join([*kept[:-1], *(f"    {key}={value}," for key, value in changed.items()), ")\n"])


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """A directory of files, given as name -> text."""

    def made(directory: str = "faults", **files: str) -> Path:
        place = tmp_path / directory
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / f"{name}.py").write_text(content)
        return place

    return made


def test_each_file_is_a_fault_in_the_order_of_numbers(write: Writer) -> None:
    """Those that begin with `_` are none."""
    place = write(a=text(2, "two"), b=text(1, "one"), _shared="", __init__="")
    assert [fault.id for fault in load(place)] == ["one", "two"]


@pytest.mark.parametrize("directory", ["faults", "broken-on-purpose"])
@pytest.mark.parametrize("own", [{}, {"__init__": '"""Ours."""'}])
def test_files_import_their_neighbours_as_faults(write: Writer, directory: str, own: dict[str, str]) -> None:
    """Whatever the directory's name is, and with or without an `__init__.py`."""
    importing = "from faults import _shared\n" + text(lie="_shared.LIE")
    place = write(directory, _shared='LIE = "shared"', a=importing, **own)
    assert [fault.lie for fault in load(place)] == ["shared"]


def test_catalogues_of_one_process_do_not_mix(write: Writer) -> None:
    """Each sees its own neighbours, a file that changed is read anew, and `faults` is again what it was."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "faults"}
    importing = "from faults import _shared\n" + text(lie="_shared.LIE")
    places = [write(f"{name}/faults", _shared=f"LIE = '{name}'", a=importing) for name in ("left", "right")]
    assert [load(place)[0].lie for place in places] == ["left", "right"]
    (places[0] / "_shared.py").write_text("LIE = 'changed'")
    assert [load(place)[0].lie for place in places] == ["changed", "right"]
    assert {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "faults"} == before


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("x = (", r"a\.py:1: not valid Python: '\(' was never closed"),
        ("import no_such_module", r"a\.py:1: ModuleNotFoundError: No module named 'no_such_module'; correct the file"),
        ("from faults import _gone", r"a\.py:1: ImportError: cannot import name '_gone'"),
        ("\n1 / 0", r"a\.py:2: ZeroDivisionError: division by zero; correct the file"),
        ("raise SystemExit(3)", r"a\.py:1: SystemExit: 3"),
        ("raise ValueError('one\\ntwo')", r"a\.py:1: ValueError: one two; correct the file$"),
        ("X = 1", r"a\.py: has no FAULT; assign a harness\.faults\.Fault .* or begin the file's name with _"),
        ("FAULT = 'one'", r"a\.py: FAULT is of type str; make it a harness\.faults\.Fault"),
        (text(caught_by="'rate'"), r"a\.py: FAULT has a value of the wrong type: .*caught_by"),
        (text(number=0), r"a\.py: 0 cannot be a number; count from 1"),
        (text(id="../out"), r"a\.py: '\.\./out' cannot be an id; write lower-case words"),
        (text(id="clean"), r"a\.py: 'clean' cannot be an id"),
        (text(caught_by="()"), r"a\.py: no check or finding must notice the fault; list checks in caught_by"),
        (text(caught_by="('rates',)"), r"a\.py: no check 'rates' \(did you mean 'rate'\?\); it is one of"),
        (text(quiet="('databse',)"), r"a\.py: no check 'databse' \(did you mean 'database'\?\)"),
        (text(quiet="('rate',)"), r"a\.py: 'rate' is in caught_by and in quiet"),
        (
            text(injection="Injection(profile={'user': 3})"),
            r"no attribute 'user' of a profile \(did you mean 'users'\?\)",
        ),
        (text(injection="Injection(entry='proxy')"), r"injection\.entry: no sidecar 'proxy'"),
        (text(injection="Injection(scrape={'a': object()})"), r"wrong type: object is not a plain value"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(write: Writer, content: str, problem: str) -> None:
    """With the line or the field, and what to do; no traceback."""
    with pytest.raises(UsageError, match=problem):
        load(write(a=content))


def test_an_error_in_a_neighbour_is_told_where_it_is(write: Writer) -> None:
    """And not in the file that imports it."""
    with pytest.raises(UsageError, match=r"_shared\.py:2: NameError"):
        load(write(_shared="\nx = y", a="from faults import _shared\n" + text()))
    with pytest.raises(UsageError, match=r"__init__\.py:1: not valid Python"):
        load(write("second", __init__="x = (", a=text()))


def test_two_faults_share_neither_id_nor_number(write: Writer) -> None:
    """Both files are named."""
    with pytest.raises(UsageError, match=r"b\.py: id 'one' is that of a\.py already; choose another"):
        load(write("ids", a=text(1), b=text(2)))
    with pytest.raises(UsageError, match=r"b\.py: number 1 is that of a\.py already"):
        load(write("numbers", a=text(1, "one"), b=text(1, "two")))


def test_a_catalogue_without_any_fault_is_refused(write: Writer) -> None:
    """Running none would prove nothing."""
    with pytest.raises(UsageError, match=r"holds no fault; write one as FAULT in a file of its own"):
        load(write(_shared=""))


def config(faults: str) -> Config:
    return Config("harness.toml", {"test": Profile("test")}, "test", faults=faults)


def test_the_catalogue_is_what_harness_toml_names(write: Writer, tmp_path: Path) -> None:
    """Relative to that file."""
    write("lies", a=text())
    assert [fault.id for fault in catalogue.of(config("lies"), tmp_path)] == ["one"]


def test_without_a_catalogue_the_key_is_named(tmp_path: Path) -> None:
    """The key that is missing, or the directory that it names."""
    with pytest.raises(UsageError, match=r'harness\.toml: names no faults; .* e\.g\. faults = "faults"'):
        catalogue.of(config(""), tmp_path)
    with pytest.raises(UsageError, match=r"harness\.toml: faults: .*/lies is not a directory; name that of the fault"):
        catalogue.of(config("lies"), tmp_path)


def test_an_unknown_fault_is_named_with_a_suggestion() -> None:
    """And where the known ones stand."""
    known = (Fault(1, "one-replica", "", "", "", ("rate",), ()),)
    assert find(known, "one-replica") is known[0]
    with pytest.raises(UsageError, match=r"no fault 'one-replicas' \(did you mean 'one-replica'\?\); `harness faults"):
        find(known, "one-replicas")
