"""Whether responses are counted under the names and the sizes that they had."""

import math
from urllib.parse import unquote

import numpy as np
import pandas as pd

from tests.oracle.facts import Facts, with_column
from tests.oracle.frames import Column, Frame
from tests.oracle.laws import names
from tests.oracle.line import FAIL, OPEN, Line, Lines, settled, unknown
from tests.oracle.run_files import Unknown

KEY = ["view", "method", "status"]


def identity(facts: Facts) -> Lines:
    """docs/checks/identity.md."""
    said = _said(facts)
    if said.empty:
        return
    seen = facts.grown(names.RESPONSES)
    for label in KEY:
        seen = with_column(seen, label)
    seen = seen[~seen["view"].isin(facts.background)]
    for label, rows in said.groupby("label"):
        known = {*facts.run["instances"], *with_column(seen, "instance")["instance"]}
        is_comparable = set(rows["value"]) <= known if label == "instance" else label in seen and any(seen[label] != "")
        if is_comparable:
            yield from _by_label(facts, str(label), rows, with_column(seen, str(label)))


def _said(facts: Facts) -> Frame:
    """A row for each response and label that its process says of itself."""
    own = facts.answered[facts.answered["instance"].notna() & facts.answered["witness_view_s"].notna()]
    rows = []
    for row in own[["view", "label", "status", "instance", "labels"]].itertuples(index=False):
        pairs = [pair.partition("=")[::2] for pair in (row.labels or "").split()]
        labels = {"instance": row.instance, **{name: unquote(value).removeprefix("-") for name, value in pairs}}
        rows += [(row.view, row.label, str(row.status), name, value) for name, value in labels.items() if value]
    found = pd.DataFrame(rows, columns=[*KEY, "label", "value"])
    return found[~found["label"].isin(KEY)]


def _by_label(facts: Facts, label: str, said: Frame, seen: Frame) -> Lines:
    own = said.groupby([*KEY, "value"]).size().unstack(fill_value=0)
    grown = seen[seen["grown"] != 0].assign(value=seen[label]).groupby([*KEY, "value"])["grown"].sum()
    counted = grown.unstack(fill_value=0.0) if len(grown) else own.iloc[:, :0]
    values = sorted({*own.columns, *counted.columns})
    counted = counted.reindex(own.index, fill_value=0.0).reindex(columns=values, fill_value=0.0)
    own = own.reindex(columns=values, fill_value=0)
    spare = len(facts.answered) - facts.cached_inside - int(own.to_numpy().sum()) + facts.lost
    more = counted.sum(axis=1) - own.sum(axis=1)
    fits = (more >= 0) & (facts.foreign | (more <= spare))
    if not fits.any():
        yield Line(label, {"label": label}, OPEN)
        return
    for value in values:
        due, observed = own.loc[fits, value], counted.loc[fits, value]
        more = observed - due
        wrong = (more < 0) | ((more > spare) & (not facts.foreign))
        band = None if facts.foreign else (0, spare)
        subject, labels = f"{label} {value}" if value else f"without {label}", {"label": label, "value": value}
        yield Line(subject, labels, settled(not wrong.any()), float(due.sum()), float(observed.sum()), band)


def attributes(facts: Facts) -> Lines:
    """docs/checks/attributes.md."""
    rows = facts.answered[facts.answered["flags"].notna()]
    if rows.empty:
        return
    scrapes, flags = facts.scrapes_inside, rows["flags"]
    transport = flags.str.contains("t").map({True: "https", False: "http"})
    counted = (
        ("charset", rows["charset"], lambda: facts.by(names.BY_CHARSET, "charset"), scrapes),
        ("template", rows["template"], lambda: facts.by(names.BY_TEMPLATE, "templatename"), 0),
        ("transport", transport, lambda: facts.by(names.BY_TRANSPORT, "transport"), scrapes),
        ("ajax", flags[flags.str.contains("a")].map(lambda _: ""), lambda: pd.Series({"": facts.total(names.AJAX)}), 0),
        (
            "streaming",
            flags[flags.str.contains("s")].map(lambda _: ""),
            lambda: pd.Series({"": facts.total(names.STREAMING)}),
            0,
        ),
    )
    for kind, had, seen, theirs in counted:
        try:
            yield from _values(facts, kind, had, seen(), theirs)
        except Unknown:
            yield unknown(kind, attribute=kind)
    for what, name in names.SIZES.items():
        sizes = rows[f"{what}_bytes"].dropna()
        if sizes.empty:
            continue
        try:
            buckets, sums = with_column(facts.grown(f"{name}_bucket"), "le"), facts.grown(f"{name}_sum")
        except Unknown:
            yield unknown(f"sizes of {what}s", attribute=f"{what}-size")
            continue
        buckets = buckets[buckets["le"] != ""].assign(le=lambda each: each["le"].astype(float))
        if len(buckets) and len(sums):
            yield _sizes(what, sizes, buckets.groupby("le")["grown"].sum(), facts.total(f"{name}_sum"))


def _values(facts: Facts, kind: str, had: Column, seen: Column, scrapes: int) -> Lines:
    both: Frame = pd.DataFrame({"due": had.value_counts(), "seen": seen[seen != 0]}).fillna(0.0).sort_index()
    if both.empty:
        return
    if scrapes:
        both.loc[(both["seen"] - both["due"]).idxmax(), "due"] += scrapes
    for value, row in both.iterrows():
        labels = {"attribute": kind, "value": str(value)}
        open_above = facts.unwitnessed(once=True)
        subject = f"{kind} {value}".strip()
        yield facts.equal(subject, row["due"], row["seen"], labels, lost=facts.lost, open_above=open_above)


def _sizes(what: str, sizes: Column, buckets: Column, total: float) -> Line:
    """What each bin holds beyond the load's own bodies are whole numbers of bytes within it."""
    bounds = buckets.index.to_numpy(float)
    held = np.diff(buckets.to_numpy(float), prepend=0.0)
    own, _ = np.histogram(np.searchsorted(bounds, sizes.to_numpy(float)), bins=np.arange(len(bounds) + 1))
    beyond, load = held - own, float(sizes.sum())
    subject, labels = f"sizes of {what}s", {"attribute": f"{what}-size"}
    if (beyond < 0).any():
        place = int(np.argmax(beyond < 0))
        return Line(subject, labels, FAIL, float(own[place]), float(held[place]))
    least_each = np.floor(np.append(-1.0, bounds[:-1])) + 1
    used = beyond > 0
    least = load + float(beyond[used] @ least_each[used])
    most = load + float(beyond[used] @ np.floor(bounds)[used])
    band = (load - least, most - load) if math.isfinite(most) else None
    return Line(subject, labels, settled(least <= total <= most), load, total, band)
