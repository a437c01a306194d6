"""Values of arms, on the scale on which they are compared."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import statistics
from harness.gate.baseline import baseline_file, otava_csv
from harness.gate.baseline.baseline_file import BASELINE_VERSION, Baseline
from harness.gate.decision import Endpoint, Kind
from harness.gate.decision.from_samples import Measure
from harness.gate.decision.measurement import Unusable, error_ratio, error_value, value
from tests.unit.gate.arms import VIEW, arm, jobs

COUNTS = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_latency_and_throughput_are_logarithms_and_larger_is_worse() -> None:
    """Twice the latency or half the throughput are the same step up."""
    one, two = arm("a"), arm("b", factor=2, throughput=100)
    for endpoint in (Endpoint(Kind.P95, VIEW), Endpoint(Kind.THROUGHPUT)):
        before, after = value(one, endpoint), value(two, endpoint)
        assert isinstance(before, float)
        assert isinstance(after, float)
        assert after - before == pytest.approx(math.log(2))


@given(COUNTS)
def test_the_error_ratio_comes_back(counts: tuple[int, int]) -> None:
    """Anscombe's constants pull it towards one half, by less than one request."""
    errors, n = counts
    assert abs(error_ratio(error_value(errors, n)) - errors / n) <= 1 / n


@given(COUNTS)
def test_more_errors_are_worse(counts: tuple[int, int]) -> None:
    """Of the same requests."""
    errors, n = counts
    assert errors == n or error_value(errors + 1, n) > error_value(errors, n)


@pytest.mark.parametrize(("ratio", "n"), [(0.01, 2000), (0.1, 500), (0.5, 200)])
def test_the_transformed_ratio_has_a_variance_of_a_quarter_over_n(ratio: float, n: int) -> None:
    """Whatever the ratio is: what the floor rests on. Simulated."""
    errors = np.random.default_rng(5).binomial(n, ratio, 20_000)
    found = np.var([error_value(int(e), n) for e in errors])
    assert found == pytest.approx(1 / (4 * n), rel=0.05)


@pytest.mark.parametrize(("errors", "n"), [(-1, 5), (6, 5), (0, 0), (math.nan, 5), (1, math.nan), (0, math.inf)])
def test_counts_that_are_none_are_refused(errors: int, n: int) -> None:
    """They have no value."""
    with pytest.raises(ValueError, match="are not possible counts"):
        error_value(errors, n)


def test_values_beyond_the_scale_are_its_ends() -> None:
    """An interval may reach beyond what a ratio can be."""
    assert (error_ratio(-0.1), error_ratio(2.0)) == (0, 1)


@pytest.mark.parametrize(("kind", "enough"), [(Kind.P50, 40), (Kind.P95, 400), (Kind.P99, 2000)])
def test_a_quantile_takes_twenty_requests_beyond_it(kind: Kind, enough: int) -> None:
    """One less is too few, and the message says how many it takes."""
    assert isinstance(value(arm("a", n=enough), Endpoint(kind, VIEW)), float)
    few = value(arm("a", n=enough - 1), Endpoint(kind, VIEW))
    assert isinstance(few, Unusable)
    assert few.reason.endswith(f"{kind} needs {enough}")


def table(*rows: tuple[float, str, int, str | None, str]) -> pa.Table:
    """Samples with the columns that are read."""
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("latency_s", "view", "status", "error", "phase"), columns, strict=True)))


def test_only_successful_requests_of_the_measured_phase_have_a_latency() -> None:
    """A failure is one by its status, by the locustfile's word, or for want of a response."""
    samples = Measure()
    samples.add(
        table(
            (0.1, "a", 200, None, "measure"),
            (0.2, "a", 404, None, "measure"),
            (9.0, "a", 200, "wrong text", "measure"),
            (9.0, "a", 500, None, "measure"),
            (9.0, "a", 0, "timed out", "measure"),
            (9.0, "a", 200, None, "warmup"),
        )
    )
    samples.add(table((0.3, "a", 302, None, "measure"), (0.5, "b", 200, None, "measure")))
    assert (samples.requests, samples.errors) == (7, 3)
    assert samples.views["a"].n == 3
    assert samples.views["a"].quantiles_s == {"p50": 0.2, "p95": 0.3, "p99": 0.3}
    assert samples.views["b"].n == 1


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=60), st.integers(1, 59))
def test_how_samples_are_cut_into_tables_does_not_matter(latencies_s: list[float], cut: int) -> None:
    """The quantiles are of all together."""
    samples = Measure()
    for part in (latencies_s[:cut], latencies_s[cut:]):
        if part:
            samples.add(table(*((latency_s, "a", 200, None, "measure") for latency_s in part)))
    expected = {f"p{q * 100:g}": statistics.nearest_rank(sorted(latencies_s), q) for q in (0.5, 0.95, 0.99)}
    assert samples.views["a"].quantiles_s == expected


def test_no_samples_are_no_views() -> None:
    """And no requests."""
    samples = Measure()
    assert (samples.requests, dict(samples.views)) == (0, {})


def kept(count: int = 3) -> list[Baseline]:
    """Baselines, the newest first."""
    return [
        Baseline(BASELINE_VERSION, 1_700_000_000.0 - 86_400 * j, "ci", "mixed.py", each, f"sha{j}", (VIEW,))
        for j, each in enumerate(jobs("run", count))
    ]


def test_a_baseline_comes_back_as_it_was_kept() -> None:
    """Rendering what was parsed gives the same text."""
    for each in kept():
        text = baseline_file.render(each)
        assert baseline_file.parse(text, "x.json") == each
        assert baseline_file.render(baseline_file.parse(text, "x.json")) == text


def test_the_history_is_read_as_otava_reads_it() -> None:
    """Rows oldest first; a header with time, commit and metrics; every cell of a metric is a number."""
    runs = kept()
    text, left_out = otava_csv.render(runs)
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["time", "commit", f"{VIEW}.p50_s", f"{VIEW}.p95_s", f"{VIEW}.p99_s", "throughput", "error_ratio"]
    assert [row[1] for row in rows] == ["sha2", "sha1", "sha0"]
    assert rows[2][0] == "2023-11-14 22:13:20 +0000"
    assert float(rows[2][3]) == runs[0].arm.views[VIEW].quantiles_s["p95"]
    assert left_out == ()


def test_a_column_with_a_gap_is_left_out_and_named() -> None:
    """Otava stops at a cell that is no number."""
    runs = kept()
    runs[1] = replace(runs[1], arm=replace(runs[1].arm, throughput=None))
    text, left_out = otava_csv.render(runs)
    assert left_out == ("throughput",)
    assert "throughput" not in text


def test_a_view_with_a_comma_stays_one_column() -> None:
    """Quoted as CSV quotes."""
    each = kept(1)[0]
    odd = replace(each, arm=replace(each.arm, views={'a,"b"': each.arm.views[VIEW]}))
    assert next(csv.reader(io.StringIO(otava_csv.render([odd])[0])))[2] == 'a,"b".p50_s'
