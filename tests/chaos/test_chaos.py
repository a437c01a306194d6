"""A short seed of `make chaos`, and what its table and its judgement say."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import flips, honesty, inputs, processes, whole, workers
from tests.chaos.commands import COMMANDS, PROJECT
from tests.chaos.kills import Hit
from tests.chaos.tally import Attempt, Tally

SEED = 20_260_402
INPUTS, FLIPS = 40, 20
RUN, PYTEST, UP = (next(each for each in COMMANDS if each.name == name) for name in ("run", "pytest", "up"))


@pytest.fixture(scope="module")
def prepared() -> Iterator[None]:
    with whole.prepared():
        yield


@pytest.mark.usefixtures("prepared")
def test_a_short_seed_of_broken_inputs_and_flipped_bits_breaks_no_promise(tmp_path: Path) -> None:
    """One line, the right exit code, no traceback, and no report that changed."""
    tally = Tally()
    tally.attempts += workers.run("input", inputs.attack(SEED), range(INPUTS), tmp_path, 2)
    tally.attempts += workers.run("flip", flips.attack(SEED), range(FLIPS), tmp_path, 2)
    assert len(tally.attempts) == INPUTS + FLIPS
    assert not tally.is_broken, "\n".join(tally.lines())


def _sabotaged(number: int, _directory: Path, _printed: workers.Printed) -> Attempt:
    """Ends its process at the third of five."""
    if number == 2:
        signal.raise_signal(signal.SIGKILL)
    if number == 3:
        signal.raise_signal(signal.SIGALRM)
    return Attempt("x", f"x {number}", 0.1)


def test_an_attack_that_ends_its_process_costs_only_itself(tmp_path: Path) -> None:
    """It is counted as broken, a hang as a hang, and those after it are made."""
    found = {each.name: each for each in workers.run("x", _sabotaged, range(5), tmp_path, 1)}
    assert len(found) == 5
    assert [name for name, each in found.items() if each.broken] == ["x 2", "x 3"]
    assert found["x 2"].dishonest == ("ended its process, exit code -9",)
    assert found["x 3"].hung


def test_the_same_numbers_make_the_same_attacks(tmp_path: Path) -> None:
    """By which a broken promise is found again."""
    whole_text = (PROJECT / "harness.toml").read_bytes()
    made = []
    for name in ("a", "b"):
        place = inputs.Place(random.Random("1/input/7"), tmp_path / name)
        place.own.mkdir()
        made.append(place.toml(whole_text))
    assert made[0] == made[1] != whole_text


@pytest.mark.parametrize(
    ("command", "hit", "code", "honest"),
    [
        (RUN, Hit("harness", signal.SIGKILL, 5.0), -9, True),
        (RUN, Hit("harness", signal.SIGTERM, 5.0, then_s=1.0), 130, True),
        (RUN, Hit("harness", signal.SIGTERM, 5.0, then_s=30.0), 0, False),
        (RUN, Hit("harness", signal.SIGINT, 0.5), -2, True),
        (RUN, Hit("locust", signal.SIGKILL, 5.0), 3, True),
        (RUN, Hit("locust", signal.SIGKILL, 5.0), 2, False),
        (RUN, Hit("locust", signal.SIGKILL, 5.0), 0, False),
        (RUN, Hit("prometheus", signal.SIGKILL, 5.0), 1, False),
        (RUN, Hit("prometheus", signal.SIGKILL, 5.0), 70, False),
        (PYTEST, Hit("locust", signal.SIGKILL, 5.0), 1, True),
        (PYTEST, Hit("locust", signal.SIGKILL, 5.0), 4, False),
        (UP, Hit("prometheus", signal.SIGKILL, 5.0), 130, True),
        (UP, Hit("prometheus", signal.SIGKILL, 5.0), 0, False),
    ],
)
def test_a_command_ends_honestly_or_not(command: object, hit: Hit, code: int, honest: bool, tmp_path: Path) -> None:
    """By the exit code, where nothing was left: without samples there is no pass."""
    assert isinstance(command, type(RUN))
    found, lost = honesty.judged(command, hit, code, tmp_path)
    assert (found == ()) == honest, found
    assert lost == 0


def test_the_table_counts_what_was_broken() -> None:
    """And nothing that was tried is nothing that held."""
    assert Tally().is_broken
    tally = Tally([Attempt("a", "a 1", 1.0), Attempt("a", "a 2", 2.0, ("exit code 1",)), Attempt("b", "b 1", 0.5)])
    assert tally.is_broken
    lines = tally.lines()
    assert "| a | 2 | 1 | 0 | 0 | 0 | 2.0 | 0 |" in lines
    assert "| all | 3 | 2 | 0 | 0 | 0 | 2.0 | 0 |" in lines
    assert lines[-1] == "a 2: exit code 1"
    assert not Tally([Attempt("a", "a 1", 1.0)]).is_broken


def test_a_part_is_known_by_its_command_line() -> None:
    """The harness by its number."""
    assert processes.part(5, "python -m harness run", 5) == "harness"
    assert processes.part(6, "python -m harness run", 5) == "inner"
    assert processes.part(6, "python -m locust -f x", 5) == "locust"
    assert processes.part(6, "python -m gunicorn --bind x", 5) == "target"
    assert processes.part(2**30, "python -I -S keeper.py 7", 5) == "keeper of nothing"
