"""Whether everything that happened is in every counter that claims to count it."""

import math
from urllib.parse import urlsplit

import pandas as pd

from tests.oracle.facts import KNOWN_METHODS, POOL, Facts, method_label, with_column
from tests.oracle.frames import Frame
from tests.oracle.laws import names
from tests.oracle.line import FAIL, OPEN, PASS, Line, Lines, named, settled, unknown
from tests.oracle.run_files import Unknown


def request_conservation(facts: Facts) -> Lines:
    """docs/checks/request-conservation.md: R = N + S + B, and no two instances are one process."""
    labels = {"law": "requests"}
    try:
        scrapes = facts.scrapes_inside
        others = round(sum(facts.total(names.RESPONSES, view=view) for view in facts.declared))
    except Unknown:
        yield unknown("requests")
    else:
        due = len(facts.answered) + scrapes + others
        try:
            yield facts.equal("requests", due, facts.total(names.ARRIVED), labels, lost=facts.lost)
        except Unknown:
            yield Line("requests", labels, OPEN)
    yield from _twins(facts)


def _twins(facts: Facts) -> Lines:
    try:
        timed = facts.grown(f"{names.LATENCY}_sum")
    except Unknown:
        if len(facts.run["instances"]) > 1:
            yield unknown("instances")
        return
    for label in ("instance", "view", "method"):
        timed = with_column(timed, label)
    if timed["instance"].nunique() < 2:
        return
    own = timed[(timed["grown"] != 0) & ~timed["view"].isin(facts.background)]
    if own.empty:
        yield unknown("instances")
        return
    seconds = own.groupby(["instance", "view", "method"], sort=False)["grown"].agg(math.fsum).reset_index()
    alike = seconds.groupby(["view", "method", "grown"], sort=False)["instance"].agg(
        lambda each: " ".join(sorted(each))
    )
    twins = alike[alike.str.contains(" ")]
    if twins.empty:
        yield Line("instances", {}, PASS)
        return
    first = twins[twins == twins.iloc[0]]
    view, method, _ = first.index[-1]  # of several series that the same instances share, the last is named
    labels = {"view": view, "method": method, "instance": first.iloc[0]}
    yield Line("instances", labels, FAIL, 1, len(first.iloc[0].split()))


def response_conservation(facts: Facts) -> Lines:
    """docs/checks/response-conservation.md: four equal totals, and equal for each status."""
    for subject, law, left, right in (
        ("responses", "responses", names.ARRIVED, names.ANSWERED),
        ("responses by status", "responses-by-status", names.ANSWERED, names.BY_STATUS),
        ("responses by status, view and method", "responses-by-view", names.BY_STATUS, names.RESPONSES),
    ):
        try:
            yield _both(facts, subject, law, facts.total(left), facts.total(right))
        except Unknown:
            yield unknown(subject, law=law)
    try:
        both = pd.DataFrame({"left": facts.by(names.RESPONSES, "status"), "right": facts.by(names.BY_STATUS, "status")})
    except Unknown:
        return
    both = both.fillna(0.0)
    for status, row in both[both.any(axis=1)].iterrows():
        yield facts.alike(f"status {status}", row["left"], row["right"], {"status": str(status)})


def _both(facts: Facts, subject: str, law: str, left: float, right: float) -> Line:
    return facts.alike(subject, left, right, {"law": law}) if left or right else unknown(subject, law=law)


def side_counters(facts: Facts) -> Lines:
    """docs/checks/side-counters.md: totals by transport, charset and size of the body."""
    compared = (
        ("requests by transport", names.BY_METHOD, [names.BY_TRANSPORT]),
        ("requests by body size", names.BY_METHOD, [names.REQUEST_BODIES]),
        ("responses by charset", names.BY_STATUS, [names.BY_CHARSET]),
        ("responses by body size", names.BY_STATUS, [names.RESPONSE_BODIES, names.STREAMING]),
    )
    for subject, whole, parts in compared:
        law = subject.replace(" ", "-")
        try:
            yield _both(facts, subject, law, facts.total(whole), sum(map(facts.total, parts)))
        except Unknown:
            yield unknown(subject, law=law)
    try:
        yield from _transport(facts)
    except Unknown:
        yield unknown("")


def _transport(facts: Facts) -> Lines:
    requests, by_transport = facts.total(names.BY_METHOD), facts.total(names.BY_TRANSPORT)
    by_view = with_column(with_column(facts.grown(names.BY_VIEW), "view"), "transport")
    load = by_view[~by_view["view"].isin(facts.background)]
    if facts.foreign or not load["grown"].sum():
        return
    scheme = urlsplit(facts.run["target"]).scheme
    of_load = load.loc[load["transport"] != scheme, "grown"].sum()
    elsewhere = by_transport - facts.total(names.BY_TRANSPORT, transport=scheme)
    others = requests - load["grown"].sum()
    most = max(of_load, elsewhere - others, 0.0)
    yield facts.alike(f"requests by other than {scheme}", 0, most, {"transport": scheme})


def latency_conservation(facts: Facts) -> Lines:
    """docs/checks/latency-conservation.md: each response is timed once, once more for each exception."""
    answered = facts.total(names.ANSWERED)
    by_view = pd.DataFrame(
        {
            "responses": facts.by(names.RESPONSES, "view"),
            "raised": facts.by(names.RAISED_BY_VIEW, "view"),
            "timed": facts.by(f"{names.LATENCY}_count", "view"),
        }
    ).fillna(0.0)
    by_type = facts.total(names.RAISED_BY_TYPE)
    untimed = facts.total(names.UNTIMED) + facts.total(names.UNTIMED_IN_ALL)
    timed = facts.total(f"{names.LATENCY_IN_ALL}_count")
    buckets = facts.grown(f"{names.LATENCY}_bucket")
    facts.grown(f"{names.LATENCY_IN_ALL}_bucket")
    if not answered and not by_view["responses"].sum():
        yield unknown("")
        return
    for view, row in by_view.iterrows():
        yield facts.alike(str(view), row["responses"] + row["raised"], row["timed"], {"view": str(view)})
    yield facts.alike("including middlewares", answered, timed, {"law": "timed"})
    yield facts.alike("unknown latency", 0, untimed, {"law": "unknown-latency"})
    yield facts.alike("exceptions", by_view["raised"].sum(), by_type, {"law": "exceptions"})
    for histogram, labels in ((names.LATENCY, ["view", "method"]), (names.LATENCY_IN_ALL, [])):
        yield from _infinity(facts, histogram, labels)
    yield _layout(buckets)


def _infinity(facts: Facts, histogram: str, labels: list[str]) -> Lines:
    counts, tops = facts.grown(f"{histogram}_count"), with_column(facts.grown(f"{histogram}_bucket"), "le")
    tops = tops[tops["le"] == "+Inf"]
    if not labels:
        if len(counts) or len(tops):
            subject = "including middlewares +Inf bucket"
            yield facts.alike(subject, counts["grown"].sum(), tops["grown"].sum(), {"le": "+Inf"})
        return
    for label in labels:
        counts, tops = with_column(counts, label), with_column(tops, label)
    both: Frame = pd.DataFrame(
        {"all": counts.groupby(labels)["grown"].sum(), "top": tops.groupby(labels)["grown"].sum()}
    )
    for (view, method), row in both.fillna(0.0).iterrows():
        subject = f"{view} {method} +Inf bucket"
        yield facts.alike(subject, row["all"], row["top"], {"view": view, "method": method, "le": "+Inf"})


def _layout(buckets: Frame) -> Line:
    for label in ("instance", "view", "method", "le"):
        buckets = with_column(buckets, label)
    held = buckets.groupby(["instance", "view", "method"])["le"].nunique()
    widest = buckets.groupby("instance")["le"].nunique()
    due = sum(int(widest[instance]) for instance, _, _ in held.index)
    number = float(held.sum())
    return Line("buckets by view", {"law": "bounds"}, settled(number == due), due, number, (0, 0))


def _sent(facts: Facts) -> Frame:
    """The load's responses under the labels that the metric should give them."""
    view = facts.answered["view"].where(facts.answered["view"].isin(facts.known_views), POOL)
    status = facts.answered["status"].astype(str)
    return pd.DataFrame({"view": view, "method": facts.answered["label"], "status": status, "number": 1.0})


def _both_sides(facts: Facts) -> Frame:
    """Client and metric by view, method and status; what no sample names is pooled if the client pools. May raise."""
    sent = _sent(facts)
    seen = facts.grown(names.RESPONSES)
    for label in ("view", "method", "status"):
        seen = with_column(seen, label)
    seen = seen[~seen["view"].isin(facts.background)]
    if (sent["view"] == POOL).any():
        seen = seen.assign(view=seen["view"].where(seen["view"].isin(facts.known_views), POOL))
    keys = ["view", "method", "status"]
    both = pd.DataFrame({"client": sent.groupby(keys)["number"].sum(), "metric": seen.groupby(keys)["grown"].sum()})
    return both.fillna(0.0).reset_index()


def request_counts(facts: Facts) -> Lines:
    """docs/checks/request-counts.md."""
    try:
        both = _both_sides(facts)
    except Unknown:
        yield unknown("responses")
    else:
        for row in both[(both["client"] != 0) | (both["metric"] != 0)].itertuples():
            labels = named(view=row.view, method=row.method, status=row.status)
            subject, lost = f"{row.view} {row.method} {row.status}", facts.lost_of(row.view, row.method)
            yield facts.equal(subject, row.client, row.metric, labels, lost=lost)
    yield from _requests_by_view(facts)
    yield from _requests_by_method(facts)


def _requests_by_view(facts: Facts) -> Lines:
    sent = _sent(facts)
    pooled = bool((sent["view"] == POOL).any())
    routed = sent[~sent["view"].isin([POOL, "<unnamed view>"])].groupby(["view", "method"])["number"].sum()
    try:
        seen = facts.by(names.BY_VIEW, "view", "method")
    except Unknown:
        yield unknown("requests by view")
        return
    both: Frame = pd.DataFrame({"client": routed, "metric": seen}).reset_index()
    for row in both.itertuples():
        stranger = not pooled and row.view not in facts.background and row.metric > 0
        if row.client > 0 or stranger:
            client, metric = (0.0 if math.isnan(each) else each for each in (row.client, row.metric))
            labels, lost = named(view=row.view, method=row.method), facts.lost_of(row.view, row.method)
            yield facts.equal(f"{row.view} {row.method} requests", client, metric, labels, lost=lost)


def _requests_by_method(facts: Facts) -> Lines:
    try:
        seen, scrapes = facts.by(names.BY_METHOD, "method"), facts.scrapes_inside
        others = facts.by(names.RESPONSES, "view", "method")
    except Unknown:
        yield unknown("requests by method")
        return
    due = facts.answered["label"].value_counts().astype(float)
    due = due.add(pd.Series({"GET": float(scrapes)}), fill_value=0.0)
    for (view, method), number in others.items():
        if view in facts.declared:
            due = due.add(pd.Series({method: float(round(number))}), fill_value=0.0)
    lost = facts.unanswered["method"].map(method_label)
    for method in sorted({*due.index, *seen.index}):
        expected, observed = float(due.get(method, 0.0)), float(seen.get(method, 0.0))
        spare = int((lost == method).sum())
        if method in KNOWN_METHODS:
            spare += facts.unrecorded
        if expected or observed:
            yield facts.equal(f"all {method} requests", expected, observed, {"method": method}, lost=spare)


def rate(facts: Facts) -> Lines:
    """docs/checks/rate.md: counts over the window's length, then Prometheus's own `rate()`."""
    both = _both_sides(facts)
    whole = pd.DataFrame([{"view": "", "method": "", "client": both["client"].sum(), "metric": both["metric"].sum()}])
    views = both.groupby(["view", "method"])[["client", "metric"]].sum().reset_index()
    for row in pd.concat([whole, views]).itertuples():
        lost = facts.lost_of(row.view, row.method) if row.view or row.method else facts.lost
        labels = named(view=row.view, method=row.method)
        counts = facts.equal(
            f"{row.view} {row.method}" if labels else "all views",
            row.client,
            row.metric,
            labels,
            lost=lost,
            own_views=True,
        )
        band = None if counts.band is None else (0, lost / facts.length)
        yield Line(counts.subject, labels, counts.status, row.client / facts.length, row.metric / facts.length, band)
    yield from _panel(facts)


def _panel(facts: Facts) -> Lines:
    raw = f"{facts.select(names.RESPONSES)}[{facts.ms(facts.length)}]"
    try:
        shown = facts.values_of(f"sum by (view, method) (rate({raw}))", "view", "method")
        per_series = rates(facts, names.RESPONSES)
    except Unknown:
        yield unknown("panel")
        return
    for label in ("view", "method"):
        per_series = with_column(per_series, label)
    due = {key: float(value) for key, value in per_series.groupby(["view", "method"])["rate"].sum().items()}
    for key in sorted({*shown, *due}):
        is_same = key in shown and key in due and math.isclose(shown[key], due[key], rel_tol=1e-9, abs_tol=1e-12)
        spare = 1e-9 * abs(due.get(key, 0.0))
        labels, name = named(view=key[0], method=key[1]), " ".join(key) if any(key) else "all views"
        yield Line(f"{name} panel", labels, settled(is_same), due.get(key), shown.get(key), (spare, spare))


def rates(facts: Facts, metric: str) -> Frame:
    """`rate()` over the window of each series with at least two samples in it, as docs/checks/rate.md describes it.

    Raises Unknown without samples, and for a version of Prometheus that is not known.
    """
    probed = facts.run.get("evaluates_as")
    version = (facts.run.get("prometheus_version", "") if probed is None else probed).removeprefix("v").split(".")
    if len(version) < 2 or not (version[0].isdigit() and version[1].isdigit()):
        raise Unknown("the version decides what rate() is")
    number = int(version[0]), int(version[1])
    points = facts.raw(metric)
    at = (points["time"] * 1000).round()
    end, start = round(facts.t1 * 1000), round(facts.t1 * 1000) - round(facts.length * 1000)
    points = points.assign(at=at, fall=points["value"])[
        (at <= end) & ((at > start) | ((at == start) & (number < (3, 0))))
    ]
    before = points.groupby("series")["value"].shift()
    points = points.assign(back=before.where(points["value"] < before, 0.0))
    of = points.groupby("series")
    first, last, n = of["value"].first(), of["value"].last(), of.size()
    grown = last - first + of["back"].sum()
    sampled = (of["at"].last() - of["at"].first()) / 1000
    step, lead, trail = sampled / (n - 1), (of["at"].first() - start) / 1000, (end - of["at"].last()) / 1000
    zero = (sampled * (first / grown)).where((grown > 0) & (first >= 0), math.inf)
    far = 1.1 * step
    if number >= (2, 51):
        lead = lead.where(lead < far, step / 2)
        lead = lead.where(lead < zero, zero)
    else:
        lead = lead.where(lead < zero, zero)
        lead = lead.where(lead < far, step / 2)
    trail = trail.where(trail < far, step / 2)
    rate_ = grown * ((sampled + lead + trail) / sampled) / round(facts.length, 3)
    labels = [name for name in points if name not in ("series", "time", "value", "at", "fall", "back")]
    return pd.DataFrame({"rate": rate_[n >= 2]}).join(of[labels].first())


def error_ratio(facts: Facts) -> Lines:
    """docs/checks/error-ratio.md: 0 <= E - e <= M - n <= L."""
    both = _both_sides(facts)
    whole = both.assign(view="", method="")
    for digit in "54":
        for (view, method), rows in pd.concat([whole, both]).groupby(["view", "method"]):
            errors = rows[rows["status"].str.startswith(digit)]
            e, n = errors["client"].sum(), rows["client"].sum()
            seen_e, seen_n = errors["metric"].sum(), rows["metric"].sum()
            if not (e or seen_e or not (view or method)):
                continue
            lost = facts.lost_of(view, method) if view or method else facts.lost
            fine = 0 <= seen_e - e <= seen_n - n and (facts.foreign or seen_n - n <= lost)
            due, seen = (e / n if n else None), (seen_e / seen_n if seen_n else None)
            band = None if facts.foreign or due is None else (due - e / (n + lost), (e + lost) / (n + lost) - due)
            name = f"{view} {method}" if view or method else "all views"
            labels = named(view=view, method=method, status=f"{digit}xx")
            yield Line(f"{name} {digit}xx", labels, settled(fine), due, seen, band)


def exceptions(facts: Facts) -> Lines:
    """docs/checks/exceptions.md."""
    by_view, by_type = facts.by(names.RAISED_BY_VIEW, "view"), facts.by(names.RAISED_BY_TYPE, "type")
    if not facts.witnessed:
        return
    by_view = by_view[(by_view != 0) & ~by_view.index.isin(facts.background)]
    raised = facts.answered[facts.answered["exception"].notna()]
    open_above = facts.unwitnessed(once=True)
    sides = (("view", raised["view"], by_view), ("type", raised["exception"], by_type[by_type != 0]))
    for label, witnessed, seen in sides:
        due = witnessed.value_counts()
        for subject in sorted({*due.index, *seen.index}):
            pair = float(due.get(subject, 0)), float(seen.get(subject, 0.0))
            yield facts.equal(subject, *pair, {label: subject}, lost=facts.lost, open_above=open_above)
    yield facts.equal("in all", len(raised), float(by_view.sum()), {}, lost=facts.lost, open_above=open_above)
