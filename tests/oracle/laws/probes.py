"""Whether single requests after the load are counted and timed."""

import math

import numpy as np
import pandas as pd

from tests.oracle.facts import Facts, with_column
from tests.oracle.frames import Column, Frame
from tests.oracle.laws import names
from tests.oracle.laws.histograms import Histogram, Key, histograms, implied_s, longest_s, name_of
from tests.oracle.line import PASS, Line, Lines, settled, unknown


def probes(facts: Facts) -> Lines:
    """docs/checks/probes.md."""
    if not facts.run.get("probe"):
        return
    sent = facts.probes[facts.probes["origin"] != "replayed"]
    if any(not file.is_whole or file.is_changed for file in facts.probe_shards) or (sent["status"] == 0).any():
        yield unknown("")
        return
    later = facts.after_load(facts.run["probe"]["end_s"])
    responses = later.grown(names.RESPONSES)
    for label in ("view", "method", "status"):
        responses = with_column(responses, label)
    found = histograms(later)
    for key, rows in sent.groupby(["view", "method"]):
        if key[0] not in facts.known_views and rows["witness_view_s"].isna().any():
            continue
        own = (
            responses[(responses["view"] == key[0]) & (responses["method"] == key[1])].groupby("status")["grown"].sum()
        )
        timed = None if names.LATENCY in facts.dropped else found[key].total if key in found else 0.0
        counts = _counts(key, rows, own, timed, one_sided=bool(facts.foreign))
        yield counts
        if counts.status == PASS and key in found:
            yield _time(facts, key, rows, found[key])


def _counts(key: Key, rows: Frame, seen: Column, timed: float | None, *, one_sided: bool) -> Line:
    sent, counted = rows["status"].astype(str).value_counts(), seen[seen != 0].astype(float)
    both = pd.DataFrame({"due": sent, "seen": counted}).fillna(0.0).sort_index()
    if timed is not None:
        both.loc["histogram"] = len(rows) + rows["witness_raised_s"].notna().sum(), timed
    wrong = both[(both["due"] > both["seen"]) | ((both["due"] < both["seen"]) & (not one_sided))]
    due, observed = (len(rows), counted.sum()) if wrong.empty else wrong.iloc[0]
    labels = {"view": key[0], "method": key[1]}
    return Line(f"{name_of(key)} counts", labels, settled(wrong.empty), float(due), float(observed), (0, 0))


def _time(facts: Facts, key: Key, rows: Frame, histogram: Histogram) -> Line:
    subject, labels = f"{name_of(key)} time", {"view": key[0], "method": key[1]}
    if rows["witness_view_s"].isna().any():
        felt = float(rows["latency_s"].sum())
        return Line(subject, labels, settled(histogram.sum_s <= felt), felt, histogram.sum_s)
    spans = np.sort(np.append(rows["witness_view_s"], rows["witness_raised_s"].dropna()))
    whole, most = math.fsum(spans), max(len(spans) * longest_s(facts), 0.01) if facts.witnessed else np.inf
    left, spare = whole - histogram.sum_s, 1e-9 * (1 + whole)
    bounds, held = histogram.finite
    is_filled = bool((held >= np.searchsorted(spans, bounds, side="right")).all())
    fine = is_filled and -spare <= left <= most + spare and implied_s(spans, histogram) <= left + spare
    return Line(subject, labels, settled(fine), whole, histogram.sum_s, (most, 0) if facts.witnessed else None)
