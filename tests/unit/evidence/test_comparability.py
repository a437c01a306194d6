"""What must be equal for two runs to be compared."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from harness.config.profile import Profile, Sidecar, TargetStart
from harness.core.limits import Limit
from harness.evidence import comparability
from harness.evidence.target_totals import Migrations, State
from harness.runs.run_directory import RunDirectory

PROFILE = Profile("ci", start=TargetStart(("gunicorn",), env={"KEY": "hunter2"}))
RUN = RunDirectory(Path(__file__).parents[2] / "recorded" / "runs" / "clean").read_run()
SCENARIO = b"class Visitor: ..."


def test_every_key_of_a_profile_counts_or_is_left_aside_by_name() -> None:
    """A key that is added later makes runs differ until somebody says that it need not."""
    names = {item.name for item in fields(Profile)}
    assert set(comparability.SHOWN) | set(comparability.IGNORED) <= names
    assert set(comparability.settings(PROFILE, SCENARIO)) == {"scenario", *names - set(comparability.IGNORED)}


@pytest.mark.parametrize(
    "changed",
    [
        {"users": 11},
        {"pace": "closed"},
        {"duration_s": 16.0},
        {"start": TargetStart(("gunicorn",), env={"KEY": "hunter3"})},
        {"start": None},
        {"variants": ("redis",)},
        {"fault": "one-replica"},
        {"target": "http://127.0.0.1:8000"},
    ],
)
def test_what_makes_the_load_or_the_target_is_a_difference(changed: dict[str, object]) -> None:
    """Exactly one entry differs."""
    one = comparability.settings(PROFILE, SCENARIO)
    two = comparability.settings(replace(PROFILE, **changed), SCENARIO)  # type: ignore[arg-type]
    assert {name for name in one if one[name] != two[name]} == set(changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"scenario": "elsewhere/mixed.py"},
        {"thresholds": (Limit("p95 < 1s", "p95", "<", 1.0),)},
        {"gated_views": ("work:fast",)},
    ],
)
def test_what_names_or_judges_is_none(changed: dict[str, object]) -> None:
    """The same load under another name is the same load."""
    other = replace(PROFILE, **changed)  # type: ignore[arg-type]
    assert comparability.settings(other, SCENARIO) == comparability.settings(PROFILE, SCENARIO)


def test_the_locustfile_counts_by_its_content() -> None:
    """Another task is another load."""
    changed = comparability.settings(PROFILE, SCENARIO + b" more")
    assert changed["scenario"] != comparability.settings(PROFILE, SCENARIO)["scenario"]


def test_no_text_of_the_start_is_told() -> None:
    """What an environment holds is nobody's business; only numbers and names of variants are shown."""
    told = " ".join(comparability.settings(replace(PROFILE, target="http://me:hunter2@host"), SCENARIO).values())
    assert "hunter2" not in told
    assert "gunicorn" not in told


def test_migrations_are_data() -> None:
    """Rows are compared by their size, not here."""
    found = comparability.fingerprint(RUN, State({"note": 5}, {"default": Migrations(4, 0)}))
    assert found["data.migrations.default"] == "4 applied, 0 not"
    assert not any(name.startswith("data.rows") for name in found)


def test_what_a_run_does_not_tell_is_not_known() -> None:
    """It is an entry all the same, so that it cannot be overlooked."""
    found = comparability.fingerprint(replace(RUN, machine={}, settings={}), None)
    assert {name for name, value in found.items() if value == comparability.UNKNOWN} == {
        "profile.settings", *(f"machine.{name}" for name in comparability.MACHINE),
    }  # fmt: skip


def test_a_start_is_digested_as_in_kept_runs() -> None:
    """Its digest is that of runs which were kept before it had labels and settings, and neither of them counts."""
    named = replace(PROFILE, start=TargetStart(("gunicorn",), env={"KEY": "hunter2"}, labels={"a": "b"}, settings="c"))
    for profile in (PROFILE, named):
        assert comparability.settings(profile, SCENARIO)["start"] == "b48b904cc791"


@pytest.mark.parametrize("changed", [{"sidecars": (Sidecar("proxy", ("serve",)),)}, {"placeholders": {"a": "b"}}])
def test_what_runs_beside_the_target_counts(changed: dict[str, object]) -> None:
    """As every attribute of a start that is not left aside by name."""
    assert PROFILE.start is not None
    other = replace(PROFILE, start=replace(PROFILE.start, **changed))  # type: ignore[arg-type]
    assert comparability.settings(other, SCENARIO)["start"] != comparability.settings(PROFILE, SCENARIO)["start"]


def test_what_the_metrics_are_called_does_not_make_the_load() -> None:
    """Runs of before a namespace stay comparable, and so do sides of which only one was verified."""
    plain = comparability.settings(Profile("p"), b"")
    assert comparability.settings(Profile("p", metric_namespace="shop"), b"") == plain
