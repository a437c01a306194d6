"""The text of queries, as Prometheus reads it."""

import pytest

from harness import promql


@pytest.mark.parametrize(
    ("matchers", "exact", "expected"),
    [
        ("", None, "up{}"),
        ('job="django"', None, 'up{job="django"}'),
        ("", {"view": "work:fast"}, 'up{view="work:fast"}'),
        ('job="django"', {"view": "a", "method": "GET"}, 'up{job="django",view="a",method="GET"}'),
        (' job=~"a|b", ', {"view": "a"}, 'up{job=~"a|b",view="a"}'),
        ("", {"view": 'a"b\\c\nd\ufffd'}, 'up{view="a\\"b\\\\c\\nd\\ufffd"}'),
    ],
)
def test_selectors_join_text_and_exact_labels(matchers: str, exact: dict[str, str] | None, expected: str) -> None:
    """A trailing comma is PromQL too; values are quoted."""
    assert promql.selector("up", matchers, exact) == expected
    assert promql.raw("up", matchers, 0.5, exact) == f"{expected}[500ms]"


@pytest.mark.parametrize("name", ["", "1a", "a-b", 'a="x",b'])
def test_a_label_name_cannot_smuggle_a_matcher(name: str) -> None:
    """What is no name is refused."""
    with pytest.raises(ValueError, match="is not a label name"):
        promql.selector("up", "", {name: "x"})


def test_query_texts() -> None:
    """Selectors and durations as Prometheus reads them."""
    assert promql.raw("up", 'job="django"', 25.001) == 'up{job="django"}[25001ms]'
    assert promql.selector("up", "") == "up{}"
    with pytest.raises(ValueError, match="not a PromQL duration"):
        promql.duration(0)


@pytest.mark.parametrize(("seconds", "expected"), [(0.001, "1ms"), (0.0006, "1ms"), (60, "60000ms")])
def test_a_duration_is_in_whole_milliseconds(seconds: float, expected: str) -> None:
    """Rounded, and at least one."""
    assert promql.duration(seconds) == expected


@pytest.mark.parametrize("seconds", [0.0004, 0, -1])
def test_what_is_no_duration_is_refused(seconds: float) -> None:
    """Prometheus would refuse it too, after the run."""
    with pytest.raises(ValueError, match="not a PromQL duration"):
        promql.duration(seconds)
