"""The profile's own limits on what the client measured."""

import math
import operator

import numpy as np

from tests.oracle.facts import Facts, quantile
from tests.oracle.frames import Frame
from tests.oracle.laws.histograms import ALL, Key, rows_of
from tests.oracle.line import FAIL, OPEN, PASS, Labels, Line, Lines, named, settled, unknown
from tests.oracle.run_files import JSON, Unknown

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


def thresholds(facts: Facts) -> Lines:
    """docs/checks/thresholds.md."""
    limits = facts.run.get("thresholds", ())
    if not limits:
        yield Line("", {}, PASS)
    for limit in limits:
        if facts.cut_short:
            whose = {} if limit.get("promql") else named(view=limit["view"], number=limit["metric"])
            yield unknown(limit["text"], **whose)
            continue
        yield from _by_expression(facts, limit) if limit.get("promql") else _by_client(facts, limit)


def _by_expression(facts: Facts, limit: JSON) -> Lines:
    try:
        answer = facts.files.answer(limit["metric"])
    except Unknown:
        yield unknown(limit["text"])
        return
    for series in answer:
        labels, value = series["metric"], float((series.get("values") or [series["value"]])[-1][1])
        text = ", ".join(f"{name}={labels[name]}" for name in sorted(labels) if name != "__name__")
        subject = f"{limit['text']} {{{text}}}" if text else limit["text"]
        yield _held(limit, subject, labels, value) if math.isfinite(value) else Line(subject, labels, OPEN)


def _held(limit: JSON, subject: str, labels: Labels, value: float) -> Line:
    return Line(subject, labels, settled(COMPARE[limit["comparison"]](value, limit["value"])), limit["value"], value)


def _by_client(facts: Facts, limit: JSON) -> Lines:
    metric, view, text = limit["metric"], limit["view"], limit["text"]
    is_latency = metric not in ("error_ratio", "rate")
    chosen = {key: rows for key, rows in rows_of(facts).items() if (key[0] == view if view else key == ALL)}
    if facts.unusable or not chosen or (facts.saturated and is_latency):
        yield unknown(text, **named(view=view, number=metric))
        return
    for key, rows in chosen.items():
        subject = f"{text} ({key[1]})" if len(chosen) > 1 else text
        labels = named(view=key[0], method=key[1], number=metric)
        if is_latency:
            yield _latency(facts, limit, subject, labels, rows)
        else:
            yield _held(limit, subject, labels, _share(facts, metric, key, rows))


def _share(facts: Facts, metric: str, key: Key, rows: Frame) -> float:
    if metric == "rate":
        began, ended = facts.samples["started_s"].min(), (facts.samples["started_s"] + facts.samples["latency_s"]).max()
        return float(len(rows) / max(ended - began, 1e-9))
    lost = len(facts.unanswered) if key == ALL else 0
    return (int((rows["status"] >= 500).sum()) + lost) / (len(rows) + lost)


def _latency(facts: Facts, limit: JSON, subject: str, labels: Labels, rows: Frame) -> Line:
    late = (rows["started_s"] - rows["intended_s"]).clip(lower=0.0)
    felt = (rows["latency_s"] + late).dropna()
    if felt.empty:
        felt = rows["latency_s"]
    health, q = facts.run["generator"], float(limit["metric"][1:]) / 100
    dropped = max((health.get("planned_arrivals") or 0) - (health.get("begun_arrivals") or 0), 0)
    lost = len(facts.unanswered) + dropped
    if lost and np.ceil(q * (len(felt) + lost) - 1e-9) > len(felt):
        return Line(subject, labels, FAIL, limit["value"])
    return _held(limit, subject, labels, quantile(felt, q))
