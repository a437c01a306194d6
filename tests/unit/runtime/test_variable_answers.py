"""What Prometheus answers to the queries of variables, asked as Grafana asks."""

from collections.abc import Mapping

import pytest

from harness.core.errors import PrometheusError
from harness.core.run import Window
from harness.monitoring.dashboards.variable_query import LabelNames, LabelValues, Question, Results, SeriesNames
from harness.runtime import variable_answers
from harness.runtime.prometheus import Prometheus

WINDOW = Window(100.0, 160.0, 1.0, 0.0, 0, 0, 0.0)
SPAN = {"start": "100.000", "end": "160.000"}
VECTOR = {"resultType": "vector", "result": [{"metric": {"__name__": "up", "job": "web"}, "value": [160, "1"]}]}


class Answering(Prometheus):
    """A server that gives one answer, and keeps what it was asked."""

    def __init__(self, answer: object) -> None:
        """Nothing is sent."""
        super().__init__("http://127.0.0.1:1")
        self.answer, self.asked = answer, list[tuple[str, Mapping[str, str]]]()

    def data(self, path: str, parameters: Mapping[str, str]) -> object:
        self.asked.append((path, parameters))
        return self.answer


@pytest.mark.parametrize(
    ("question", "answer", "asked", "values"),
    [
        (LabelValues("job"), ["a", "b"], ("label/job/values", SPAN), ("a", "b")),
        (LabelValues("job", "up"), ["a"], ("label/job/values", {**SPAN, "match[]": "up"}), ("a",)),
        (LabelNames("up"), ["job"], ("labels", {**SPAN, "match[]": "up"}), ("job",)),
        (SeriesNames("up"), [{"__name__": "up", "a": "b"}], ("series", {**SPAN, "match[]": "up"}), ('up{a="b"}',)),
        (Results("up"), VECTOR, ("query", {"query": "up", "time": "160.000"}), ('up{job="web"} 1 160000',)),
        (
            Results("1"),
            {"resultType": "scalar", "result": [160.5, "1"]},
            ("query", {"query": "1", "time": "160.000"}),
            ("1 160500",),
        ),
    ],
)
def test_each_question_has_its_address(
    question: Question, answer: object, asked: tuple[str, Mapping[str, str]], values: tuple[str, ...]
) -> None:
    """Over the window, and once however many dashboards ask it."""
    server = Answering(answer)
    ask = variable_answers.asking(server, WINDOW)
    assert tuple(ask(question)) == tuple(ask(question)) == values
    assert server.asked == [asked]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (LabelValues("job"), {"not": "a list"}),
        (LabelValues("job"), ["x"] * (variable_answers.MOST_VALUES + 1)),
        (SeriesNames("up"), ["text"]),
        (Results("up"), []),
        (Results("up"), {"resultType": "vector", "result": [{"metric": {}}]}),
        (Results("up"), {"resultType": "scalar", "result": [1]}),
    ],
)
def test_another_answer_is_none(question: Question, answer: object) -> None:
    """And no value."""
    with pytest.raises(PrometheusError):
        variable_answers.asking(Answering(answer), WINDOW)(question)
