"""What the library counts for what an app did, as read in its source and seen in runs (docs/checks)."""

from collections import Counter

import pytest

from harness.checks.django import cache, model_ops
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS


@pytest.mark.parametrize(
    ("backend", "did", "counted"),
    [
        ("locmem", {"hit": 3, "miss": 1}, (4, 3, 1, 0)),
        ("filebased", {"falsy": 2}, (2, 2, 0, 0)),
        ("memcached", {"none": 2}, (2, 0, 2, 0)),
        ("locmem", {"many": 1, "many_keys": 5, "many_found": 3}, (5, 3, 2, 0)),
        ("filebased", {"many": 1, "many_keys": 5, "many_found": 3}, (5, 3, 2, 0)),
        ("memcached", {"many": 1, "many_keys": 5, "many_found": 3}, (0, 0, 0, 0)),
        ("redis", {"many": 1, "many_keys": 5, "many_found": 3}, (0, 0, 0, 0)),
        ("native_redis", {"or_set_hit": 2}, (2, 2, 0, 0)),
        ("native_redis", {"or_set_miss": 2}, (4, 2, 2, 0)),
        ("redis", {"fail": 2, "hit": 1}, (3, 1, 0, 2)),
        ("redis", {"get": 7, "hit": 1}, (7, 1, 0, 0)),
        ("locmem", {"get": 5, "many": 1, "many_keys": 5, "many_found": 3}, (5, 3, 2, 0)),
        ("memcached", {"fail": 2, "hit": 1}, (3, 1, 0, 0)),
    ],
)
def test_lookups_of_a_cache(backend: str, did: dict[str, int], counted: tuple[int, int, int, int]) -> None:
    """Gets, hits, misses and failures by backend."""
    names = DJANGO_PROMETHEUS.cache
    assert names is not None
    expected = cache.expected(names, backend, Counter(did))
    assert tuple(expected[metric] for metric in (names.gets, names.hits, names.misses, names.fails)) == counted


@pytest.mark.parametrize(
    ("did", "counted"),
    [
        ({"insert": 3}, (3, 0, 0)),
        ({"insert": 3, "given_pk": 1}, (3, 1, 0)),
        ({"update": 2, "delete": 1}, (0, 2, 1)),
        ({"bulk_insert": 9, "bulk_update": 9, "bulk_delete": 9, "undone": 1}, (0, 0, 0)),
    ],
)
def test_operations_on_models(did: dict[str, int], counted: tuple[int, int, int]) -> None:
    """Inserts, updates and deletes."""
    names = DJANGO_PROMETHEUS.models
    assert names is not None
    assert tuple(model_ops.expected(names, Counter(did)).values()) == counted
