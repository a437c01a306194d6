"""Do sizes, charsets, templates and flags of the metrics show what requests and responses had?"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from harness.checks.base import Facts
from harness.checks.counts import attributes
from harness.core.codes import Code
from harness.core.run import Shard, ShardState
from harness.core.verdict import Status, Strength, Verdict
from harness.evidence.client.size_counter import SizeCounter
from harness.evidence.client.summary import Attribute, Sizes
from harness.instrumentation.django_prometheus import metrics
from tests.unit.checks.facts import VIEW, counted, facts

BOUNDS = (0.0, 1.0, 64.0, 512.0)
SCRAPES = 1
"""Between t0 and t1, as `counted` says."""
LOAD = (10, 10, 100, 300)
"""Sizes of the load's responses."""
WHOLE = (ShardState(Shard("samples-1.arrow", "measure", 4), 4, ""),)
Growths = dict[str, Mapping[tuple[tuple[str, str], ...], float]]


def histogram(name: str, sizes: tuple[int, ...], *, factor: int = 1, sum_factor: float = 1.0) -> Growths:
    """What the library would export of bodies of these sizes."""
    every = [factor * size for size in sizes]
    bounds = {str(bound): float(sum(size <= bound for size in every)) for bound in BOUNDS} | {"+Inf": float(len(every))}
    return {
        f"{name}_bucket": {(("instance", "a"), ("le", bound)): count for bound, count in bounds.items()},
        f"{name}_sum": {(("instance", "a"),): sum(every) * sum_factor},
    }


def of(metric: str, **numbers: float) -> Growths:
    """A counter by one label."""
    label = {metrics.RESPONSES_BY_CHARSET: "charset", metrics.RESPONSES_BY_TEMPLATE: "templatename"}.get(
        metric, "transport"
    )
    return {metric: {(("instance", "a"), (label, value)): number for value, number in numbers.items()}}


def single(metric: str, number: float) -> Growths:
    return {metric: {(("instance", "a"),): number}}


RIGHT: Growths = {
    **of(metrics.RESPONSES_BY_CHARSET, utf8=3 + SCRAPES, koi8=1),
    **of(metrics.RESPONSES_BY_TEMPLATE, page=2),
    **of(metrics.REQUESTS_BY_TRANSPORT, http=4 + SCRAPES),
    **single(metrics.AJAX, 1),
    **single(metrics.STREAMING, 0),
    **histogram(metrics.REQUEST_BODIES, (0, 0, 0, 7, 0)),
    **histogram(metrics.RESPONSE_BODIES, (*LOAD, 90_000)),
    metrics.RESPONSES_BY_VIEW: {
        (("instance", "a"), ("view", VIEW[0]), ("method", "GET"), ("status", "200")): 4.0,
        (("instance", "a"), ("view", "prometheus-django-metrics"), ("method", "GET"), ("status", "200")): 1.0,
    },
    metrics.REQUESTS: {(("instance", "a"),): 5.0},
    metrics.RESPONSES: {(("instance", "a"),): 5.0},
}


def sizes(*every: int) -> Sizes:
    """What the witness reported."""
    counter = SizeCounter(BOUNDS)
    counter.add(np.array(every))
    return counter.sizes()


def made(growths: Growths, *, silent: int = 0) -> Facts:
    """Four responses whose attributes the witness reported, and some without a witness."""
    found = facts(answered={(*VIEW, 200): 4 + silent})
    has = {
        ("charset", "utf8"): 3,
        ("charset", "koi8"): 1,
        ("template", "page"): 2,
        ("transport", "http"): 4,
        ("ajax", ""): 1,
    }
    client = replace(
        found.client,
        witnessed=4,
        attributed=4,
        attributes={Attribute(*key): number for key, number in has.items()},
        request_sizes=sizes(0, 0, 0, 7),
        response_sizes=sizes(*LOAD),
    )
    return replace(found, client=client, shards=WHOLE, evidence=counted(found.run, growths))


def verdicts(growths: Growths, *, silent: int = 0) -> dict[str, Verdict]:
    judged = attributes.judge(made(growths, silent=silent))
    return {result.subject: result for result in judged if isinstance(result, Verdict)}


def wrong(growths: Growths) -> dict[str, Code]:
    return {subject: each.code for subject, each in verdicts(growths).items() if each.status is not Status.PASS}


def test_what_each_request_had_is_counted() -> None:
    """With the one scrape, whose charset is the one that has one too many, and whose size is anything."""
    found = verdicts(RIGHT)
    assert set(found) == {
        *("charset utf8", "charset koi8", "template page", "transport http", "ajax"),
        *("sizes of requests", "sizes of responses"),
    }
    assert {each.status for each in found.values()} == {Status.PASS}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (of(metrics.RESPONSES_BY_CHARSET, utf8=3, koi8=2), {}),
        (of(metrics.RESPONSES_BY_CHARSET, utf8=5), {"charset koi8": Code.MISSING, "charset utf8": Code.OVER}),
        (
            of(metrics.RESPONSES_BY_TEMPLATE, page=1, other=1),
            {"template page": Code.SHORT, "template other": Code.OVER},
        ),
        (of(metrics.RESPONSES_BY_TEMPLATE), {"template page": Code.MISSING}),
        (
            of(metrics.REQUESTS_BY_TRANSPORT, http=3, https=2),
            {"transport http": Code.SHORT, "transport https": Code.OVER},
        ),
        (single(metrics.AJAX, 0), {"ajax": Code.MISSING}),
        (single(metrics.AJAX, 2), {"ajax": Code.OVER}),
        (single(metrics.STREAMING, 1), {"streaming": Code.OVER}),
        (histogram(metrics.RESPONSE_BODIES, (*LOAD, 90_000), factor=8), {"sizes of responses": Code.MISSING}),
        (histogram(metrics.RESPONSE_BODIES, (*LOAD, 90_000), sum_factor=8), {}),
        (histogram(metrics.RESPONSE_BODIES, (*LOAD, 90_000), sum_factor=1 / 800), {"sizes of responses": Code.SHORT}),
        (histogram(metrics.RESPONSE_BODIES, (*LOAD, 400), sum_factor=8), {"sizes of responses": Code.OVER}),
        (histogram(metrics.RESPONSE_BODIES, (10, 90_000)), {"sizes of responses": Code.SHORT}),
        (histogram(metrics.RESPONSE_BODIES, (600, 600, 600, 600, 90_000)), {"sizes of responses": Code.MISSING}),
        (histogram(metrics.REQUEST_BODIES, (0, 0, 0, 8, 0), sum_factor=2), {"sizes of requests": Code.OVER}),
        (histogram(metrics.REQUEST_BODIES, (0, 0, 0, 0, 0)), {"sizes of requests": Code.MISSING}),
    ],
)
def test_what_is_counted_otherwise_is_noticed(change: Growths, expected: dict[str, Code]) -> None:
    """One response under another value, or sizes in another unit; a sum that an unknown scrape may explain is not."""
    assert wrong({**RIGHT, **change}) == expected


def test_a_response_without_a_witness_leaves_a_lower_bound() -> None:
    """It may have had any charset."""
    found = verdicts({**RIGHT, **of(metrics.RESPONSES_BY_CHARSET, utf8=4, koi8=2)}, silent=1)
    assert (found["charset koi8"].status, found["charset koi8"].strength) == (Status.PASS, Strength.ONE_SIDED)


def test_a_histogram_that_is_not_there_is_not_judged() -> None:
    """Its count is in the laws of side-counters."""
    dropped = {name: found for name, found in RIGHT.items() if not name.startswith(metrics.RESPONSE_BODIES)}
    found = verdicts({**dropped, f"{metrics.RESPONSE_BODIES}_bucket": {}, f"{metrics.RESPONSE_BODIES}_sum": {}})
    assert "sizes of responses" not in found


def test_without_an_account_nothing_is_claimed() -> None:
    """Neither without a witness nor by one of version 1."""
    found = made(RIGHT)
    assert attributes.judge(replace(found, client=replace(found.client, attributed=0))) == ()


@pytest.mark.parametrize(
    ("metric", "subject"), [(metrics.RESPONSES_BY_CHARSET, "charset"), (metrics.RESPONSES_BY_VIEW, "")]
)
def test_without_an_answer_it_is_open(metric: str, subject: str) -> None:
    """The counter was never asked for; without the one that tells the scrapes nothing can be judged."""
    found = attributes.judge(made({name: found for name, found in RIGHT.items() if name != metric}))
    assert [each.subject for each in found if isinstance(each, Verdict) and each.status is Status.INCONCLUSIVE] == [
        subject
    ]
