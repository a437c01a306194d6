"""Answers that came again are findings with their number, and leave the expectations of the counts."""

from dataclasses import replace

from harness.checks.validity import generator_health
from harness.core.codes import FindingCode
from harness.core.verdict import Finding
from tests.unit.checks.facts import facts


def test_repeated_answers_are_reported_by_view_method_and_status() -> None:
    """One finding for each, of those from before the app and of those from between the middlewares."""
    made = facts(answered={("shop", "GET", 200): 5})
    replayed, between = {("shop", "GET", 200): 3, ("shop", "HEAD", 304): 1}, {("cart", "GET", 200): 2}
    client = replace(made.client, replayed=replayed, between=between)
    found = [each for each in generator_health.judge(replace(made, client=client)) if isinstance(each, Finding)]
    assert [(each.code, each.subject, each.labels, each.text.split(" ")[0]) for each in found] == [
        (FindingCode.CACHED_ANSWERS, "shop GET 200", {"view": "shop", "method": "GET", "status": "200"}, "3"),
        (FindingCode.CACHED_ANSWERS, "shop HEAD 304", {"view": "shop", "method": "HEAD", "status": "304"}, "1"),
        (FindingCode.CACHED_BETWEEN, "cart GET 200", {"view": "cart", "method": "GET", "status": "200"}, "2"),
    ]
