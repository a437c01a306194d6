"""Every view of the running target, and what its metrics say about them against what its witnesses say."""

from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

import pytest
from prometheus_client.mmap_dict import MmapedDict

from harness.evidence.client import server_timing
from harness.instrumentation.django_prometheus.metrics import (
    LATENCY_ALL,
    LATENCY_BY_VIEW,
    REQUESTS,
    REQUESTS_BY_VIEW,
    RESPONSES_BY_VIEW,
)
from tests.target_app.conftest import Answer, Scrape, Target

TOLERANCE_S = 1e-9
"""The header has nanosecond digits and the metric adds binary fractions: rounding, per request."""

VIEWS = [
    ("GET", "/work/fast", {}, 200, "work:fast"),
    ("GET", "/work/slow?n=17", {}, 200, "work:slow"),
    ("GET", "/work/wait?ms=5", {}, 200, "work:wait"),
    ("GET", "/work/wait?ms=5001", {}, 400, "work:wait"),
    ("GET", "/work/wait?ms=-1", {}, 400, "work:wait"),
    ("GET", "/work/wait", {}, 400, "work:wait"),
    ("GET", "/work/cpu", {}, 200, "work:cpu"),
    ("GET", "/work/cpu?rounds=10", {}, 200, "work:cpu"),
    ("GET", "/work/cpu?rounds=1000001", {}, 400, "work:cpu"),
    ("GET", "/work/redirect", {}, 302, "work:redirect"),
    ("POST", "/work/submit", {"json": {"text": "x"}}, 200, "work:submit"),
    ("POST", "/work/submit", {"data": {"text": "x"}}, 200, "work:submit"),
    ("POST", "/work/submit", {"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "work:submit"),
    (
        "POST",
        "/work/submit",
        {"data": "[" * 99999, "headers": {"Content-Type": "application/json"}},
        400,
        "work:submit",
    ),
    ("GET", "/work/submit", {}, 405, "work:submit"),
    ("GET", "/work/fail", {}, 500, "work:fail"),
    ("GET", "/work/status", {}, 200, "work:status"),
    ("GET", "/work/status?code=503", {}, 503, "work:status"),
    ("GET", "/work/status?code=600", {}, 400, "work:status"),
    ("GET", "/work/raises", {}, 500, "work:raises"),
    ("GET", "/work/raises?type=KeyError", {}, 500, "work:raises"),
    ("GET", "/work/raises?type=SystemExit", {}, 400, "work:raises"),
    ("GET", "/work/missing", {}, 404, "work:missing"),
    ("GET", "/data/read?id=7", {}, 200, "data:read"),
    ("GET", "/data/read?id=987654321", {}, 404, "data:read"),
    ("GET", "/data/read?id=seven", {}, 400, "data:read"),
    ("GET", "/data/list", {}, 200, "data:list"),
    ("POST", "/data/write", {"data": {"title": "new"}}, 201, "data:write"),
    ("GET", "/data/write", {}, 405, "data:write"),
    ("POST", "/data/update", {"data": {"id": "7", "title": "changed"}}, 200, "data:update"),
    ("POST", "/data/update", {"data": {"id": "9" * 5000}}, 400, "data:update"),
    ("GET", "/data/cache-hit", {}, 200, "data:cache-hit"),
    ("GET", "/data/cache-miss", {}, 200, "data:cache-miss"),
    ("POST", "/data/bulk", {}, 200, "data:bulk"),
    ("POST", "/data/given-key", {}, 200, "data:given-key"),
    ("POST", "/data/remove", {}, 200, "data:remove"),
    ("POST", "/data/savepoint", {}, 201, "data:savepoint"),
    ("GET", "/data/each", {}, 200, "data:each"),
    ("POST", "/data/many", {}, 200, "data:many"),
    ("GET", "/data/slow", {}, 200, "data:slow"),
    ("GET", "/data/wrong", {}, 500, "data:wrong"),
    ("GET", "/data/caught", {}, 200, "data:caught"),
    ("GET", "/data/cache-falsy", {}, 200, "data:cache-falsy"),
    ("GET", "/data/cache-none", {}, 200, "data:cache-none"),
    ("GET", "/data/cache-expired", {}, 200, "data:cache-expired"),
    ("GET", "/data/cache-many", {}, 200, "data:cache-many"),
    ("GET", "/data/cache-or-set", {}, 200, "data:cache-or-set"),
    *((method, "/work/any", {}, 200, "work:any") for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")),
    ("OPTIONS", "/work/any", {}, 200, "work:any"),
    ("GET", "/work/page", {}, 200, "work:page"),
    ("GET", "/work/stream", {}, 200, "work:stream"),
    ("GET", "/work/large", {}, 200, "work:large"),
    ("GET", "/work/nothing", {}, 500, "work:nothing"),
    ("GET", "/state", {}, 200, "state"),
    ("GET", "/sql-logs/", {}, 200, "sql-logs"),
    ("GET", "/healthz", {}, 200, "healthz"),
    ("GET", "/metrics", {}, 200, "prometheus-django-metrics"),
    ("GET", "/nowhere", {}, 404, None),
    ("GET", "/work/fast/", {}, 404, None),
]

ASKED = {
    "work:fast": ("GET", "/work/fast"),
    "work:wait": ("GET", "/work/wait?ms=12"),
    "work:cpu": ("GET", "/work/cpu"),
    "work:submit": ("POST", "/work/submit"),
    "work:fail": ("GET", "/work/fail"),
    "work:raises": ("GET", "/work/raises"),
    "work:missing": ("GET", "/work/missing"),
    "data:read": ("GET", "/data/read"),
    "data:write": ("POST", "/data/write"),
    "data:cache-hit": ("GET", "/data/cache-hit"),
}
EACH = 12


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "view"), VIEWS, ids=[f"{row[0]} {row[1][:40]} {row[3]}" for row in VIEWS]
)
def test_a_view_answers_as_it_should(
    target: Target, method: str, path: str, options: dict[str, object], status: int, view: str | None
) -> None:
    """The status is the one meant, and the witness names the view that gave it."""
    answer = target.ask(path, method, **options)
    assert (answer.status, answer.witness["view"].description) == (status, view)


def test_the_header_has_the_form_that_the_harness_reads(target: Target) -> None:
    """Milliseconds with nanosecond digits, the view first, the whole app after it."""
    answer = target.ask("/work/fast")
    read = server_timing.witness(answer.header or "", "")
    address, size = target.url.removeprefix("http://"), len(answer.text)
    assert (read.view, read.instance, read.labels, read.response_bytes) == ("work:fast", address, "app=somesite", size)
    assert (read.process in target.workers(), read.request_bytes, read.charset, read.flags) == (True, 0, "utf-8", "")


@pytest.mark.parametrize(
    ("path", "exception"),
    [("/work/raises", "RuntimeError"), ("/work/raises?type=ValueError", "ValueError"), ("/work/missing", "Http404")],
)
def test_a_raised_exception_is_in_the_header(target: Target, path: str, exception: str) -> None:
    """Its type and the time until it was handled, which is within the view's time."""
    answer = target.ask(path)
    assert answer.witness["raised"].description == exception
    assert 0 < answer.duration_s("raised") <= answer.duration_s("view") <= answer.duration_s("app")


def test_a_handled_error_raised_nothing(target: Target) -> None:
    """A 500 that the view returns has no `raised`."""
    assert "raised" not in target.ask("/work/fail").witness


def test_the_same_number_is_as_slow_each_time_and_in_each_worker(target: Target) -> None:
    """The delay that was asked for depends on `n` alone, and is slept."""
    for number in range(6):
        answers = [target.ask(f"/work/slow?n={number}") for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
        assert all(answer.duration_s("view") >= float(answer.text) for answer in answers)
    assert len({target.ask(f"/work/slow?n={number}").text for number in range(6)}) == 6


def test_deliberate_errors_do_not_flood_the_log(target: Target) -> None:
    """One line each, no traceback, and none for a 4xx."""
    before = target.log.read_text()
    for path in ("/work/raises", "/work/fail", "/work/missing", "/nowhere"):
        target.ask(path)
    written = target.log.read_text().removeprefix(before)
    assert written.splitlines() == [
        "ERROR django.request Internal Server Error: /work/raises",
        "ERROR django.request Internal Server Error: /work/fail",
    ]


def test_every_time_encloses_the_one_inside_it(target: Target) -> None:
    """In time, metric <= inner witness <= outer witness <= client, per view in sum and in every bucket."""
    before = target.scrape()
    answers = {view: [target.ask(path, method) for _ in range(EACH)] for view, (method, path) in ASKED.items()}
    after = target.scrape()

    for view, seen in answers.items():
        for answer in seen:
            assert answer.duration_s("view") <= answer.duration_s("app") <= answer.latency_s
        # An exception that reaches django-prometheus is observed when it is raised and once more with the response.
        raised_s = [answer.duration_s("raised") for answer in seen if "raised" in answer.witness]
        inner_s = [answer.duration_s("view") for answer in seen]
        assert grown(before, after, f"{LATENCY_BY_VIEW}_count", view=view) == EACH + len(raised_s)
        metric_s = grown(before, after, f"{LATENCY_BY_VIEW}_sum", view=view)
        assert 0 < metric_s <= sum(inner_s) + sum(raised_s) + 2 * EACH * TOLERANCE_S
        for bound_s in bounds(after):
            counted = grown(before, after, f"{LATENCY_BY_VIEW}_bucket", view=view, le=bound_s)
            limit_s = float(bound_s) - TOLERANCE_S
            assert counted >= sum(value <= limit_s for value in (*inner_s, *raised_s)), (view, bound_s)

    # The first scrape is counted once it has been answered; the second is not yet.
    everything = [before.answer, *(answer for seen in answers.values() for answer in seen)]
    assert grown(before, after, f"{LATENCY_ALL}_count") == len(everything)
    metric_s = grown(before, after, f"{LATENCY_ALL}_sum")
    rounding_s = len(everything) * TOLERANCE_S
    assert sum(answer.duration_s("view") for answer in everything) <= metric_s + rounding_s
    assert metric_s <= sum(answer.duration_s("app") for answer in everything) + rounding_s


def test_what_the_witness_adds_to_a_view_is_small(target: Target) -> None:
    """Of a sleep of 20 ms the witness tells less than 5 ms more than the metric, on average."""
    before = target.scrape()
    answers = [target.ask("/work/wait?ms=20") for _ in range(EACH)]
    after = target.scrape()
    metric_s = grown(before, after, f"{LATENCY_BY_VIEW}_sum", view="work:wait") / EACH
    inner_s = fmean(answer.duration_s("view") for answer in answers)
    assert 0.020 <= metric_s <= inner_s < metric_s + 0.005


def test_two_workers_count_every_request_once_and_start_from_zero(target: Target) -> None:
    """200 requests over both workers are 200 in the metrics, whichever worker is scraped, and stale counts are gone."""
    before = target.scrape()
    assert before.total(REQUESTS) < 1000
    with ThreadPoolExecutor(8) as clients:
        answers: list[Answer] = list(clients.map(lambda _: target.ask("/work/wait?ms=2"), range(200)))
    assert {answer.status for answer in answers} == {200}
    after = before
    for scrapes in range(1, 7):
        after = target.scrape()
        labels = {"view": "work:wait", "method": "GET"}
        assert grown(before, after, REQUESTS_BY_VIEW, **labels) == 200
        assert grown(before, after, RESPONSES_BY_VIEW, status="200", **labels) == 200
        assert grown(before, after, f"{LATENCY_BY_VIEW}_count", **labels) == 200
        assert grown(before, after, REQUESTS) == 200 + scrapes
    by_worker = {pid: requests_of(target, pid) for pid in target.workers()}
    assert len(by_worker) == 2
    assert all(by_worker.values())
    assert sum(by_worker.values()) == after.total(REQUESTS)


def test_a_start_leaves_what_is_not_a_metric(target: Target) -> None:
    """Only prometheus_client's files were removed from the metrics directory."""
    assert (target.state / "multiproc" / "notes.txt").read_text() == "keep me"


def grown(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    """How much the series of `name` with these labels grew."""
    return after.total(name, **labels) - before.total(name, **labels)


def bounds(scrape: Scrape) -> list[str]:
    """The finite bucket bounds of the histogram by view, as they are written."""
    found = {dict(labels)["le"] for name, labels in scrape.values if name == f"{LATENCY_BY_VIEW}_bucket"}
    return sorted(found - {"+Inf"}, key=float)


def requests_of(target: Target, pid: int) -> float:
    """What one worker counted, from its own file."""
    file = str(target.state / "multiproc" / f"counter_{pid}.db")
    entries = MmapedDict.read_all_values_from_file(file)  # type: ignore[no-untyped-call]
    return sum(float(value) for key, value, *_ in entries if f'"{REQUESTS}"' in key)
