"""Do the cache's gets, hits and misses agree with what the views got?

Read in django_prometheus/cache/backends 2.5.0. Only `get` counts: `get_or_set` calls it once for what is there and
twice for what is not, and `get_many` calls it for each key on the local-memory and file backends, and not at all on the
others. A stored None counts as a miss.
"""

from collections import Counter
from collections.abc import Mapping

from harness.checks import witness_counts
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, unanswered
from harness.checks.comparison import Count, equal
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.instrumentation.roles import Cache
from harness.promql.own_series import UP

ID = "cache"
OVER = "the metric counts lookups that no request witnessed, or counts a lookup under the wrong outcome"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw gets, hits, misses and failures."""
    cache = registry.of(run).cache
    metrics = (*_names(cache), UP) if cache else ()
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def _names(cache: Cache) -> dict[str, str]:
    """How each counter is called in verdicts."""
    return {cache.gets: "gets", cache.hits: "hits", cache.misses: "misses", cache.fails: "failures"}


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per backend: gets, hits, misses, failures; and what the hit ratio leaves out."""
    return () if facts.names.cache is None else _judge(facts, facts.names.cache)


def _judge(facts: Facts, cache: Cache) -> tuple[Verdict | Finding, ...]:
    names = _names(cache)
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, names)
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    label = facts.names.labels.backend
    observed = {metric: prometheus_evidence.by(items, label) for metric, items in deltas.items()}
    counted = witness_counts.counts(facts, "cache")
    gets = round(sum(observed[cache.gets].values()))
    if not counted:
        return (witness_counts.unproved(ID, "gets", f"the metric counts {gets:,} lookups of caches"),) if gets else ()
    seen = {group[0] for values in observed.values() for group, value in values.items() if value}
    verdicts = [
        equal(
            Count(
                ID,
                f"{backend} {names[metric]}",
                number,
                observed[metric].get((backend,), 0.0),
                "lookups",
                facts.names.advice.plain_cache,
                OVER,
                expected_by="the witness",
                labels={"backend": backend, "counter": names[metric]},
            ),
            facts,
            unseen=witness_counts.unseen(facts) or (_unwitnessed(cache, backend, counted.get(backend, Counter()))),
        )
        for backend in sorted({*counted, *seen})
        for metric, number in expected(cache, backend, counted.get(backend, Counter())).items()
        if number or observed[metric].get((backend,))
    ]
    return (*verdicts, *_findings(facts, cache, counted))


def expected(cache: Cache, backend: str, keys: Counter[str]) -> dict[str, int]:
    """What the library counts for the operations that the witness reported."""
    each = backend in cache.gets_each_of_many
    found, asked = (keys["many_found"], keys["many_keys"]) if each else (0, 0)
    hits = keys["hit"] + keys["falsy"] + keys["or_set_hit"] + keys["or_set_miss"] + found
    misses = keys["miss"] + keys["none"] + keys["or_set_miss"] + asked - found
    failures = keys["fail"] if backend in cache.counts_failures else 0
    return {
        cache.gets: max(keys["get"], hits + misses + keys["fail"]),
        cache.hits: hits,
        cache.misses: misses,
        cache.fails: failures,
    }


def _unwitnessed(cache: Cache, backend: str, keys: Counter[str]) -> str:
    """Why there may be more than was witnessed: a middleware that reads a cache does so in scrapes too."""
    more = keys["get"] - expected(cache, backend, Counter({**keys, "get": 0}))[cache.gets]
    return f"{more:,} reads outside the views, which may be in scrapes too" if more > 0 else ""


def _findings(facts: Facts, cache: Cache, counted: Mapping[str, Counter[str]]) -> list[Finding]:
    findings = []
    for backend, keys in sorted(counted.items()):
        counts, labels = expected(cache, backend, keys), {"backend": backend}
        if keys["many"] and backend not in cache.gets_each_of_many:
            shown = _ratio(counts[cache.hits], counts[cache.gets])
            true = _ratio(counts[cache.hits] + keys["many_found"], counts[cache.gets] + keys["many_keys"])
            text = (
                f"{keys['many']:,} calls of get_many looked for {keys['many_keys']:,} keys and found "
                f"{keys['many_found']:,}; this backend counts none of them: the metric's hit ratio is {shown}, the "
                f"true one {true} (in {witness_counts.views_with(facts, 'cache', 'many')})"
            )
            findings.append(Finding(FindingCode.GET_MANY_UNCOUNTED, backend, text, ID, labels))
        if keys["falsy_lost"]:
            text = (
                f"{keys['falsy_lost']:,} stored values such as 0 or '' were counted as hits, but the caller got the "
                f"default (a defect of this backend of {facts.names.advice.library}; in "
                f"{witness_counts.views_with(facts, 'cache', 'falsy_lost')})"
            )
            findings.append(Finding(FindingCode.DEFAULT_FOR_FALSY, backend, text, ID, labels))
        if keys["none"]:
            text = f"{keys['none']:,} lookups found a stored None and are counted as misses"
            findings.append(Finding(FindingCode.NONE_AS_MISS, backend, text, ID, labels))
    return findings


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "unknown"


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.SAMPLES_UNUSABLE},
    optional=True,
    unseen=(
        Unseen(
            "uncounted-reads",
            "has_key, touch and incr, get_many of Redis and Memcached, and caches for which the library has no backend",
            "the library counts only get, in its own backends",
        ),
        Unseen(
            "hits-of-others",
            "Whether reads by anything other than a view were hits, and which of two aliases of one backend was read",
            "only views report what they had stored, and the aliases share their series",
        ),
    ),
)
