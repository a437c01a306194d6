"""The reference target's catalogue of faults: what every fault must say of itself."""

import ast
from importlib import import_module

import pytest

from harness import faults
from harness.checks import CHECKS
from harness.faults import Fault
from harness.faults.catalogue import find
from tests.reference import FAULTS

IDS = {check.id for check in CHECKS}
each = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.id))


def test_numbers_and_ids_are_unique() -> None:
    """Each is one row of the catalogue."""
    assert len({fault.number for fault in FAULTS}) == len({fault.id for fault in FAULTS}) == len(FAULTS)


@each
def test_its_file_bears_its_id(fault: Fault) -> None:
    """A reader finds the fault by its name."""
    module = import_module(f"faults.{fault.id.replace('-', '_')}")
    assert fault == module.FAULT
    assert find(FAULTS, fault.id) is fault


@each
def test_somebody_must_notice_it(fault: Fault) -> None:
    """A check or a finding; and what must stay quiet is no check that must notice."""
    assert fault.caught_by or fault.named_by
    assert {*fault.caught_by, *fault.quiet} <= IDS
    assert not {*fault.caught_by} & {*fault.quiet}
    assert fault.quiet


@each
def test_it_is_told_in_words(fault: Fault) -> None:
    """What is done is a sentence, the lie and the mend are phrases."""
    assert fault.does[0].isupper() or fault.does.startswith(("nginx", "gunicorn"))
    assert fault.does.endswith(".")
    assert not fault.lie.endswith(".")
    assert not fault.mend.endswith(".")


@each
def test_its_python_can_be_read(fault: Fault) -> None:
    """A fault that does not compile would be caught for the wrong reason."""
    injection = fault.injection
    modules = [text for name, text in injection.modules.items() if name.endswith(".py")]
    for text in (*modules, injection.settings, injection.locustfile):
        ast.parse(text)


@each
def test_it_changes_something(fault: Fault) -> None:
    """Nothing is no fault."""
    assert fault.injection != faults.Injection()
