"""The doctor's rules: one row per fault, each from a clean target with one thing changed."""

from dataclasses import replace

import pytest

from harness.cli.doctor import exit_code
from harness.core.errors import ExitCode
from harness.instrumentation.django_prometheus.doctor import (
    Backend,
    Diagnosis,
    Health,
    MetricsFacts,
    MetricsRoute,
    Scrape,
    SettingsFacts,
    diagnose_metrics,
    diagnose_settings,
)
from harness.instrumentation.django_prometheus.doctor.backends import CACHES, ENGINES
from harness.instrumentation.django_prometheus.doctor.settings import AFTER, BEFORE, METRICS_VIEW
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES_BY_STATUS
from harness.report.render.diagnoses import render

COMMON = "django.middleware.common.CommonMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
URL = "http://127.0.0.1:8000/metrics"

CLEAN = SettingsFacts(
    module="site.settings",
    middleware=(BEFORE, COMMON, AFTER),
    installed_apps=("django_prometheus",),
    databases={"default": Backend("django_prometheus.db.backends.postgresql", instrumented=True)},
    caches={"default": Backend("django_prometheus.cache.backends.redis.RedisCache", instrumented=True)},
    routes=(MetricsRoute("metrics", METRICS_VIEW),),
    multiprocess_dir="gunicorn.conf.py",
    workers=4,
    library="2.5.0",
)
NAMES = frozenset({REQUESTS, RESPONSES_BY_STATUS, "django_db_execute_total", "django_cache_get_total"})


def scrape(requests: float, *, names: frozenset[str] = NAMES, counters: float | None = None) -> Scrape:
    """A reading of a page in multiprocess mode."""
    total = requests if counters is None else counters
    return Scrape(200, "text/plain; version=0.0.4", names=names, requests=requests, counters=total)


def page(*requests: float, names: frozenset[str] = NAMES) -> MetricsFacts:
    """Readings with these values of the request counter."""
    return MetricsFacts(URL, tuple(scrape(value, names=names) for value in requests))


def of(health: Health, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
    """The ids with this health."""
    return [diagnosis.id for diagnosis in diagnoses if diagnosis.status is health]


def test_a_clean_settings_module_is_ok_throughout() -> None:
    """Every rule answers, and none complains."""
    assert {diagnosis.status for diagnosis in diagnose_settings(CLEAN)} == {Health.OK}


SETTINGS_FAULTS = [
    (
        "a release whose PostGIS has another alias",
        {
            "library": "2.4.1",
            "databases": {"geo": Backend("django_prometheus.db.backends.postgis", instrumented=True)},
        },
        "library",
        "install 2.5.0 or later",
    ),
    ("no Before: no request is counted", {"middleware": (COMMON, AFTER)}, "before-middleware", BEFORE),
    ("a middleware above Before", {"middleware": (SECURITY, BEFORE, AFTER)}, "before-middleware", SECURITY),
    ("Before twice", {"middleware": (BEFORE, BEFORE, AFTER)}, "before-middleware", "2 times"),
    ("no After: no status", {"middleware": (BEFORE, COMMON)}, "after-middleware", AFTER),
    ("a middleware below After", {"middleware": (BEFORE, AFTER, COMMON)}, "after-middleware", COMMON),
    ("After twice", {"middleware": (BEFORE, AFTER, COMMON, AFTER)}, "after-middleware", "2 times"),
    ("After above Before", {"middleware": (AFTER, COMMON, BEFORE)}, "middleware-order", "After above Before"),
    ("the app is not installed", {"installed_apps": ("django.contrib.auth",)}, "installed-app", "INSTALLED_APPS"),
    ("no URL serves the metrics", {"routes": ()}, "metrics-url", 'include("django_prometheus.urls")'),
    ("bounds are not sorted", {"latency_buckets": (0.1, 0.05)}, "latency-buckets", "ascending"),
    ("a bound is there twice", {"latency_buckets": (0.1, 0.1)}, "latency-buckets", "ascending"),
    ("no finite bound", {"latency_buckets": ()}, "latency-buckets", "finite"),
    (
        "several workers without the directory",
        {"multiprocess_dir": "", "workers": 3},
        "multiprocess-directory",
        "3 workers without PROMETHEUS_MULTIPROC_DIR",
    ),
    (
        "a middleware that does not exist",
        {"middleware": (BEFORE, "shop.Typo", AFTER), "unimportable": {"shop.Typo": "ImportError: no Typo"}},
        "imports",
        "ImportError: no Typo",
    ),
    *(
        (f"plain {engine}", {"databases": {"a": Backend(engine, instrumented=False)}}, "database-engine", counts)
        for engine, counts in ENGINES.items()
    ),
    *(
        (f"plain {path}", {"caches": {"a": Backend(path, instrumented=False)}}, "cache-backend", counts)
        for path, counts in CACHES.items()
    ),
]


@pytest.mark.parametrize(
    ("changed", "id", "says"), [row[1:] for row in SETTINGS_FAULTS], ids=[r[0] for r in SETTINGS_FAULTS]
)
def test_each_settings_fault_is_named_once_and_alone(changed: dict[str, object], id: str, says: str) -> None:
    """The fault has its id, its text names the cause or the line to write, and nothing else is blamed."""
    diagnoses = diagnose_settings(replace(CLEAN, **changed))  # type: ignore[arg-type] # a row holds any field
    assert of(Health.FAULT, diagnoses) == [id]
    assert says in next(diagnosis.text for diagnosis in diagnoses if diagnosis.status is Health.FAULT)


SETTINGS_UNKNOWNS = [
    ("an engine of somebody else", {"databases": {"a": Backend("acme.db", instrumented=False)}}, "database-engine"),
    ("a driver that is not here", {"databases": {"a": Backend("acme.db", instrumented=None)}}, "database-engine"),
    (
        "the database cache has no counterpart",
        {"caches": {"a": Backend("django.core.cache.backends.db.DatabaseCache", instrumented=False)}},
        "cache-backend",
    ),
    (
        "the dummy cache has no counterpart",
        {"caches": {"a": Backend("django.core.cache.backends.dummy.DummyCache", instrumented=False)}},
        "cache-backend",
    ),
    ("CACHES is not set", {"caches_set": False}, "cache-backend"),
    ("the view has no name", {"routes": (MetricsRoute("m", ""),)}, "metrics-url"),
    (
        "a view that may serve them",
        {"routes": (), "likely_routes": (MetricsRoute("internal/prom/", "prom"),)},
        "metrics-url",
    ),
    ("a package that is not here", {"unimportable": {"urls": "x"}, "uninstalled": {"urls": "acme"}}, "imports"),
    (
        "a file that reads the directory and sets it nowhere",
        {"multiprocess_dir": "", "workers": 4, "reads_multiprocess_dir": True},
        "multiprocess-directory",
    ),
    ("a port per process instead of a URL", {"routes": (), "export_port": "8001"}, "metrics-url"),
    ("bounds that look like milliseconds", {"latency_buckets": (5.0, 100.0)}, "latency-buckets"),
    ("the number of workers is not known", {"multiprocess_dir": "", "workers": None}, "multiprocess-directory"),
]


@pytest.mark.parametrize(
    ("changed", "id"), [row[1:] for row in SETTINGS_UNKNOWNS], ids=[row[0] for row in SETTINGS_UNKNOWNS]
)
def test_what_cannot_be_judged_is_unknown(changed: dict[str, object], id: str) -> None:
    """Neither a fault nor OK."""
    diagnoses = diagnose_settings(replace(CLEAN, **changed))  # type: ignore[arg-type] # a row holds any field
    assert of(Health.UNKNOWN, diagnoses) == [id]
    assert of(Health.FAULT, diagnoses) == []


SETTINGS_FINE = [
    ("a middleware in between", {"middleware": (BEFORE, SECURITY, COMMON, AFTER)}),
    ("a witness above Before", {"middleware": ("site.OuterWitness", BEFORE, AFTER)}),
    ("an own subclass as Before", {"middleware": ("site.Before", AFTER), "before": frozenset({"site.Before"})}),
    ("a subclass of a counting engine", {"databases": {"a": Backend("acme.db", instrumented=True)}}),
    ("no database", {"databases": {"default": Backend("django.db.backends.dummy", instrumented=False)}}),
    ("one worker without the directory", {"multiprocess_dir": "", "workers": 1}),
    ("own bounds", {"latency_buckets": (0.001, 0.01, 1.0)}),
]


@pytest.mark.parametrize("changed", [row[1] for row in SETTINGS_FINE], ids=[row[0] for row in SETTINGS_FINE])
def test_harmless_variations_are_ok(changed: dict[str, object]) -> None:
    """No rule is stricter than the harm."""
    diagnoses = diagnose_settings(replace(CLEAN, **changed))  # type: ignore[arg-type] # a row holds any field
    assert {diagnosis.status for diagnosis in diagnoses} == {Health.OK}


def test_without_a_urlconf_the_urls_are_not_known() -> None:
    """A URLconf that fails is the fault; that no URL was found follows from it."""
    diagnoses = diagnose_settings(replace(CLEAN, routes=(), unimportable={"site.urls": "SyntaxError: x"}))
    assert of(Health.FAULT, diagnoses) == ["imports"]
    assert of(Health.UNKNOWN, diagnoses) == ["metrics-url"]


def test_each_alias_is_judged_by_itself() -> None:
    """The alias with the plain engine is the one named."""
    plain = {"replica": Backend("django.db.backends.mysql", instrumented=False)}
    diagnoses = diagnose_settings(replace(CLEAN, databases={**CLEAN.databases, **plain}))
    (found,) = [diagnosis for diagnosis in diagnoses if diagnosis.status is Health.FAULT]
    assert "DATABASES['replica']['ENGINE']" in found.text


def test_a_clean_page_is_ok_throughout() -> None:
    """Growing by one or more with each reading, in multiprocess mode."""
    assert {diagnosis.status for diagnosis in diagnose_metrics(page(3, 4, 7))} == {Health.OK}


def one_process(requests: float, start_s: float, created_s: float | None = None, age_s: float = 60.0) -> Scrape:
    return replace(scrape(requests), start_s=start_s, created_s=created_s, age_s=age_s)


def test_one_settled_process_is_ok_throughout() -> None:
    """A single worker needs no directory."""
    facts = MetricsFacts(URL, (one_process(1, 10.0), one_process(2, 10.0)))
    assert {diagnosis.status for diagnosis in diagnose_metrics(facts)} == {Health.OK}


METRICS_FAULTS = [
    ("nobody listens", MetricsFacts(URL, (Scrape(0, problem="refused"),)), ["metrics-answer"], "refused"),
    ("a wrong path", MetricsFacts(URL, (Scrape(404),)), ["metrics-answer"], 'include("django_prometheus.urls")'),
    ("a host that is not allowed", MetricsFacts(URL, (Scrape(400),)), ["metrics-answer"], "ALLOWED_HOSTS"),
    ("a password is asked for", MetricsFacts(URL, (Scrape(403),)), ["metrics-answer"], "refused too"),
    ("an error now and then", MetricsFacts(URL, (scrape(1), Scrape(500), scrape(3))), ["metrics-answer"], "1 of 3"),
    (
        "a page for people",
        MetricsFacts(URL, (Scrape(200, "text/html", problem="not text/plain"),)),
        ["metrics-answer"],
        "text/html",
    ),
    (
        "neither middleware",
        page(1, 2, names=frozenset({"python_info"})),
        ["before-middleware", "after-middleware"],
        BEFORE,
    ),
    ("requests stay at 0", page(0, 0, 0), ["before-middleware"], "stays at 0"),
    ("requests without a status", page(1, 2, 3, names=NAMES - {RESPONSES_BY_STATUS}), ["after-middleware"], AFTER),
    ("a cached copy", page(5, 5, 5), ["before-middleware"], "cached copy"),
    ("a counter falls", page(4, 5, 2), ["multiprocess-directory"], "read 4, 5, 2"),
    ("a counter does not grow though it is read", page(4, 5, 5), ["multiprocess-directory"], "read 4, 5, 5"),
    (
        "two start times",
        MetricsFacts(URL, (one_process(1, 10.0), one_process(2, 10.5))),
        ["multiprocess-directory"],
        "2 processes answered",
    ),
    (
        "one start time, two creation times of a counter: workers that were forked together",
        MetricsFacts(URL, (one_process(1, 10.0, 11.1), one_process(2, 10.0, 11.2))),
        ["multiprocess-directory"],
        "2 processes answered",
    ),
    (
        "a second process that only answers when the first is busy",
        MetricsFacts(URL, (one_process(1, 10.0), one_process(2, 10.0)), (one_process(1, 10.5),)),
        ["multiprocess-directory"],
        "2 processes answered",
    ),
    (
        "names have two prefixes",
        page(1, 2, names=frozenset({f"shop_{REQUESTS}", REQUESTS})),
        ["metric-namespace"],
        "no namespace and shop_",
    ),
]


@pytest.mark.parametrize(
    ("facts", "ids", "says"), [row[1:] for row in METRICS_FAULTS], ids=[row[0] for row in METRICS_FAULTS]
)
def test_each_fault_of_a_live_page_is_named(facts: MetricsFacts, ids: list[str], says: str) -> None:
    """The fault has its id, and its text names what was read or the line to write."""
    diagnoses = diagnose_metrics(facts)
    assert of(Health.FAULT, diagnoses) == ids
    assert says in next(diagnosis.text for diagnosis in diagnoses if diagnosis.status is Health.FAULT)


METRICS_UNKNOWNS = [
    ("no database series", page(1, 2, names=NAMES - {"django_db_execute_total"}), ["database-engine"]),
    ("no cache series", page(1, 2, names=NAMES - {"django_cache_get_total"}), ["cache-backend"]),
    ("one reading", page(1), ["multiprocess-directory", "before-middleware", "after-middleware"]),
    ("no reading", MetricsFacts(URL, ()), ["metrics-answer"]),
    (
        "one process that has only just started: others may follow",
        MetricsFacts(URL, (one_process(1, 10.0, age_s=0.5), one_process(2, 10.0, age_s=0.6))),
        ["multiprocess-directory"],
    ),
    (
        "one process that starts in the future: the clocks differ",
        MetricsFacts(URL, (one_process(1, 10.0, age_s=-90.0), one_process(2, 10.0, age_s=-89.9))),
        ["multiprocess-directory"],
    ),
    (
        "served by a port of its own",
        MetricsFacts(URL, (scrape(5, counters=9), scrape(5, counters=10))),
        ["before-middleware"],
    ),
]


@pytest.mark.parametrize(
    ("facts", "ids"), [row[1:] for row in METRICS_UNKNOWNS], ids=[row[0] for row in METRICS_UNKNOWNS]
)
def test_what_a_page_cannot_tell_is_unknown(facts: MetricsFacts, ids: list[str]) -> None:
    """Neither a fault nor OK."""
    diagnoses = diagnose_metrics(facts)
    assert of(Health.UNKNOWN, diagnoses) == ids
    assert of(Health.FAULT, diagnoses) == []


def test_only_a_fault_fails_the_command() -> None:
    """What is unknown does not."""
    found = Diagnosis("a", Health.OK, ""), Diagnosis("b", Health.UNKNOWN, "")
    assert exit_code(found) is ExitCode.PASSED
    assert exit_code((*found, Diagnosis("c", Health.FAULT, ""))) is ExitCode.FAILED


def test_the_text_marks_wraps_and_counts() -> None:
    """One entry each, wrapped under its own text, without control characters, and the counts at the end."""
    found = (
        Diagnosis("python", Health.OK, "3.11"),
        Diagnosis("metrics-url", Health.FAULT, "no URL\x1b[31m serves the metrics; add the line to the urlpatterns"),
        Diagnosis("port", Health.UNKNOWN, "not tried"),
    )
    assert render(found, width=50) == (
        "✓ python       3.11\n"
        "✗ metrics-url  no URL\N{REPLACEMENT CHARACTER}[31m serves the metrics; add\n"
        "               the line to the urlpatterns\n"
        "? port         not tried\n"
        "\n"
        "3 checked: 1 ok, 1 fault, 1 unknown\n"
    )


def test_a_namespace_is_told_and_no_fault() -> None:
    """Settings and page are judged under it: what the page has with the prefix counts as there."""
    found = {each.id: each for each in diagnose_settings(replace(CLEAN, namespace="shop"))}
    assert found["metric-namespace"].status is Health.OK
    assert "begins with shop_" in found["metric-namespace"].text
    diagnoses = diagnose_metrics(page(3, 4, 7, names=frozenset(f"shop_{name}" for name in NAMES)))
    assert {diagnosis.status for diagnosis in diagnoses} == {Health.OK}
    assert "metric-namespace" in {diagnosis.id for diagnosis in diagnoses}
    unwired = diagnose_metrics(page(3, 4, 7, names=frozenset({f"shop_{REQUESTS}"})))
    after = next(diagnosis for diagnosis in unwired if diagnosis.id == "after-middleware")
    assert (after.status, f"shop_{RESPONSES_BY_STATUS}" in after.text) == (Health.FAULT, True)
