"""The rule files that a profile names: found, read, and refused by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config import toml_file
from harness.config.profile import Profile, TargetStart
from harness.core.errors import UsageError
from harness.runs import inputs

ONE = "groups: [{name: g, rules: [{alert: A, expr: 'rate(x[1m]) > 1', for: 30s}]}]"
START = TargetStart(("true",))


def given(directory: Path, *names: str, start: TargetStart | None = START) -> inputs.Rules:
    return inputs.read_rules(Profile("test", rules=names, rule_scale=0.1, start=start), directory)


def test_a_directory_is_read_and_scaled(tmp_path: Path) -> None:
    """All of its YAML files, those below it too, and nothing else."""
    (tmp_path / "rules" / "more").mkdir(parents=True)
    (tmp_path / "rules" / "a.yml").write_text(ONE)
    (tmp_path / "rules" / "more" / "b.yaml").write_text(ONE.replace("A", "B"))
    (tmp_path / "rules" / "notes.txt").write_text("not rules")
    found = given(tmp_path, "rules")
    assert [(rule.file, rule.name, rule.for_s) for rule in found.rules] == [("a.yml", "A", 3), ("b.yaml", "B", 3)]
    assert [panel.expression for panel in found.panels] == ["rate(x[6000ms]) > 1"] * 2


def test_what_is_not_loaded_is_not_scaled(tmp_path: Path) -> None:
    """A Prometheus that runs already has rules of its own, with the durations of production."""
    (tmp_path / "a.yml").write_text(ONE)
    (rule,) = given(tmp_path, "a.yml", start=None).rules
    assert (rule.expression, rule.for_s) == ("rate(x[1m]) > 1", 30)


def test_of_several_files_the_good_ones_are_judged(tmp_path: Path) -> None:
    """The other one fails by name, as a panel with a problem."""
    (tmp_path / "a.yml").write_text(ONE)
    (tmp_path / "b.yml").write_text("groups: [")
    found = given(tmp_path, "a.yml", "b.yml")
    assert [rule.name for rule in found.rules] == ["A"]
    assert "b.yml, line 1: not valid YAML" in found.panels[-1].problem


def test_files_of_one_name_are_loaded_side_by_side(tmp_path: Path) -> None:
    """As Prometheus loads them; a file that is named twice is one, and a directory may hold `.rules` only."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "team.rules").write_text(ONE)
    found = given(tmp_path, "a", "b", "a/team.rules")
    assert [rule.file for rule in found.rules] == ["a-0-team.rules", "b-1-team.rules"]


@pytest.mark.parametrize("expression", ["sum(", "rate(x[60])"])
def test_a_rule_that_cannot_be_read_or_scaled_is_left_out_by_name(tmp_path: Path, expression: str) -> None:
    """Prometheus may take it; the others are judged."""
    (tmp_path / "a.yml").write_text(ONE.replace("rate(x[1m])", expression))
    found = given(tmp_path, "a.yml")
    assert found.rules == ()
    (panel,) = found.panels
    assert (panel.dashboard, panel.ref, panel.rule, bool(panel.problem)) == ("a.yml", "A", True, True)


def test_a_file_without_rules_has_nothing_to_judge(tmp_path: Path) -> None:
    """It is no error, alone or beside others."""
    (tmp_path / "a.yml").write_text("groups: []")
    assert given(tmp_path, "a.yml") == inputs.Rules((), ())


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("gone.yml",), r"rules: .*gone\.yml cannot be read: No such file"),
        (("bytes.yml",), r"rules: .*bytes\.yml cannot be read: it is not UTF-8"),
        (("empty",), r"rules: .*empty contains no \.yml, \.yaml or \.rules file; name a file or a directory"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, names: tuple[str, ...], reason: str) -> None:
    """With the next step."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=reason):
        given(tmp_path, *names)


@pytest.mark.parametrize(("text", "scale"), [('"1/15"', 1 / 15), ('"1/1"', 1.0), ("0.5", 0.5), ("2", 2.0)])
def test_a_scale_is_a_number_or_a_fraction(text: str, scale: float) -> None:
    """As text when it is a fraction, since TOML has none."""
    read = toml_file.parse(f"[profiles.test]\nrule_scale = {text}", "harness.toml").profile("test")
    assert replace(read, name="").rule_scale == pytest.approx(scale)


@pytest.mark.parametrize("text", ['"1/0"', '"0/5"', '"a third"', "0", "-1", "[]"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    """By its key."""
    with pytest.raises(UsageError, match=r"harness\.toml: profiles\.test\.rule_scale: "):
        toml_file.parse(f"[profiles.test]\nrule_scale = {text}", "harness.toml")
