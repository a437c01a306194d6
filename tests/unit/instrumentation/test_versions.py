"""The releases of django-prometheus: which differences hold for which, and that the installed one has none."""

import inspect
from importlib import metadata

import pytest
from django_prometheus.cache.backends import memcached

from harness.instrumentation.diagnosis import Health
from harness.instrumentation.django_prometheus.doctor.backends import CACHES, ENGINES
from harness.instrumentation.django_prometheus.doctor.library import diagnose_library
from harness.instrumentation.django_prometheus.versions import DIFFERENCES, NEWEST, differences

PLAIN_REDIS = "django.core.cache.backends.redis.RedisCache"
MEMCACHED = "django_prometheus.cache.backends.memcached.PyMemcacheCache"


@pytest.mark.parametrize(
    ("release", "number"),
    [("2.3.1", 4), ("2.4.0", 1), ("2.4.1", 1), ("2.5.0", 0), ("2.10", 0), ("3.0.0rc1", 0), ("", 0), ("main", 0)],
)
def test_each_release_has_the_differences_of_those_before_it(release: str, number: int) -> None:
    """Releases are compared as numbers; what is no release has none."""
    assert len(differences(release)) == number


def test_they_concern_backends_that_the_doctor_knows() -> None:
    """A path that nobody writes into settings would never be named."""
    known = {*ENGINES.values(), *CACHES.values()}
    assert {path for each in DIFFERENCES for path in each.concerns} <= known


def test_the_release_beside_the_harness_is_the_newest_that_was_read() -> None:
    """A newer one must be read first, and what it does otherwise written down."""
    assert metadata.version("django-prometheus") == NEWEST
    assert "cached or default" not in inspect.getsource(memcached)


def test_what_the_project_uses_is_named_with_the_release_that_mends_it() -> None:
    """Also for a plain backend, whose counting counterpart the old release lacks."""
    found = diagnose_library("shop.settings", "2.3.1", [PLAIN_REDIS, MEMCACHED])
    assert found.status is Health.FAULT
    assert found.text.startswith(
        "shop.settings: django-prometheus 2.3.1: it has no backend for Django's own Redis cache"
    )
    assert "; it gives the default for a stored value" in found.text
    assert found.text.endswith("; install 2.4.0 or later")


def test_differences_of_what_the_project_does_not_use_are_left_out() -> None:
    """An old release is no fault by itself."""
    found = diagnose_library("shop.settings", "2.3.1", ["django_prometheus.db.backends.postgresql"])
    assert (found.status, found.text) == (Health.OK, "shop.settings: django-prometheus 2.3.1")


def test_a_release_that_is_not_known_is_not_judged() -> None:
    """Its interpreter lacks the library."""
    assert diagnose_library("shop.settings", "", [MEMCACHED]).status is Health.UNKNOWN
