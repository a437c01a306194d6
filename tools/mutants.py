"""Mutation testing of what judges: changes one place of the code at a time and asks whether a fast test notices.

    python tools/mutants.py [--share SHARE] [--seed SEED] [MODULE ...]
    e.g. harness.core.statistics harness.promql; all unless some are named

The rooms and the tests stand in pyproject.toml under `tool.mutmut`; for modules that are named, only their rooms' tests
run. With `--share 0.1` it tries one mutant in ten, drawn by the seed: minutes in place of hours. What it left off is
continued by the next call; `make clean` forgets. Sentences are not mutated: what a message says is held by the tests of
the documentation, not by arithmetic. Names of one word (labels, units, metrics) are. What runs only while a module is
imported, as the tables of functions do, is never mutated in effect: mutmut forks after that, and such survivors say
nothing.
"""

import argparse
import functools
import gc
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Iterator, List

from mutmut import __main__ as program
from mutmut.configuration import config
from mutmut.mutation import mutators
from mutmut.runners import harness as runners
from mutmut.stats import status_by_exit_code

CHILDREN = "2"
CACHED = type(functools.lru_cache(len))
META = "mutants"
NOTICED = frozenset({"killed", "timeout", "segfault", "caught by type check"})
"""Mutmut's words for a mutant that a test, or its time limit, did not let pass."""


def main(arguments: List[str]) -> int:
    """Run the mutants of the modules, print a row for each of them and the survivors; 0 whatever came out."""
    parser = argparse.ArgumentParser(prog="mutants.py", description="Change what judges, one place at a time.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as in harness.promql; all unless some are named")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants to try, from 0 to 1 (default 1)")
    parser.add_argument("--seed", default="1", help="another seed draws others (default 1)")
    given = parser.parse_args(arguments)
    modules, collect = given.modules, program.collect_source_file_mutation_data

    def drawn(**names: Any) -> Any:
        mutants, by_path = collect(**names)
        return [each for each in mutants if _draw(each[1], given.seed) < given.share], by_path

    program.collect_source_file_mutation_data = drawn
    runner: Any = runners.PytestRunner
    runner.run_tests = _forgetful(runner.run_tests)
    operators: Any = mutators.mutation_operators  # a list, which upstream shows as a sequence
    operators[:] = [_without_sentences(pair) for pair in operators]
    selected = config().pytest_add_cli_args_test_selection
    selected[:] = [tests for tests in selected if not modules or any(_may_judge(tests, module) for module in modules)]
    names = ["{}*".format(module) for module in modules]
    program.cli(["run", "--max-children", CHILDREN, *names], standalone_mode=False)
    print()
    total: Counter[str] = Counter()
    survivors: List[str] = []
    for path in sorted(Path(META).rglob("*.py.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        wanted = {
            key: code
            for key, code in codes.items()
            if (not modules or key.startswith(tuple(modules))) and _draw(key, given.seed) < given.share
        }
        if not wanted:
            continue
        found = Counter(_outcome(code) for code in wanted.values())
        total.update(found)
        survivors += [key for key, code in wanted.items() if _outcome(code) not in ("killed", "not checked")]
        print(_row(str(path.relative_to(META))[: -len(".meta")], found))
    print(_row("all", total))
    print("\nsurvivors (`mutmut show NAME` has the change):")
    print("\n".join("  {}".format(name) for name in survivors))
    return 0


def _forgetful(run: Any) -> Any:
    """A run of tests that knows no result of before: each is forked from one process, whose caches are warm."""

    def run_tests(runner: Any, **names: Any) -> Any:
        for each in gc.get_objects():
            if isinstance(each, CACHED):
                each.cache_clear()
        return run(runner, **names)

    return run_tests


def _draw(name: str, seed: str) -> float:
    """A number from 0 to 1 that depends on nothing but the name and the seed."""
    return int.from_bytes(hashlib.sha256("{} {}".format(seed, name).encode()).digest()[:8], "big") / 2**64


def _may_judge(tests: str, module: str) -> bool:
    """The unit tests of a room are its own; panels judge PromQL too, and stored runs the checks and the evidence."""
    room = module.split(".")[1]
    also = {"monitoring": {"promql"}, "recorded": {"checks", "evidence"}}
    place = Path(tests).parts[-1] if "unit" in tests else "recorded"
    return room == place or room in also.get(place, set())


def _without_sentences(pair: Any) -> Any:
    kind, operator = pair
    if operator is not mutators.operator_string:
        return pair

    def names_only(node: Any) -> Iterator[Any]:
        if " " not in getattr(node, "value", " "):  # a formatted text has no value, and is a sentence
            yield from operator(node)

    return kind, names_only


def _outcome(code: Any) -> str:
    status = status_by_exit_code[code]
    return "killed" if status in NOTICED else status


def _row(name: str, found: "Counter[str]") -> str:
    of = sum(found.values()) - found["not checked"]
    share = found["killed"] / of if of else 0.0
    return "{:<64}{:>6} of {:>5}  {:>6.1%}".format(name, found["killed"], of, share)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
