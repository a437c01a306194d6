"""Reports to render: one that passes, one that fails, one that could not be judged, an empty one and a hostile one."""

from dataclasses import replace
from statistics import NormalDist

from harness.core.codes import Code, FindingCode
from harness.core.report import (
    REPORT_SCHEMA,
    Distribution,
    Figures,
    Limitation,
    NotProved,
    RatePoint,
    Report,
    ViewReport,
)
from harness.core.verdict import Cause, Finding, Status, Strength, Tolerance, Verdict

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
VIEWS = (
    ("work:fast", "GET", 6400, 0.0009, 0.35, 0.0),
    ("work:slow", "GET", 2400, 0.022, 0.25, 0.0),
    ("work:database", "GET", 2100, 0.006, 0.5, 0.0),
    ("work:cache", "POST", 1900, 0.0016, 0.4, 0.0),
    ("work:failing", "GET", 1320, 0.0011, 0.3, 0.125),
    ("<unnamed view>", "GET", 40, 0.0007, 0.3, 0.0),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "a|b\\|c",
    "\"double\" 'single' &amp; &",
    "]]> <!-- --> <![CDATA[",
    "\x1b[31mred\x1b[0m \x1b]8;;http://example.org\x07link\x9b2J\x00",
    "one\ntwo\r\nthree\tfour\u2028five",
    "\u05e9\u05dc\u05d5\u05dd \u202eevil\u202c \u0645\u0631\u062d\u0628\u0627",
    "long" * 1250,
    "[bold red]markup[/] [/nope] [link=http://example.org]x[/link] :smile:",
    "`tick` ``two`` *star* _under_ ~~gone~~ $x$ @someone #1 ![i](http://example.org/i.png) <b>",
    "lone \ud800 surrogate \ufffe\uffff",
    "{{ 7 * 7 }} {% raw %} javascript:alert(1) onload=alert(1)",
)


def curve(median_s: float, sigma: float, shift_s: float = 0.0) -> Distribution:
    shares = [i / 120 for i in range(1, 120)] + [0.995, 0.998, 0.999, 0.9995, 1.0]
    law = NormalDist(0, sigma)
    return Distribution(
        tuple(median_s * 2.718281828 ** law.inv_cdf(min(share, 0.99995)) + shift_s for share in shares), tuple(shares)
    )


def at_bounds(witness: Distribution) -> Distribution:
    pairs = list(zip(witness.latency_s, witness.shares, strict=True))
    return Distribution(BOUNDS, tuple(max((s for v, s in pairs if v <= bound), default=0.0) for bound in BOUNDS))


def at(distribution: Distribution, share: float) -> float:
    return next(v for v, s in zip(distribution.latency_s, distribution.shares, strict=True) if s >= share)


def figures(
    n: int, errors: float | None, source: Distribution | None, factor: float = 1.0, rate: float | None = None
) -> Figures:
    p50, p95, p99 = (at(source, q) * factor if source else None for q in (0.5, 0.95, 0.99))
    return Figures(n, n / 61.0 if rate is None else rate, errors, p50, p95, p99)


def view(name: str, method: str, n: int, median_s: float, sigma: float, errors: float) -> ViewReport:
    witness = curve(median_s, sigma)
    client = curve(median_s * 1.1, sigma * 1.2, 0.0011)
    quantiles = figures(n, None, witness)
    return ViewReport(
        view=name,
        method=method,
        client=figures(n, errors, client),
        witness=replace(quantiles, rate=None),
        metric=figures(n, errors, witness, 1.031),
        panel=replace(figures(n, None, witness, 1.042, n / 61.0 * 1.0169), requests=None),
        client_distribution=client,
        witness_distribution=witness,
        metric_distribution=at_bounds(witness),
    )


def passed(check: str, subject: str, value: float, unit: str, basis: str = "exact") -> Verdict:
    return Verdict(
        check,
        subject,
        Status.PASS,
        f"both sides say {value:,.10g} {unit}",
        value,
        value,
        Tolerance(0, 0, basis),
        unit,
        code=Code.AGREES,
    )


def passing() -> Report:
    views = tuple(view(*row) for row in VIEWS)
    total = sum(row[2] for row in VIEWS)
    counts = tuple(passed("request-counts", f"{row[0]} {row[1]} 200", row[2], "responses") for row in VIEWS)
    buckets = tuple(
        Verdict(
            "latency-buckets",
            f"{row[0]} {row[1]}",
            Status.PASS,
            "all 15 bounds hold; nearest: at 0.025 s the histogram holds 1,310; at least 1,308 were so",
            1308,
            1310,
            Tolerance(0, 8, "gap of the two witnesses, alpha 1e-3"),
            "observations",
            Strength.WITNESS,
            code=Code.AGREES,
        )
        for row in VIEWS
    )
    verdicts = (
        passed("generator-health", "load", 40, "users"),
        Verdict(
            "generator-health",
            "saturation",
            Status.PASS,
            "the busiest core was 41 % busy",
            0.9,
            0.41,
            None,
            "ratio",
            code=Code.AGREES,
        ),
        passed("scrape-health", "", 62, "scrapes"),
        passed("quiescence", "before", 0, "requests"),
        passed("request-conservation", "", total + 62, "requests", "0 beyond the scrapes"),
        passed("response-conservation", "", total + 62, "responses"),
        passed("latency-conservation", "work:fast", 6400, "observations"),
        *counts,
        passed("rate", "window", total / 61.0, "requests/s"),
        passed("error-ratio", "5xx", 165 / total, "ratio", "exact, as counts"),
        *buckets,
        Verdict(
            "percentiles",
            "work:slow GET p95",
            Status.PASS,
            "within the bounds",
            0.0331,
            0.0329,
            Tolerance(0.0004, 0, "bounds on the counts"),
            "s",
            Strength.WITNESS,
            code=Code.AGREES,
        ),
        Verdict(
            "timer-span",
            "work:slow GET",
            Status.PASS,
            "the gap is explained",
            0.000118,
            0.000121,
            Tolerance(0.000118, 0.00009, "standard error of the gap, alpha 1e-3 over all views"),
            "s",
            Strength.WITNESS,
            code=Code.AGREES,
        ),
        Verdict(
            "resolution",
            "p95",
            Status.PASS,
            "12.5 ms wide",
            0,
            0.0125,
            Tolerance(0, 0.0125, "the profile's budget"),
            "s",
            code=Code.AGREES,
        ),
        Verdict("blind-spot", "p95", Status.PASS, "only reported", None, 0.0081, None, "s", code=Code.AGREES),
        Verdict(
            "thresholds",
            "p95 < 250ms",
            Status.PASS,
            "p95 < 250ms: measured 0.0331 s, within the limit",
            0.25,
            0.0331,
            None,
            "s",
            code=Code.AGREES,
        ),
    )
    everything = replace(view("", "", total, 0.002, 0.9, 165 / total))
    points = tuple(
        RatePoint(
            float(t),
            232 * min(t / 8, 1) * (1 + 0.05 * ((t * 7) % 11 - 5) / 5),
            None if t < 3 or 30 <= t < 34 or t == 36 else 232 * min(t / 8, 1) * (1 + 0.05 * ((t * 7 - 7) % 11 - 5) / 5),
        )
        for t in range(62)
    )
    findings = (
        Finding(
            FindingCode.DOUBLE_OBSERVATION,
            "work:failing GET",
            "165 requests that raised were observed twice; count and sum are too high by these.",
            "latency-conservation",
        ),
        Finding(
            FindingCode.COARSE_BUCKETS,
            "work:slow GET",
            "The bucket that holds p95 is 25 ms wide; bounds at 20, 30 and 40 ms would do.",
            "resolution",
        ),
    )
    return Report(
        schema_version=REPORT_SCHEMA,
        run_id="20260131-120000-default",
        status=Status.PASS,
        exit_code=0,
        profile="default",
        scenario="scenarios/mixed.py",
        fault="",
        started_s=1769860800.0,
        window_s=61.0,
        target="http://127.0.0.1:41873",
        prometheus="http://127.0.0.1:39121",
        prometheus_version="2.42.0",
        versions={"python": "3.11.7", "django": "5.2.19", "django-prometheus": "2.5.0", "locust": "2.47.0"},
        machine={"cpu": "Intel Xeon, 2 cores", "memory": "8 GiB", "system": "Linux 6.1"},
        samples=total,
        users=40,
        verdicts=verdicts,
        findings=findings,
        views=(everything, *views),
        rate=points,
        scrape_interval_s=1.0,
    )


def left_open(
    limitation: Limitation, name: str, checks: tuple[str, ...], number: int | None, total: int | None, *, unit: str
) -> NotProved:
    what, why = f"what {name} hides", f"the reason of {name}"
    return NotProved(name, limitation, what, why, checks, number, total, unit)


def partly() -> Report:
    """It passes, and leaves open something of every kind."""
    base = passing()
    one_sided = tuple(
        replace(verdict, strength=Strength.ONE_SIDED) if verdict.check == "latency-buckets" else verdict
        for verdict in base.verdicts
    )
    entries = (
        left_open(Limitation.BOUND, "few", ("latency-buckets",), 4, 26, unit="verdicts"),
        left_open(Limitation.BOUND, "foreign", ("latency-buckets",), 2, 26, unit="verdicts"),
        left_open(Limitation.PANEL, "empty", ("dashboards",), 30, 80, unit="panels"),
        left_open(Limitation.PANEL, "odd", ("dashboards",), 1, 80, unit="panels"),
        left_open(Limitation.PANEL, "alarms", ("alerts",), 1, 12, unit="alerts"),
        left_open(Limitation.UNJUDGED, "silent", ("cache", "migrations"), 2, 28, unit="checks"),
        left_open(Limitation.UNJUDGED, "dropped", ("percentiles",), 1, None, unit="checks"),
        left_open(Limitation.ACCOUNT, "lost", ("request-counts",), 3, 14163, unit="requests"),
        left_open(Limitation.UNKNOWN, "later", ("rate",), 1, None, unit="moons"),
        left_open(Limitation.LAW, "never", (), None, None, unit=""),
        left_open(Limitation.LAW, "nowhere", ("rate",), None, None, unit=""),
    )
    return replace(base, verdicts=one_sided, not_proved=entries)


def failing() -> Report:
    base = passing()
    short = Verdict(
        "request-counts",
        "work:fast GET 200",
        Status.FAIL,
        "the metric is 1 short: the client counts 6,400 responses, the metric 6,399; these "
        "requests are counted under another view, method "
        "or status (a middleware changes the response after PrometheusAfterMiddleware), or observations are dropped",
        6400,
        6399,
        Tolerance(0, 0, "exact"),
        "responses",
        code=Code.SHORT,
    )
    span = Verdict(
        "timer-span",
        "work:slow GET",
        Status.FAIL,
        "the metric is 338.2 us per request below the witness (mean of 2,400, mean latency 22 ms); one "
        "layer of middleware costs 118.0 us "
        "here, at most 207.3 us is explained: the timer misses 1.0% of this view's time (it starts late)",
        0.000118,
        0.0003382,
        Tolerance(0.000118, 0.0000893, "standard error of the gap, alpha 1e-3 over all views"),
        "s",
        Strength.WITNESS,
        code=Code.SHORT,
    )
    panel = Verdict(
        "rate",
        "panel",
        Status.FAIL,
        "the panel shows another rate than rate() on the same samples gives",
        232.131147541,
        232.131147999,
        Tolerance(2.3e-7, 2.3e-7, "reference rate() on the same samples"),
        "requests/s",
        code=Code.SHORT,
    )
    unknown = Verdict(
        "blind-spot",
        "p95",
        Status.INCONCLUSIVE,
        "the generator was saturated: its busiest process used 97 % of a core",
        unit="s",
        strength=Strength.ONE_SIDED,
        code=Code.NO_ANSWER,
    )
    kept = [
        v
        for v in base.verdicts
        if v.check != "blind-spot"
        and (v.check, v.subject) not in {(short.check, short.subject), (span.check, span.subject)}
    ]
    return replace(
        base,
        run_id="20260131-121500-dropped-request",
        status=Status.FAIL,
        exit_code=1,
        fault="dropped-request",
        verdicts=(*kept, short, span, panel, unknown),
    )


def named() -> Report:
    """`failing` with a cause, and the verdict that names it."""
    base = failing()
    place = next(place for place, each in enumerate(base.verdicts) if each.status is Status.FAIL)
    return replace(base, causes=(Cause("dropped-responses", "responses are dropped: keep them", (place, 9999)),))


def many_findings() -> Report:
    """`passing` with forty panels that showed nothing, for one reason."""
    base, text = passing(), "nothing of this kind happened"
    empty_ = tuple(
        Finding(FindingCode.EMPTY_PANEL, f"board / panel {index}", text, "dashboards") for index in range(40)
    )
    return replace(base, findings=(*empty_, *base.findings))


def coarse() -> Report:
    """`passing` with one view whose percentiles are shown as the middle of a wide bucket."""
    base = passing()
    fast = base.views[1]
    shown = replace(fast.panel, p50_s=0.0025, p95_s=0.00475)
    wide = Distribution((0.005, 0.05, 0.5), (1.0, 1.0, 1.0))
    return replace(
        base,
        views=(base.views[0], replace(fast, panel=shown, metric=shown, metric_distribution=wide), *base.views[2:]),
        buckets_setting="PROMETHEUS_LATENCY_BUCKETS",
    )


def inconclusive() -> Report:
    base = passing()
    shard = Verdict(
        "generator-health",
        "samples-1.arrow",
        Status.INCONCLUSIVE,
        "the recorder never closed it",
        7000,
        6912,
        None,
        "samples",
        code=Code.NO_ANSWER,
    )
    reason = "the samples are unusable: samples-1.arrow: the recorder never closed it"
    rest = tuple(
        Verdict(check, "", Status.INCONCLUSIVE, reason, code=Code.NO_ANSWER)
        for check in ("request-counts", "rate", "error-ratio", "percentiles")
    )
    return replace(
        base,
        status=Status.INCONCLUSIVE,
        exit_code=3,
        verdicts=(shard, *base.verdicts[2:6], *rest),
        findings=(),
        rate=(),
    )


def empty() -> Report:
    """No verdict, no view, no figure, nothing known; the status claims a pass that nothing backs."""
    return replace(
        passing(), run_id="", profile="", scenario="", target="", prometheus="", prometheus_version="",
        versions={}, machine={}, samples=0, users=0, verdicts=(), findings=(), views=(), rate=(), window_s=0.0,
    )  # fmt: skip


def unknown() -> Report:
    """Views, points and verdicts are there, but every number in them is None."""
    nothing = ViewReport("work:fast", "GET", Figures(), Figures(), Figures(), Figures())
    verdict = Verdict("rate", "window", Status.INCONCLUSIVE, "no data", code=Code.NO_ANSWER)
    points = (RatePoint(0.0, None, None), RatePoint(1.0, None, None))
    return replace(
        passing(),
        status=Status.INCONCLUSIVE,
        exit_code=3,
        views=(nothing,),
        rate=points,
        verdicts=(verdict,),
        findings=(),
    )


def hostile() -> Report:
    """Every text that can come from outside is one of `HOSTILE`."""
    base = passing()
    statuses = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
    verdicts = tuple(
        Verdict(
            text if index % 2 else "request-counts",
            text,
            statuses[index % 3],
            text,
            1,
            2,
            Tolerance(0, 0, text),
            text,
            code=Code.UNKNOWN,
        )
        for index, text in enumerate(HOSTILE)
    )
    views = tuple(replace(base.views[1 + index % 6], view=text, method="GET") for index, text in enumerate(HOSTILE))
    text = " ".join(each for each in HOSTILE if len(each) < 200)
    return replace(
        base,
        status=Status.FAIL,
        exit_code=1,
        run_id=text,
        profile=text,
        scenario=text,
        fault=text,
        target=text,
        prometheus=text,
        prometheus_version=text,
        versions={text: text},
        machine={text: text},
        verdicts=verdicts,
        findings=tuple(Finding(FindingCode.UNKNOWN, each, each, each, {each: each}) for each in HOSTILE),
        views=views,
        not_proved=tuple(
            NotProved(each, limitation, each, each, (each,), 1, 2, each)
            for each in HOSTILE
            for limitation in Limitation
        ),
    )


REPORTS = {
    "passing": passing(),
    "partly": partly(),
    "failing": failing(),
    "named": named(),
    "coarse": coarse(),
    "many findings": many_findings(),
    "inconclusive": inconclusive(),
    "empty": empty(),
    "unknown": unknown(),
    "hostile": hostile(),
}
