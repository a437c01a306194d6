"""The corrected expression of a panel."""

import pytest

from harness.checks.monitoring import _panel_evidence, _panel_mended
from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.core.panel import Panel
from harness.instrumentation import registry

NAMES = registry.find("django-prometheus")
TIMES, SEEN = f"{NAMES.latency_by_view}_bucket", NAMES.responses_by_view


def asked(text: str, *, rule: bool = False) -> ParsedPanel:
    found = _panel_evidence.read(Panel("board.json", "Board", "Panel", text, rule=rule))
    assert isinstance(found, ParsedPanel)
    return found


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("histogram_quantile(0.9, sum(rate({}[5m])))", "histogram_quantile(0.9, sum by (le) (rate({}[5m])))"),
        (
            "histogram_quantile(0.9, sum by (view) (rate({}[5m])))",
            "histogram_quantile(0.9, sum by (le, view) (rate({}[5m])))",
        ),
        (
            "1000 * histogram_quantile(0.9, sum without (le, instance) (rate({}[5m])))",
            "1000 * histogram_quantile(0.9, sum without (instance) (rate({}[5m])))",
        ),
        (
            "histogram_quantile(0.9, sum(sum by (view) (rate({}[5m]))))",
            "histogram_quantile(0.9, sum by (le) (sum by (le, view) (rate({}[5m]))))",
        ),
    ],
)
def test_bounds_are_kept(text: str, corrected: str) -> None:
    """By each sum that loses them."""
    assert _panel_mended.with_bounds(asked(text.replace("{}", TIMES)).tree) == corrected.replace("{}", TIMES)


def test_a_counter_gets_its_rate() -> None:
    """With the range that Grafana chooses, or in a rule a fixed one; what has one keeps it."""

    def is_counter(name: str) -> bool:
        return name == SEEN

    panel = asked(f'sum by (view) ({SEEN}{{job="a b"}}) / sum(rate({SEEN}[1m]))')
    expected = f'sum by (view) (rate({SEEN}{{job="a b"}}[$__rate_interval])) / sum(rate({SEEN}[1m]))'
    assert _panel_mended.rated(panel, is_counter) == expected
    rule = asked(f"{SEEN} > 5", rule=True)
    assert _panel_mended.rated(rule, is_counter) == f"rate({SEEN}[5m]) > 5"
    assert _panel_mended.rated(asked(f"{SEEN} offset 1h"), is_counter) == f"rate({SEEN}[$__rate_interval] offset 1h)"


def test_a_unit_is_multiplied() -> None:
    """Of the whole expression."""
    assert _panel_mended.times(asked("a + b"), 1000.0) == "(a + b) * 1000"
    assert _panel_mended.times(asked("sum(a)"), 0.01) == "sum(a) * 0.01"
    assert _panel_mended.times(asked("sum(a)"), float("inf")) == ""


def test_a_name_is_replaced_where_its_labels_fit() -> None:
    """Another exporter has other labels as well, and then the name alone mends nothing."""
    good = asked('sum by (view) (rate(old_total{status=~"5.."}[5m])) / scalar(old_total_more)')
    expected = f'sum by (view) (rate({SEEN}{{status=~"5.."}}[5m])) / scalar(old_total_more)'
    assert _panel_mended.renamed(good, "old_total", SEEN, NAMES) == expected
    for text in ('rate(old_total{code="500"}[5m])', "sum by (handler) (rate(old_total[5m]))"):
        assert _panel_mended.renamed(asked(text), "old_total", SEEN, NAMES) == ""
    assert _panel_mended.renamed(good, "old_total", "", NAMES) == ""
