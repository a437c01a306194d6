"""The doctor on real parts: settings modules that Django sets up, and gunicorn with several workers."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cli.doctor import probe_machine, probe_metrics, probe_settings
from harness.core.errors import UsageError
from harness.instrumentation.django_prometheus.doctor import Diagnosis, Health, diagnose_metrics, diagnose_settings
from harness.runtime import process
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Harness, Writer

GOOD = """
from django.urls import include, path
SECRET_KEY = "throw-away"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django_prometheus"]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
DATABASES = {"default": {"ENGINE": "django_prometheus.db.backends.sqlite3", "NAME": ":memory:"}}
CACHES = {"default": {"BACKEND": "django_prometheus.cache.backends.locmem.LocMemCache"}}
urlpatterns = [path("", include("django_prometheus.urls"))]
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell of the tests says about workers is not the target's."""
    for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir", "WEB_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)


def faults(diagnoses: tuple[Diagnosis, ...]) -> dict[str, str]:
    """The faults' texts by id."""
    return {diagnosis.id: diagnosis.text for diagnosis in diagnoses if diagnosis.status is Health.FAULT}


@contextmanager
def gunicorn(directory: Path, module: str, *, workers: int, **env: str) -> Iterator[str]:
    """The target under gunicorn, as a URL; stopped by its process id."""
    port = process.free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--bind", f"127.0.0.1:{port}"]
    command += ["--no-control-socket", "django.core.wsgi:get_wsgi_application()"]
    log = directory / "gunicorn.log"
    environment = process.environment({"DJANGO_SETTINGS_MODULE": module, **env})
    service = process.spawn("gunicorn", command, log, cwd=directory, env=environment)
    try:
        process.await_answer(service, lambda: embedded.ask(f"http://127.0.0.1:{port}/metrics"), 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop(service)


def test_every_fault_of_a_settings_module_is_named(write: Writer) -> None:
    """Django sets it up as the target would, and each thing that is wrong gets its name."""
    write.file(
        "bad_settings.py",
        """
        SECRET_KEY = "throw-away"
        ROOT_URLCONF = __name__
        INSTALLED_APPS = ["django.contrib.contenttypes"]
        MIDDLEWARE = [
            "django.middleware.security.SecurityMiddleware",
            "django_prometheus.middleware.PrometheusBeforeMiddleware",
            "django_prometheus.middleware.PrometheusAfterMiddleware",
            "django.middleware.common.CommonMiddleware",
        ]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        PROMETHEUS_LATENCY_BUCKETS = [1, 0.5]
        urlpatterns = []
        """,
    )
    write.file("gunicorn.conf.py", "workers = 3\n")
    found = faults(diagnose_settings(probe_settings("bad_settings", write.directory)))
    assert set(found) == {
        "before-middleware",
        "after-middleware",
        "installed-app",
        "metrics-url",
        "database-engine",
        "cache-backend",
        "latency-buckets",
        "multiprocess-directory",
    }
    assert "'django_prometheus.db.backends.sqlite3'" in found["database-engine"]
    assert "3 workers" in found["multiprocess-directory"]


def test_a_good_settings_module_has_no_fault_and_opens_and_writes_nothing(write: Writer) -> None:
    """Its log file, exporter port, migration gauges and multiprocess directory are left alone."""
    shared = write.directory / "multiproc"
    shared.mkdir()
    write.file(
        "good_settings.py",
        GOOD
        + """
import os
print("a settings module may print")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "multiproc")
PROMETHEUS_METRICS_EXPORT_PORT = 1
PROMETHEUS_EXPORT_MIGRATIONS = True
LOGGING = {"version": 1, "handlers": {"f": {"class": "logging.FileHandler", "filename": "/nowhere/log"}}}
PROMETHEUS_LATENCY_BUCKETS = (0.1, 1, float("inf"))
""",
    )
    facts = probe_settings("good_settings", write.directory)
    assert {diagnosis.status for diagnosis in diagnose_settings(facts)} == {Health.OK}
    assert (facts.multiprocess_dir, facts.export_port) == ("good_settings", "1")
    assert facts.latency_buckets == (0.1, 1.0)
    assert sorted(path.name for path in write.directory.iterdir()) == ["good_settings.py", "multiproc"]
    assert list(shared.iterdir()) == []


def test_subclasses_and_decorated_views_are_recognised(write: Writer) -> None:
    """What django-prometheus documents as extension is not a fault."""
    write.file(
        "own_middleware.py",
        """
        from django_prometheus import middleware
        class First(middleware.PrometheusBeforeMiddleware): ...
        class Last(middleware.PrometheusAfterMiddleware): ...
        """,
    )
    text = GOOD.replace("django_prometheus.middleware.PrometheusBefore", "own_middleware.First").replace(
        "django_prometheus.middleware.PrometheusAfter", "own_middleware.Last"
    )
    write.file(
        "own_settings.py",
        text.replace("FirstMiddleware", "First").replace("LastMiddleware", "Last")
        + """
from django.views.decorators.cache import never_cache
from django_prometheus.exports import ExportToDjangoView
urlpatterns = [path("stats", never_cache(ExportToDjangoView), name="stats")]
""",
    )
    facts = probe_settings("own_settings", write.directory)
    diagnoses = diagnose_settings(facts)
    assert faults(diagnoses) == {}
    assert [(route.route, route.view) for route in facts.routes] == [("stats", "stats")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No module named 'broken_settings'"),
        ("x = ", "SyntaxError"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("SECRET_KEY = 'x'; INSTALLED_APPS = ['nowhere_to_be_found']", "No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import os; os._exit(7)", "exit 7"),
    ],
)
def test_a_module_that_cannot_be_read_is_a_usage_error(write: Writer, text: str | None, reason: str) -> None:
    """With the module and the reason."""
    if text is not None:
        write.file("broken_settings.py", text)
    with pytest.raises(UsageError, match="broken_settings") as caught:
        probe_settings("broken_settings", write.directory)
    assert reason in str(caught.value)


def test_a_module_that_hangs_is_given_up(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together with what it started."""
    write.file("slow_settings.py", "import subprocess; subprocess.run(['sleep', '600'])\n")
    monkeypatch.setattr("harness.cli.project_process.LIMIT_S", 1.0)
    with pytest.raises(UsageError, match="slow_settings was not imported within 1 s"):
        probe_settings("slow_settings", write.directory)


def test_the_reference_target_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings have nothing to complain about."""
    monkeypatch.setenv("TARGET_STATE_DIR", str(tmp_path / "state"))
    diagnoses = diagnose_settings(probe_settings("somesite.settings", PROJECT / "target_app"))
    assert {diagnosis.status for diagnosis in diagnoses} == {Health.OK}, diagnoses


def test_the_reference_targets_live_metrics_have_no_fault(services: embedded.Stack) -> None:
    """Two workers that share a directory read as one account."""
    assert faults(diagnose_metrics(probe_metrics(f"{services.target}/metrics"))) == {}


def test_workers_without_the_multiprocess_directory_are_found_out(write: Writer) -> None:
    """Two processes answer, each for itself; while only the first is up, the doctor does not say OK."""
    write.file("good_settings.py", GOOD)
    deadline = time.monotonic() + 30
    with gunicorn(write.directory, "good_settings", workers=2) as target:
        health = Health.UNKNOWN
        diagnoses: tuple[Diagnosis, ...] = ()
        while health is Health.UNKNOWN and time.monotonic() < deadline:
            diagnoses = diagnose_metrics(probe_metrics(f"{target}/metrics"))
            health = next(item.status for item in diagnoses if item.id == "multiprocess-directory")
    found = faults(diagnoses)
    assert list(found) == ["multiprocess-directory"]
    assert "several workers without PROMETHEUS_MULTIPROC_DIR" in found["multiprocess-directory"]


@pytest.mark.parametrize(
    ("missing", "id"), [("BeforeMiddleware", "before-middleware"), ("AfterMiddleware", "after-middleware")]
)
def test_a_missing_middleware_is_found_out_live(write: Writer, missing: str, id: str) -> None:
    """One worker, so that nothing else is wrong."""
    lines = [line for line in GOOD.splitlines() if f"middleware.Prometheus{missing}" not in line]
    write.file("half_settings.py", "\n".join(lines))
    with gunicorn(write.directory, "half_settings", workers=1) as target:
        assert list(faults(diagnose_metrics(probe_metrics(f"{target}/metrics")))) == [id]


def test_a_page_that_is_not_metrics_and_no_page_at_all(write: Writer) -> None:
    """A path nobody serves is a 404; a port nobody listens on gives no answer."""
    write.file("good_settings.py", GOOD)
    with gunicorn(write.directory, "good_settings", workers=1) as target:
        wrong = faults(diagnose_metrics(probe_metrics(f"{target}/elsewhere")))
    assert "answered 404" in wrong["metrics-answer"]
    gone = faults(diagnose_metrics(probe_metrics(f"http://127.0.0.1:{process.free_port()}/metrics")))
    assert "no answer" in gone["metrics-answer"]


@pytest.mark.parametrize("url", ["127.0.0.1:8000/metrics", "ftp://127.0.0.1/metrics", "http://", "http://[::1"])
def test_a_url_that_is_none_is_a_usage_error(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(UsageError, match="--metrics"):
        probe_metrics(url)


def test_the_machine_that_runs_these_tests_is_complete() -> None:
    """Prometheus is here: the other end-to-end tests need it too; servers may be missing, and are listed."""
    diagnoses = probe_machine(PROJECT)
    assert faults(diagnoses) == {}
    servers = {"postgresql", "mariadb", "redis", "memcached"}
    assert {"python", "prometheus", "promtool", "locust", "config", "scenario", "reports", "port"} | servers == {
        diagnosis.id for diagnosis in diagnoses
    }


def test_missing_parts_of_a_project_are_named(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Prometheus that is none, a scenario and a target directory that do not exist."""
    write.config(
        """
        scenario = "nowhere.py"
        [profiles.test.start]
        command = ["serve"]
        cwd = "nowhere"
        """
    )
    monkeypatch.setenv("HARNESS_PROMETHEUS", "/nowhere/prometheus")
    found = faults(probe_machine(write.directory))
    assert set(found) == {"prometheus", "scenario", "target"}
    assert "nowhere.py does not exist" in found["scenario"]


def test_a_server_is_a_fault_only_where_a_profile_starts_it(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that is wrong; the others are not at fault."""
    write.config(
        """
        scenario = "nowhere.py"
        [profiles.test.start]
        command = ["serve"]
        services = ["redis"]
        """
    )
    for name in ("REDIS", "MEMCACHED"):
        monkeypatch.setenv(f"HARNESS_{name}_BIN", "/nowhere")
    diagnoses = {item.id: item for item in probe_machine(write.directory)}
    assert diagnoses["redis"].status is Health.FAULT
    assert "HARNESS_REDIS_BIN: /nowhere is not a directory" in diagnoses["redis"].text
    assert diagnoses["memcached"].status is Health.UNKNOWN
    assert "no profile starts it, a variant may" in diagnoses["memcached"].text


def test_without_a_start_table_prometheus_is_not_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that only loads targets that run already is not at fault."""
    monkeypatch.setenv("HARNESS_PROMETHEUS", "/nowhere/prometheus")
    diagnoses = probe_machine(tmp_path)
    assert faults(diagnoses) == {}
    assert {"prometheus", "config"} <= {item.id for item in diagnoses if item.status is Health.UNKNOWN}


def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    """The runs would have nowhere to go."""
    (tmp_path / "reports").write_text("a file is in the way")
    assert "reports" in faults(probe_machine(tmp_path))


def test_the_command_names_the_fault_and_fails(harness: Harness, write: Writer) -> None:
    """Exit code 1 with the fault on standard output, 2 for a module that does not exist; nothing is left behind."""
    write.file("half_settings.py", GOOD.replace("django_prometheus.db.backends", "django.db.backends"))
    done = harness.run("doctor", "--settings", "half_settings", "--cwd", write.directory)
    assert done.code == 1, done.told
    assert "✗ database-engine" in done.out
    assert harness.run("doctor", "--settings", "no.such.settings", "--cwd", write.directory).code == 2
