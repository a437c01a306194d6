"""Whose scrapes are requests of the app."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import background
from harness.core.query import NoSeries, Query, Reading, Series
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES, RESPONSES_BY_VIEW
from harness.promql.own_series import UP
from tests.unit.checks.facts import RUN, facts

WINDOW = replace(RUN.window, start_s=10.0, end_s=13.0, scrape_interval_s=1.0)
SCRAPES = (10.0, 11.0, 12.0, 13.0)
SERVED = "prometheus-django-metrics"


def given(growth: Mapping[str, Sequence[tuple[str, str, float]]], *instances: str) -> Any:
    """Facts whose counters grew by so much in the last scrape, by instance and view."""
    made = facts(run={"window": WINDOW, "instances": instances})
    answers: dict[Query, Any] = {}
    for metric in (REQUESTS, RESPONSES, RESPONSES_BY_VIEW):
        series = [
            Series({"instance": instance, "view": view}, tuple((at, value * (at == 13.0)) for at in SCRAPES))
            for instance, view, value in growth.get(metric, ())
        ]
        answers[raw_query(made.run, metric)] = Reading(tuple(series)) if series else NoSeries()
    up = tuple(Series({"instance": name}, tuple((at, 1.0) for at in SCRAPES)) for name in instances)
    answers[raw_query(made.run, UP)] = Reading(up)
    return replace(made, evidence=Evidence(answers))


def test_scrapes_count_where_the_first_counter_is_exported() -> None:
    """A target of another kind in the job counts nothing."""
    found = given(
        {
            REQUESTS: [("a:1", "", 13)],
            RESPONSES: [("a:1", "", 13)],
            RESPONSES_BY_VIEW: [("a:1", SERVED, 3), ("a:1", "shop:cart", 10)],
        },
        "a:1",
        "disk:1",
    )
    assert background.exporters(found) == {"a:1"}
    assert background.background_requests(found) == (3, 0)


def test_without_the_first_counter_every_instance_may_count() -> None:
    """The middleware is missing, and nothing tells the targets apart."""
    assert background.exporters(given({}, "a:1", "b:1")) == {"a:1", "b:1"}


@pytest.mark.parametrize(
    ("served", "answered", "others"),
    [(3, 13, 0), (7, 17, 4), (6, 13, 0)],
    ids=["only this Prometheus", "a second one", "each response counted twice"],
)
def test_scrapes_of_others_are_known_by_the_view_of_the_metrics(served: int, answered: int, others: int) -> None:
    """Where the counts by view are as many as the first middleware's."""
    found = given(
        {
            REQUESTS: [("a:1", "", answered)],
            RESPONSES: [("a:1", "", answered)],
            RESPONSES_BY_VIEW: [("a:1", SERVED, served), ("a:1", "shop:cart", 10)],
        },
        "a:1",
    )
    assert background.scrapes_by_others(found) == others
    assert background.background_requests(found) == (3 + others, 0)
