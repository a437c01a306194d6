"""What Prometheus answers to the queries of dashboards' variables, asked as Grafana asks.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metadata.
"""

from collections.abc import Sequence
from typing import assert_never

from harness.core.errors import PrometheusError
from harness.core.run import Window
from harness.monitoring.dashboards.variable_query import Ask, LabelNames, LabelValues, Question, Results, SeriesNames
from harness.runtime.prometheus import Prometheus

MOST_VALUES = 10_000
"""Of one variable; no menu holds more."""


def asking(prometheus: Prometheus, window: Window) -> Ask:
    """Whoever asks this server about the series of a window; it raises PrometheusError where no answer comes."""
    span = {"start": f"{window.start_s:.3f}", "end": f"{window.end_s:.3f}"}
    known: dict[Question, tuple[str, ...]] = {}

    def ask(question: Question) -> Sequence[str]:
        if question not in known:
            known[question] = _answer(prometheus, question, span, window.end_s)
        return known[question]

    return ask


def _answer(prometheus: Prometheus, question: Question, span: dict[str, str], end_s: float) -> tuple[str, ...]:
    match question:
        case LabelValues(label, matching):
            found = prometheus.data(f"label/{label}/values", {**span, **_matching(matching)})
        case LabelNames(matching):
            found = prometheus.data("labels", {**span, **_matching(matching)})
        case SeriesNames(matching):
            series = prometheus.data("series", {**span, **_matching(matching)})
            found = [_written(each) for each in _listed(series)]
        case Results(expression):
            answer = prometheus.data("query", {"query": expression, "time": f"{end_s:.3f}"})
            found = [*_results(answer)]
        case _:
            assert_never(question)
    values = tuple(str(each) for each in _listed(found))
    if len(values) > MOST_VALUES:
        raise PrometheusError(f"it has {len(values):,} values")
    return values


def _matching(matching: str) -> dict[str, str]:
    return {"match[]": matching} if matching else {}


def _listed(found: object) -> list[object]:
    if not isinstance(found, list):
        raise PrometheusError("the answer is no list; is it a Prometheus?")
    return found


def _results(answer: object) -> list[str]:
    """Each series of an answer as Grafana writes it: name and labels, value, milliseconds."""
    kind, result = (answer.get("resultType"), answer.get("result")) if isinstance(answer, dict) else (None, None)
    try:
        if kind in ("scalar", "string"):
            at, value = _listed(result)
            return [f"{value} {_milliseconds(at)}"]
        return [
            f"{_written(each['metric'])} {each['value'][1]} {_milliseconds(each['value'][0])}"
            for each in _listed(result)
            if isinstance(each, dict)
        ]
    except (LookupError, TypeError, ValueError):
        raise PrometheusError("the answer is no vector; is it a Prometheus?") from None


def _milliseconds(at_s: object) -> int:
    return round(float(str(at_s)) * 1000)


def _written(labels: object) -> str:
    if not isinstance(labels, dict):
        raise PrometheusError("the answer holds no labels; is it a Prometheus?")
    own = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{own}}}"
