"""The table `load` of a profile, and its flags."""

from typing import Any

import pytest

from harness.config import load_command, toml_file
from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.evidence.client.results.formats import FORMATS

SOME = "command = 'hit {samples}'\nformat = 'csv'\n"


def profile(table: str, **given: Any) -> Profile:
    text = f"[profiles.a]\narrival_rate = 5\n[profiles.a.load]\n{table}"
    return toml_file.parse(text, "f.toml").profile("a", (), given)


def test_a_text_is_split_as_a_shell_splits_it() -> None:
    """And what the load is, the command decides: no rate of arrivals of the profile does."""
    made = profile("""command = "hit 'two words' --out={samples}"\nformat = "csv" """)
    assert made.load is not None
    assert made.load.command == ("hit", "two words", "--out={samples}")
    assert made.arrival_rate is None


def test_flags_go_over_the_table() -> None:
    """What they do not name stays."""
    made = profile(
        "command = ['hit', '{samples}']\nformat = 'jtl'\nmethods = { '*' = 'GET' }",
        load={"command": "hit2 {samples}"},
    )
    assert made.load is not None
    assert (made.load.command, made.load.format, made.load.methods) == (("hit2", "{samples}"), "jtl", {"*": "GET"})


def test_every_format_can_be_read() -> None:
    assert (*FORMATS,) == load_command.FORMATS


@pytest.mark.parametrize(
    ("load", "message"),
    [
        ("format = 'csv'", "f.toml: profiles.a.load: command is missing; write for example"),
        ("command = 'hit {samples}'", "f.toml: profiles.a.load: format is missing"),
        ("command = 'hit {samples}'\nformat = 'k6'", "load.format: 'k6' is not a format; it is one of k6-csv"),
        ("command = 'hit'\nformat = 'csv'", "load.command: {samples} is missing, the file that the command writes"),
        ("command = 'hit {samples} {port}'\nformat = 'csv'", "'port' is not among {samples}, {target}"),
        ("command = 'hit {samples} {'\nformat = 'csv'", "is not among {samples}"),
        ('''command = "hit 'open {samples}"\nformat = "csv"''', "is not a command: No closing quotation"),
        ("command = []\nformat = 'csv'", "load.command: is empty"),
        ("command = 3\nformat = 'csv'", "load.command: 3 must be text"),
        (SOME + "form = 1", "load.form: unknown key (did you mean 'format'?)"),
        (SOME + "columns = { stat = 's' }", "columns.stat: unknown key (did you"),
        (SOME + "columns = { start = 's' }", "columns: latency is missing"),
        (
            SOME + "columns = { start = 's', end = 'e', latency = 'l', url = 'u', status = 'c' }",
            "columns: has both start and end; leave one out",
        ),
        (
            SOME + "units = { latency = 'min' }",
            "units.latency: 'min' is not a unit",
        ),
        (
            SOME + "units = { latency = 'iso' }",
            "units.latency: 'iso' is not a unit",
        ),
        (
            SOME + "methods = { a = 'get' }",
            "methods.a: 'get' is not an HTTP method",
        ),
        ("command = 'hit {samples}'\nformat = 'vegeta'\nmethods = { a = 'GET' }", "have no effect with vegeta"),
        ("command = 'hit {samples}'\nformat = 'jtl'\nunits = { start = 's' }", "with jtl columns takes start or end"),
    ],
)
def test_what_cannot_be_run_is_refused_by_its_key(load: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        profile(load)
    assert message in str(raised.value)


def test_braces_are_written_twice() -> None:
    assert load_command.words("hit {samples} {{}}", "load.command") == ("hit", "{samples}", "{{}}")
