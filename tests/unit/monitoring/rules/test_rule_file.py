"""Rule files: what is read of them, how their durations are scaled, and what is wrong with those that are none."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.rule import Rule
from harness.monitoring.rules import rule_file

SMALL = """
groups:
  - name: requests
    interval: 30s
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(requests_total[5m]))
        labels: {team: web}
      - alert: Many
        expr: job:requests:rate5m > 10
        for: 1m30s
        annotations: {summary: "{{ $value }}"}
  - name: targets
    rules:
      - alert: Down
        expr: up == 0
"""


def test_what_is_read() -> None:
    """Names, durations in seconds, labels, and the line on which a rule begins."""
    record, many, down = rule_file.parse(SMALL, "rules/small.yml").rules
    assert record == Rule(
        file="small.yml",
        group="requests",
        name="job:requests:rate5m",
        alert=False,
        expression="sum by (job) (rate(requests_total[5m]))",
        labels={"team": "web"},
        interval_s=30,
        line=6,
    )
    assert (many.alert, many.for_s, many.annotations, many.line) == (True, 90, {"summary": "{{ $value }}"}, 9)
    assert (down.group, down.interval_s, down.for_s) == ("targets", rule_file.EVALUATION_INTERVAL_S, 0)


def test_labels_of_a_group_are_those_of_its_rules() -> None:
    """A rule's own come first; an offset of nothing is none."""
    text = """
groups:
  - name: g
    labels: {team: web, tier: "1"}
    query_offset: 0s
    rules:
      - {record: r, expr: up, labels: {team: ops}}
      - {alert: A, expr: r == 0}
"""
    assert [rule.labels for rule in rule_file.parse(text, "f.yml").rules] == [
        {"team": "ops", "tier": "1"},
        {"team": "web", "tier": "1"},
    ]


@pytest.mark.parametrize(
    ("expression", "scaled"),
    [
        ("rate(x[5m])", "rate(x[20000ms])"),
        ("rate(x[1m30s]) > 5", "rate(x[6000ms]) > 5"),
        ("x offset 1h", "x offset 240000ms"),
        ("x offset -15m", "x offset -60000ms"),
        ("max_over_time(rate(x[5m])[1h:30s])", "max_over_time(rate(x[20000ms])[240000ms:2000ms])"),
        ("max_over_time(x[ 1h : ] offset 5m)", "max_over_time(x[ 240000ms : ] offset 20000ms)"),
        ('x{path="[5m]",text="offset 5m"}', 'x{path="[5m]",text="offset 5m"}'),
        ("x{path='a\\'[5m]'} # rate(x[5m])", "x{path='a\\'[5m]'} # rate(x[5m])"),
        ("x{path=`[5m]`} + rate(y[5m])", "x{path=`[5m]`} + rate(y[20000ms])"),
        ("time() - x > 3600", "time() - x > 3600"),
        ("x @ 1600000000 + x5m", "x @ 1600000000 + x5m"),
    ],
)
def test_every_duration_is_scaled_and_nothing_else(expression: str, scaled: str) -> None:
    """Not what stands in texts and comments, nor a number of seconds."""
    rule = Rule("f.yml", "g", "a", alert=True, expression=expression, for_s=60, keep_firing_for_s=30, interval_s=15)
    (made,) = rule_file.scaled([rule], 1 / 15)
    assert made.expression == scaled
    assert (made.for_s, made.keep_firing_for_s, made.interval_s) == pytest.approx((4, 2, 1))


def test_a_group_that_is_loaded_ends_in_a_record_of_its_evaluations() -> None:
    """It comes last, so that what it records says that all the others were evaluated."""
    documents = rule_file.documents(rule_file.scaled(rule_file.parse(SMALL, "small.yml").rules, 0.5))
    requests, targets = documents["small.yml"]["groups"]
    assert requests["interval"] == "15000ms"
    assert [rule.get("for") for rule in requests["rules"]] == [None, "45000ms", None]
    assert targets["rules"][-1] == {
        "record": "harness_rule_evaluation",
        "expr": "vector(1)",
        "labels": {"file": "small.yml", "rule_group": "targets"},
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("groups: [", r"f\.yml, line 1: not valid YAML"),
        ("groups:\n  - name: a\n   rules: []", r"f\.yml, line 3: not valid YAML"),
        ("rules: []", r"f\.yml: unknown key 'rules' on line 1; it takes groups, namespace"),
        ("- a", r"f\.yml: line 1 must be a table"),
        ("groups:\n- rules: []", r"f\.yml, line 2: a group's name is missing"),
        ("groups:\n- name: g\n  rules: [{expr: up}]", r"group 'g': a rule has either `record` or `alert`; .* none"),
        ("groups:\n- name: g\n  rules: [{alert: A, record: r, expr: up}]", r"this one has record and alert"),
        ("groups:\n- name: g\n  rules:\n  - alert: A", r"f\.yml, line 4: group 'g', rule 'A': `expr` is missing"),
        ("groups:\n- name: g\n  rules: [{alert: A, expr: up, for: soon}]", r"rule 'A', for: 'soon' is not a duration"),
        ("groups:\n- name: g\n  rules: [{alert: A, expr: up, fro: 5m}]", r"unknown key 'fro' on line 3"),
        (
            "groups:\n- name: g\n  labels: {a-b: c}\n  rules: [{alert: A, expr: up}]",
            r"group 'g', labels: 'a-b' is not a label name",
        ),
        ("groups:\n- name: g\n  rules: [{record: a b, expr: up}]", r"rule 'a b': it is not a metric name"),
        ("groups:\n- name: g\n  rules: [{record: a, expr: up, for: 5m}]", r"`for` belongs to an alert"),
        (
            "groups:\n- name: g\n  rules: [{record: a, expr: up, labels: {1x: a}}]",
            r"labels: '1x' is not a label name",
        ),
        ("groups:\n- name: g\n  name: h\n  rules: []", r"f\.yml, line 3: 'name' is there twice"),
        (
            "groups:\n- name: g\n  rules: [{record: a, expr: up}]\n- name: g\n  rules: [{record: b, expr: up}]",
            r"f\.yml, line 4: group 'g' is there twice",
        ),
        ("groups: text", r"f\.yml: groups must be a list"),
        ("groups:\n- name: g\n  query_offset: soon", r"query_offset: 'soon' is not a duration"),
        ("kind: PrometheusRule\nspec: text", r"f\.yml: spec: line 2 must be a table"),
        ("groups:\n- name: g\n  limit: few\n  rules: []", r"group 'g', limit: 'few' is not a whole number"),
    ],
)
def test_what_is_no_rule_file_is_refused_by_name(text: str, reason: str) -> None:
    """File, line, group and rule, as far as they are known."""
    with pytest.raises(UsageError, match=reason):
        rule_file.parse(text, "f.yml")


def test_rules_of_one_series_are_found() -> None:
    """In whatever file; with a label of their own they are two."""
    one, other = (rule_file.parse(SMALL, name).rules for name in ("a.yml", "b.yml"))
    assert rule_file.same_series([*one, *other]) == {0, 1, 2, 3, 4, 5}
    apart = rule_file.parse(SMALL.replace("web", "shop").replace("Many", "More").replace("Down", "Gone"), "b.yml")
    assert rule_file.same_series([*one, *apart.rules]) == frozenset()


RESOURCE = """
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: team}
spec:
  groups:
    - name: g
      rules: [{alert: A, expr: up == 0}]
"""


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (RESOURCE, ["team.yaml"]),
        (f"kind: Service\n---{RESOURCE}---{RESOURCE}", ["team.yaml", "team-2.yaml"]),
        ("kind: List\nitems:\n- kind: PrometheusRule\n  spec: {groups: [{name: g, rules: [{alert: A, expr: up}]}]}", 1),
        ("namespace: team\ngroups: [{name: g, rules: [{alert: A, expr: up}]}]", 1),
        ("groups: [{name: g, partial_response_strategy: warn, rules: [{alert: A, expr: up}]}]", 1),
        ("groups: [{name: g, source_tenants: [a], evaluation_delay: 1m, rules: [{alert: A, expr: up}]}]", 1),
        ("groups: [{name: g, query_offset: 1m, limit: -1, rules: [{alert: A, expr: up}]}]", 1),
        ("groups:\n- &g {name: g, rules: [&r {alert: A, expr: up}]}\n- {<<: *g, name: h, rules: []}", 1),
        ("", 0),
        ("# nothing", 0),
        ("groups:", 0),
        ("groups: []", 0),
        ("groups: [{name: g}]", 0),
        ("groups: [{name: g, rules: []}]", 0),
        ("groups: []\n---\ngroups: [{name: g, rules: [{alert: A, expr: up}]}]", 0),
    ],
)
def test_what_prometheus_its_operator_and_its_kin_take_is_read(text: str, files: object) -> None:
    """A resource is a file of its own; of other documents Prometheus reads the first; a file may be empty."""
    rules = rule_file.parse(text, "rules/team.yaml").rules
    assert [rule.name for rule in rules] == ["A"] * len(rules)
    assert (len(rules) if isinstance(files, int) else [rule.file for rule in rules]) == files


@pytest.mark.parametrize("expression", ["sum(", "up+" * 5000 + "up", "holt_winters(x[5m], 0.5, 0.5)"])
def test_an_expression_that_cannot_be_read_leaves_the_others(expression: str) -> None:
    """Prometheus may know more than the harness."""
    text = f"groups: [{{name: g, rules: [{{record: r, expr: '{expression}'}}, {{alert: A, expr: up}}]}}]"
    read = rule_file.parse(text, "f.yml")
    assert [rule.name for rule in read.rules] == ["A"]
    (panel,) = read.unread
    assert (panel.dashboard, panel.title, panel.ref, panel.rule) == ("f.yml", "g", "r", True)
    assert "the harness cannot read its expression" in panel.problem
    assert len(panel.problem) < 2000


def test_the_interval_is_that_of_production() -> None:
    """As the configuration has it that the rules are written for."""
    config = Path(__file__).resolve().parents[4] / "monitoring" / "prometheus" / "prometheus.yml"
    assert f"evaluation_interval: {rule_file.EVALUATION_INTERVAL_S:.0f}s" in config.read_text()


def _aliases(levels: int) -> str:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([*lines, f"groups: *a{levels - 1}"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_aliases(11), "more than 50,000 values; aliases count each time"),
        ("- a\n" * 400_000, "more than 50,000 values; aliases count each time"),
        ("groups: &a [*a]", "nested too deeply|not valid YAML"),
        ("? [a, b]\n: x", "a key must be text"),
        ("[" * 2000, "nested too deeply|not valid YAML"),
        ("groups: [{name: a, interval: " + "9" * 5000 + "s, rules: []}]", "is not a duration"),
        ("groups: [{name: a, interval: 999999999999y, rules: []}]", "is not a duration"),
        ("groups: [{name: a, limit: " + "9" * 5000 + ", rules: []}]", "is not a whole number"),
    ],
)
def test_a_hostile_file_is_one_line(text: str, said: str) -> None:
    """However often an alias repeats, however long a number is."""
    with pytest.raises(UsageError, match=said) as caught:
        rule_file.parse(text, "rules.yml")
    assert len(str(caught.value)) < 2000
    assert "\n" not in str(caught.value)


def test_a_rule_is_called_by_its_name() -> None:
    """Which must say what its expression shows."""
    (panel,) = rule_file.panels([Rule("r.yml", "web", "app:seconds:p95", False, "vector(1)")])
    assert (panel.caption, panel.rule) == ("app:seconds:p95", True)
