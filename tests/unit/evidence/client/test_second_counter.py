import numpy as np
import pytest

from harness.evidence.client.second_counter import BINS, SecondCounter, quantile_of


def test_counts_by_whole_second() -> None:
    """Errors are those of the server; each request is in the second in which it began."""
    counter = SecondCounter()
    counter.add(np.array([10.1, 10.9, 11.0]), np.array([200, 503, 404]), np.array([0.01, 0.02, 0.4]))
    counter.add(np.array([11.5]), np.array([500]), np.array([0.4]))
    assert dict(counter.errors) == {10: 1, 11: 1}
    assert {second: sum(counts) for second, counts in counter.latencies.items()} == {10: 2, 11: 2}


@pytest.mark.parametrize("latency_s", [2e-5, 0.0017, 0.3, 12.0])
def test_a_quantile_is_known_to_within_its_bin(latency_s: float) -> None:
    """6 % to either side."""
    counter = SecondCounter()
    counter.add(np.full(50, 7.0), np.full(50, 200), np.full(50, latency_s))
    value = quantile_of(counter.latencies.values(), 0.95)
    assert value == pytest.approx(latency_s, rel=0.062)


def test_the_ends_of_the_scale() -> None:
    """Nothing is lost below the first bin or above the last; what is no number, or not counted, has no quantile."""
    counter = SecondCounter()
    counter.add(np.full(3, 1.0), np.full(3, 200), np.array([0.0, 1e6, np.nan]))
    assert [place for place, number in enumerate(counter.latencies[1]) if number] == [0, BINS - 1]
    assert quantile_of([], 0.95) is None
