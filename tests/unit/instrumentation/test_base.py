"""An instrumentation as a value: what a namespace renames, and what is found in the names of a target."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import readers
from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS, metrics

SHOP = DJANGO_PROMETHEUS.under("shop")
NOT_NAMES = frozenset({"id", "metrics_view", "invalid_method", "namespace"})
"""Fields of text that is no metric's name."""


def texts(value: Any) -> list[str]:
    """Every text in a value, in order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if isinstance(value, frozenset):
        return texts(tuple(sorted(value)))
    if isinstance(value, dict):
        return [text for item in value.items() for text in texts(item)]
    if is_dataclass(value) and not isinstance(value, type):
        return [text for each in fields(value) for text in texts(getattr(value, each.name))]
    return []


def roles(names: Instrumentation) -> dict[str, str]:
    """The name of each role that is a metric."""
    found = {each.name: getattr(names, each.name) for each in fields(names)}
    return {role: name for role, name in found.items() if isinstance(name, str) and role not in NOT_NAMES}


def test_every_role_is_a_metric_of_the_library() -> None:
    """A role that named anything else would not be renamed under a namespace."""
    exported = DJANGO_PROMETHEUS.names | {name.removesuffix("_bucket") for name in DJANGO_PROMETHEUS.names}
    assert set(roles(DJANGO_PROMETHEUS).values()) <= exported
    assert set(DJANGO_PROMETHEUS.counters) <= DJANGO_PROMETHEUS.names


def test_a_namespace_renames_every_metric_and_nothing_else() -> None:
    """Each text that is django-prometheus's own name begins with the namespace; labels, methods and advice stay."""
    before, after = texts(DJANGO_PROMETHEUS), texts(SHOP)
    renamed = {text for text in before if text.startswith("django_")}
    assert {text for text in after if text.startswith("django_")} == set()
    assert {text for text in after if text.startswith("shop_")} == {f"shop_{text}" for text in renamed}
    assert {text for text in before if text not in renamed} == {
        text for text in after if not text.startswith("shop")
    } | {""}
    assert SHOP.advice == DJANGO_PROMETHEUS.advice
    assert SHOP.labels == DJANGO_PROMETHEUS.labels
    assert SHOP.namespace == "shop"


def test_laws_traffic_and_groups_are_renamed_too() -> None:
    """What is inside of the value follows, so that a law under a namespace asks for metrics that exist."""
    assert SHOP.response_laws[0].whole == f"shop_{metrics.REQUESTS}"
    assert SHOP.side_laws[3].parts == (f"shop_{metrics.RESPONSE_BODIES}_count", f"shop_{metrics.STREAMING}")
    assert set(SHOP.traffic.mixed) == {f"shop_{name}" for name in DJANGO_PROMETHEUS.traffic.mixed}
    assert SHOP.database is not None
    assert SHOP.database.query_duration == f"shop_{metrics.QUERY_DURATION}"
    assert SHOP.database.tests_by_cursor == metrics.TESTS_BY_CURSOR
    assert SHOP.migrations is not None
    assert SHOP.migrations.applied == f"shop_{metrics.MIGRATIONS_APPLIED}"


def test_no_namespace_changes_nothing_and_a_second_one_is_refused() -> None:
    """An empty namespace gives the very value; one on top of another cannot be meant."""
    assert DJANGO_PROMETHEUS.under("") is DJANGO_PROMETHEUS
    with pytest.raises(ValueError, match="'shop' already"):
        SHOP.under("site")


@given(st.lists(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), unique=True, max_size=3))
def test_namespaces_are_found_among_the_names_of_a_target(given_: list[str]) -> None:
    """Each namespace whose counter of requests is there, whatever else the target exports."""
    names = {f"{namespace}_{name}" for namespace in given_ for name in DJANGO_PROMETHEUS.names}
    assert DJANGO_PROMETHEUS.namespaces({*names, "up", "python_info"}) == tuple(sorted(given_))
    assert DJANGO_PROMETHEUS.namespaces({*names, metrics.REQUESTS}) == tuple(sorted(["", *given_]))


def test_a_name_that_only_ends_alike_is_no_namespace() -> None:
    """A namespace is followed by an underscore."""
    assert DJANGO_PROMETHEUS.namespaces({f"my{metrics.REQUESTS}", metrics.RESPONSES}) == ()


def test_an_odd_method_has_the_label_that_the_library_gives_it() -> None:
    """Read in django_prometheus/middleware.py, `_method`."""
    assert [DJANGO_PROMETHEUS.method_label(method) for method in ("GET", "BREW", "get")] == [
        "GET",
        "<invalid method>",
        "<invalid method>",
    ]


def test_a_profile_without_the_key_has_django_prometheus() -> None:
    """The default, and the namespace that a profile or run names."""
    assert registry.of(Profile("p")) is DJANGO_PROMETHEUS
    assert registry.of(Profile("p", metric_namespace="shop")) == SHOP


def test_an_unknown_instrumentation_is_refused_by_the_key_with_the_known_ones() -> None:
    """The error says what may be written instead."""
    with pytest.raises(UsageError, match=r"instrumentation: 'statsd' is not known; write one of django-prometheus"):
        registry.of(Profile("p", instrumentation="statsd"))


def test_two_namespaces_are_an_error_that_names_both_and_the_key() -> None:
    """Nobody can tell which of them is meant; one is taken, and none is not the same as an empty one."""
    assert registry.only(("shop",), 'job="a"') == "shop"
    assert registry.only(("",), 'job="a"') == ""
    assert registry.only((), 'job="a"') is None
    with pytest.raises(UsageError, match=r"has metrics of 2 namespaces, none and 'shop'; set `metric_namespace`"):
        registry.only(("", "shop"), 'job="a"')


@pytest.mark.parametrize("text", ["", "shop", "a_b:c"])
def test_a_namespace_is_read_from_a_profile(text: str) -> None:
    """Also the empty one, which says that there is none."""
    assert readers.namespace(text, "metric_namespace") == text


@pytest.mark.parametrize("value", ["sh-op", "1a", 3, "a b"])
def test_what_cannot_begin_a_name_is_no_namespace(value: object) -> None:
    """The key is named."""
    with pytest.raises(UsageError, match=r"metric_namespace: .* cannot begin a metric's name"):
        readers.namespace(value, "metric_namespace")
