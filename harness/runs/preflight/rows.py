"""What the facts mean for a run: a row each, with the remedy of each obstacle, and what can be proved."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from harness.evidence.metrics_view import Basis
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.diagnosis import Diagnosis, Health, fault, ok, unknown
from harness.runs.preflight.facts import REPLICA_LABELS, Facts, Matched

CHANGING = ("created-timestamp-zero-ingestion", "st-synthesis", "use-start-timestamps", "otlp-native-delta")
"""Feature flags by which samples are others than those that the target exported."""
LATE_S = 10.0
"""A sample that is found so late makes each wait of a run longer."""
SKEW_S = 5.0
LABELS = "metric-labels"
REBASED = "rebased-counters"
BLOCKING = frozenset({LABELS, REBASED})
"""Obstacles with which nothing can be judged."""
REBASING = frozenset({"monitoring.googleapis.com"})
"""Hosts whose servers leave out a counter's first sample and store the others less it: GoogleCloudPlatform/prometheus,
google/export/series_cache.go, `getResetAdjusted`."""
MOST_NAMED = 6


def rows(facts: Facts, names: Instrumentation) -> tuple[Diagnosis, ...]:
    """One row each; the facts that are missing behind an obstacle have none."""
    if facts.problem:
        return (fault("prometheus", facts.problem), *_target(facts))
    found = [_server(facts), *_rebased(facts), *_clock(facts), _selector(facts, names)]
    if facts.counting:
        for judge in (_duplicates, _namespace, _view, _scrape, _buckets, _samples, _freshness, _scrapers, _others):
            found += judge(facts)
    found += _target(facts)
    found.append(_proof(facts, found))
    return tuple(found)


def _server(facts: Facts) -> Diagnosis:
    kind = facts.application or "Prometheus's API"
    text = f"{facts.prometheus} answers: {kind}, version {facts.version or 'not reported'}"
    match facts.evaluates_as:
        case None:
            return ok("prometheus", text)
        case "":
            return ok(
                "prometheus", f"{text}; it evaluates as no Prometheus: samples are judged, not what panels make of them"
            )
        case release:
            return ok("prometheus", f"{text}; it evaluates as Prometheus {release}")


def _rebased(facts: Facts) -> Iterator[Diagnosis]:
    if urlsplit(facts.prometheus).hostname in REBASING:
        yield fault(
            REBASED,
            f"{facts.prometheus} leaves out the first sample of each counter and stores the others less it: what was "
            "counted before is gone, so that no count can be proved; scrape the app with a Prometheus beside it, and "
            "name that one",
        )


def _clock(facts: Facts) -> Iterator[Diagnosis]:
    if facts.skew_s is None:
        return
    text = f"this machine's clock is {abs(facts.skew_s):.2f} s {'ahead of' if facts.skew_s > 0 else 'behind'} its clock"
    if abs(facts.skew_s) > SKEW_S:
        remedy = "set both by NTP, or allow it with --set budget.max_clock_skew_s=TIME"
        yield fault("clock", f"{text}, more than a run accepts; {remedy}")
    else:
        yield ok("clock", text)


def _selector(facts: Facts, names: Instrumentation) -> Diagnosis:
    chosen = f"{{{facts.selector}}}"
    if not facts.matched:
        where = " and ".join(facts.exporters)
        remedy = (
            f"these jobs export the metrics: {where}; name one, e.g. --selector '{facts.exporters[0]}'"
            if facts.exporters
            else "no job exports them either; add the scrape job, or name another Prometheus"
        )
        return fault(
            "selector",
            f"{chosen} matches no target (labels that metric_relabel_configs set are not on `up`); {remedy}",
        )
    if facts.several_namespaces:
        return fault("selector", facts.several_namespaces)
    down = [each for each in facts.matched if not each.up]
    if down and not facts.counting:
        reason = next((f": {each.error}" for each in down if each.error), "")
        return fault(
            "selector", f"{chosen} matches {_listed(down)}, which cannot be scraped (up is 0){reason}; mend that"
        )
    if not facts.counting:
        return fault(
            "selector", f"{chosen} matches {_listed(facts.matched)}, without {names.arrived}; {names.advice.unscraped}"
        )
    text = f"{chosen} matches {_listed(facts.counting)}"
    apps = sorted({each.labels.get("job", "") for each in facts.counting})
    if len(apps) > 1:
        return unknown(
            "selector", f'{text}, of the jobs {", ".join(apps)}: are these one app? If not, add job="{apps[0]}"'
        )
    if others := [each for each in facts.matched if not each.exports]:
        text += f"; {_listed(others)} export no metrics of {names.advice.library} and are left out"
    if down:
        text += f"; not up: {_listed(down)}"
    return ok("selector", text)


def _duplicates(facts: Facts) -> Iterator[Diagnosis]:
    """Targets that differ in a label of replicas alone are one, stored twice."""
    known: dict[tuple[tuple[str, str], ...], list[Matched]] = {}
    for each in facts.counting:
        rest = tuple(sorted((name, value) for name, value in each.labels.items() if name not in REPLICA_LABELS))
        known.setdefault(rest, []).append(each)
    twice = [copies for copies in known.values() if len(copies) > 1]
    if not twice:
        return
    label = next(name for name in REPLICA_LABELS if len({each.labels.get(name) for each in twice[0]}) > 1)
    value = twice[0][0].labels.get(label, "")
    yield fault(
        "duplicates",
        f"{twice[0][0].name} is there {len(twice[0])} times, told apart by {label}: each count would be taken so many "
        f'times; add {label}="{value}" to the selector',
    )


def _namespace(facts: Facts) -> Iterator[Diagnosis]:
    if facts.namespace is None:
        return
    prefix = f"begin with {facts.namespace}_" if facts.namespace else "have their own names"
    extra = f"; extra labels, summed over: {', '.join(facts.extra_labels)}" if facts.extra_labels else ""
    yield ok("metric-names", f"the metrics {prefix}{extra}")


def _view(facts: Facts) -> Iterator[Diagnosis]:
    found, given = facts.metrics_view, facts.given_view
    if facts.without_label:
        yield fault(
            LABELS,
            f"{facts.without_label}: metric_relabel_configs rename or drop it, so that no view can be checked; keep it "
            "for this job",
        )
        return
    if given:
        seen = f"; {found.view!r} is what grows with the scrapes" if found.view and found.view != given else ""
        yield (unknown if seen else ok)("metrics-view", f"{given!r}, as the profile says{seen}")
        return
    several = ", ".join(repr(view) for view in found.candidates)
    match found.basis:
        case Basis.USUAL | Basis.GROWTH:
            yield ok("metrics-view", f"{found.view!r} grows with each scrape, so it serves them")
        case Basis.NAME | Basis.EVEN:
            yield ok("metrics-view", f"{found.view!r} serves the scrapes, of {several}, which all grow with each")
        case Basis.SEVERAL:
            yield unknown(
                "metrics-view", f"{several} all grow with each scrape; name the right one: --metrics-view NAME"
            )
        case Basis.NONE:
            yield unknown(
                "metrics-view",
                "no view grows with the scrapes: the metrics are served past the middlewares, e.g. on a port of their "
                "own; if not, name it: --metrics-view NAME",
            )
        case Basis.TOO_FEW:
            yield unknown("metrics-view", "too few scrapes yet to see which view serves them; look again in a minute")
    if found.redirected:
        yield fault(
            "metrics-redirect",
            "each scrape comes with a request that no route matched: metrics_path leads to another path, so that each "
            "scrape is two requests; let the job scrape the last one, e.g. with its / at the end",
        )


def _scrape(facts: Facts) -> Iterator[Diagnosis]:
    every = f"every {facts.interval_s:g} s" if facts.interval_s else "at times that are not known yet"
    if facts.jobs is None:
        yield unknown("scrape", f"scraped {every}; the server does not report how its jobs are configured")
        return
    parts = []
    for job in facts.jobs:
        told = [f"job {job.name}: scrape_timeout {job.timeout or 'not set'}"]
        told += ["honor_labels"] if job.honor_labels else []
        told += [] if job.honor_timestamps else ["honor_timestamps off"]
        told += [f"{job.relabelled} metric_relabel_configs"] if job.relabelled else []
        told += [f"sample_limit {job.sample_limit}"] if job.sample_limit else []
        parts.append(", ".join(told))
    yield ok("scrape", "; ".join([f"scraped {every}", *parts]))
    for job in facts.jobs if not facts.unbucketed else ():
        if job.unclassic:
            text = "convert_classic_histograms_to_nhcb takes the buckets away; latencies cannot be checked: turn it off"
            yield fault("histograms", f"job {job.name}: {text}")


def _buckets(facts: Facts) -> Iterator[Diagnosis]:
    if facts.unbucketed:
        yield fault(
            "histograms",
            f"{facts.unbucketed}_bucket has no series: the job drops it, or stores native histograms alone; keep it, "
            "or set always_scrape_classic_histograms",
        )


def _samples(facts: Facts) -> Iterator[Diagnosis]:
    if facts.features is not None:
        if changing := [name for name in CHANGING if name in facts.features]:
            yield fault(
                "feature-flags",
                f"--enable-feature={','.join(changing)} stores other samples than the target exports; exact counts "
                "need it off",
            )
        elif facts.features:
            yield ok("feature-flags", f"{', '.join(facts.features)}; none changes samples")
    if facts.dropped:
        yield unknown(
            "dropped",
            f"metric_relabel_configs drop {_some(facts.dropped)}; what needs them is not checked, all else is",
        )
    elif facts.samples_dropped:
        yield ok(
            "dropped", f"{facts.samples_dropped} samples of each round of scrapes are dropped, none that is needed"
        )


def _freshness(facts: Facts) -> Iterator[Diagnosis]:
    if facts.lag_s is None:
        text = (
            f"no new sample came within {facts.waited_s:.0f} s: scraping has stopped, or samples come later than that"
        )
        yield fault("freshness", f"{text}; see the targets page, or the queue of remote write")
    elif facts.lag_s > LATE_S:
        text = f"a sample is found {facts.lag_s:.0f} s after its scrape"
        yield ok("freshness", f"{text}: a run waits so much longer at each end")
    else:
        yield ok("freshness", f"a sample is found {facts.lag_s:.1f} s after its scrape")


def _scrapers(facts: Facts) -> Iterator[Diagnosis]:
    others = round(facts.metrics_view.by_others)
    if others > 0:
        who = "another Prometheus, as of a pair," if others == 1 else f"{others} more"
        yield ok("other-scrapers", f"{who} asks for the metrics too; counted by their view and taken off")


def _others(facts: Facts) -> Iterator[Diagnosis]:
    if not facts.others:
        return
    views = sorted(facts.others, key=lambda view: -facts.others[view])
    seen = ", ".join(f"{view} {facts.others[view]:.0f}" for view in views[:MOST_NAMED])
    listed = ", ".join(f'"{view}"' for view in views[:MOST_NAMED])
    yield unknown(
        "other-requests",
        f"others sent requests in {facts.watched_s:g} s, between two scrapes: {seen}; probes are declared with --set "
        f"'background=[{listed}]', and for users --foreign-traffic makes counts lower bounds",
    )


def _target(facts: Facts) -> Iterator[Diagnosis]:
    found = facts.reached
    if found is None:
        return
    if found.problem:
        yield (unknown if found.status == 401 else fault)("target", found.problem)
    else:
        yield ok("target", f"{facts.target} answers, {found.status} at /")
    if not found.problem:
        without = (
            "no witness answered: its token is missing (witness_token_env), or the app has none (witness/README.md)"
        )
        yield ok("witness", "the witness answers" if found.witness else without)


def _proof(facts: Facts, found: Iterable[Diagnosis]) -> Diagnosis:
    bad = [each for each in found if each.status is Health.FAULT]
    if bad:
        return fault("proof", f"little can be proved before this is mended: {', '.join(each.id for each in bad)}")
    counts = "counts as lower bounds while others send requests" if facts.others else "counts exactly"
    latency = (
        "latencies from both sides, SQL, cache and models request by request"
        if facts.reached and facts.reached.witness and not facts.headless
        else "latencies from one side (from both with a witness or a calibration)"
    )
    if facts.headless:
        latency = f"latencies from one side, for results in {facts.headless} have no headers, so no witness"
    return ok("proof", f"{counts}; {latency}")


def _listed(matched: Iterable[Matched]) -> str:
    each = tuple(matched)
    return f"{len(each)} target{'s' if len(each) != 1 else ''} ({_some([one.name for one in each])})"


def _some(texts: Iterable[str]) -> str:
    each = list(texts)
    more = f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
    return ", ".join(each[:MOST_NAMED]) + more
