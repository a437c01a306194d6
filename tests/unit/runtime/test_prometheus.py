"""What is made of Prometheus's answers while waiting for a quiet scrape."""

from harness.core.query import Reading, Series
from harness.runtime.prometheus import _sums


def test_counters_are_added_up_by_instance_over_the_labels_that_an_app_added() -> None:
    """A series that appeared later counts from there; another instance stands by itself."""
    reading = Reading(
        (
            Series({"instance": "a", "tenant": "x"}, ((1.0, 5.0), (2.0, 6.0))),
            Series({"instance": "a", "tenant": "y"}, ((2.0, 1.0),)),
            Series({"instance": "b"}, ((1.5, 3.0),)),
        )
    )
    assert _sums(reading) == {"a": [(1.0, 5.0), (2.0, 7.0)], "b": [(1.5, 3.0)]}
