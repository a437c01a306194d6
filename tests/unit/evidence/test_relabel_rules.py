"""What a scrape job drops by name, from the text that Prometheus gives of its configuration."""

import pytest

from harness.evidence import relabel_rules

METRICS = ("shop_orders_total", "shop_bytes_bucket", "shop_bytes_sum")


def configuration(*rules: str, job: str = "shop") -> str:
    own = "".join(f"  - {rule}\n" for rule in rules)
    return (
        f"scrape_configs:\n- job_name: {job}\n  metric_relabel_configs:\n{own}"
        if rules
        else (f"scrape_configs:\n- job_name: {job}\n")
    )


def rule(action: str, regex: str, labels: str = "__name__") -> str:
    return f"{{source_labels: [{labels}], separator: ;, regex: '{regex}', action: {action}}}"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], set()),
        ([rule("drop", "shop_bytes_.*")], {"shop_bytes_bucket", "shop_bytes_sum"}),
        ([rule("drop", "bytes")], set()),
        ([rule("drop", "shop_orders")], set()),
        ([rule("keep", "shop_orders_total")], {"shop_bytes_bucket", "shop_bytes_sum"}),
        ([rule("keep", "shop_.*"), rule("drop", "shop_orders_total")], {"shop_orders_total"}),
        ([rule("drop", "shop_bytes_bucket;1", "__name__, le")], set()),
        ([rule("drop", "(")], set()),
        (["{source_labels: [le], target_label: __name__, action: replace}", rule("drop", ".*")], set()),
        (["{regex: le, action: labeldrop}", rule("drop", ".*_total")], {"shop_orders_total"}),
    ],
    ids=["none", "drop", "not anchored", "part", "keep", "both", "by a label too", "no regex", "renamed", "others"],
)
def test_what_is_dropped_by_its_name_alone(rules: list[str], expected: set[str]) -> None:
    """Whatever else a rule asks for leaves it open."""
    assert relabel_rules.dropped(configuration(*rules), ["shop"], METRICS) == expected


@pytest.mark.parametrize(
    "text",
    ["", "[]", "scrape_configs: 3", "scrape_configs: [3]", "a: &x [1]\nb: *x", "{", "scrape_configs:\n- job_name: no"],
)
def test_what_cannot_be_read_drops_nothing(text: str) -> None:
    """Then everything is judged as ever."""
    assert relabel_rules.dropped(text, ["shop"], METRICS) == set()


def test_every_job_of_the_target_must_drop_it() -> None:
    """A target that two jobs scrape is judged by what either of them keeps."""
    text = configuration(rule("drop", ".*")) + "- job_name: web\n"
    assert relabel_rules.dropped(text, ["shop"], METRICS) == set(METRICS)
    assert relabel_rules.dropped(text, ["shop", "web"], METRICS) == set()
    assert relabel_rules.dropped(text, [], METRICS) == set()
