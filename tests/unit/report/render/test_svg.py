from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.report import Distribution, Figures, ViewReport
from harness.report.render.plots import latency_plot
from harness.report.render.svg import Axis, Line, Size, chart, linear_ticks, log_ticks
from tests.unit.report.render.sample import HOSTILE

X, Y, SIZE = Axis(0, 10, ((0, "0"), (10, "10"))), Axis(0, 1, ((0, "0"), (1, "1"))), Size(158, 144)


def draw(line: Line, x: Axis = X) -> str:
    """The curve's path data; the plotting area is 100 wide from 46 and 100 high from 10."""
    root = ET.fromstring(chart([line], x, Y, SIZE, ident="a", title="t", description="d"))
    return "".join(path.attrib["d"] for path in root.iter("path") if path.attrib["class"].startswith("line"))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (Line("k", ((0, 0), (5, 1))), "M46.0 110.0L96.0 10.0"),
        (Line("k", ((0, 0), (5, 1)), step=True), "M46.0 110.0H96.0V10.0"),
        (Line("k", ((0, 0), (1, None), (5, 1), (10, 1))), "M46.0 110.0h0M96.0 10.0L146.0 10.0"),
        (Line("k", ((0, None), (5, 1), (6, None))), "M96.0 10.0h0"),
        (Line("k", ((-5, 2), (99, -1))), "M46.0 10.0L146.0 110.0"),
        (Line("k", ((0, None),)), ""),
        (Line("k", ()), ""),
    ],
)
def test_path(line: Line, path: str) -> None:
    """Lines, steps, gaps, single points and what lies outside."""
    assert draw(line) == path


def test_log_axis() -> None:
    """Equal factors are equal distances; zero lies at the left edge."""
    axis = Axis(0.001, 0.1, (), log=True)
    assert [axis.share(value) for value in (0, 0.001, 0.1, 1)] == [0, 0, 1, 1]
    assert axis.share(0.01) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("high", "ticks"),
    [(0, (0, 1)), (61, (0, 50, 100)), (0.3, (0, 0.1, 0.2, 0.3)), (100, (0, 50, 100)), (float("nan"), (0, 1))],
)
def test_linear_ticks(high: float, ticks: tuple[float, ...]) -> None:
    """Round steps that reach the highest value."""
    assert linear_ticks(high, 3) == pytest.approx(ticks)


@given(st.floats(min_value=1e-9, max_value=1e4), st.floats(min_value=2, max_value=1e9))
def test_log_ticks(low: float, factor: float) -> None:
    """Few, rising, and within the axis."""
    ticks = log_ticks(low, low * factor, 5)
    assert len(ticks) <= 5
    assert list(ticks) == sorted(ticks)
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\x1b" not in text and "\ud800" not in text])
def test_text_is_escaped(text: str) -> None:
    """Titles and labels parse as XML and come out unchanged."""
    svg = chart([], Axis(0, 1, ((0, text),), text), Y, SIZE, ident="a", title=text, description=text)
    root = ET.fromstring(svg)
    assert [child.tag for child in root[:2]] == ["title", "desc"]
    assert "".join(root[0].itertext()).split() == text.split()


@pytest.mark.parametrize(
    "curve",
    [
        Distribution((0.0,), (1.0,)),
        Distribution((0.005, 0.005), (0.5, 1.0)),
        Distribution((0.001, 60.0), (0.0, 0.0)),
        Distribution((1e-12, 1e6), (0.5, 1.0)),
    ],
)
def test_odd_distributions(curve: Distribution) -> None:
    """A zero latency, a single value, nothing below any bound, fifteen decades: a plot all the same."""
    figures = Figures()
    view = ViewReport("v", "GET", figures, figures, figures, figures, curve, None, curve)
    plot = latency_plot(view, "a")
    assert plot is not None
    ET.fromstring(plot)
