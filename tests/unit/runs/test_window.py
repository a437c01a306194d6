"""Where t0 and t1 lie: quiet scrapes, the clock of this machine, the last minutes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from harness.config.profile import Profile, TargetStart
from harness.core.errors import PrometheusError, UsageError
from harness.core.query import NoData, NoSeries, Reading, Series
from harness.evidence.quiet import ALIKE
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.instrumentation.django_prometheus.doctor.settings import METRICS_VIEW
from harness.instrumentation.django_prometheus.metrics import (
    REQUESTS,
    RESPONSES,
    RESPONSES_BY_CHARSET,
    RESPONSES_BY_VIEW,
)
from harness.promql.own_series import SAMPLES_KEPT
from harness.runs import window
from harness.runs.scrapes import Scraped
from harness.runtime.pressure import Pressure
from harness.runtime.prometheus import Prometheus

SELECTOR = 'job="web"'
TIMED = f"{DJANGO_PROMETHEUS.latency_all}_count"
OWN = Profile("own", target="http://127.0.0.1:9", start=TargetStart(("true",)), quiet_timeout_s=0.3)
THEIRS = replace(OWN, name="theirs", start=None)
Scrape = tuple[float, ...]
"""Time, requests arrived, answered and, where they are known, how often the metrics were served, responses timed and by
charset."""


class Answers(Prometheus):
    """A server whose stored scrapes are given, by instance; a second has passed since the newest."""

    def __init__(self, scrapes: Mapping[str, Sequence[Scrape]], now_s: float = 100.0) -> None:
        super().__init__("http://127.0.0.1:9")
        self.scrapes, self.now_s = scrapes, now_s

    def now(self) -> float:
        return self.now_s + 0.0001  # one that tells whole seconds is asked until the next one

    def version(self) -> str:
        return "2.42.0"

    def read(self, text: str) -> Reading | NoData:
        metric = text.partition("{")[0]
        if metric in ("", SAMPLES_KEPT):  # one series of each target, whole at once
            points = {name: tuple((each[0], 1.0) for each in scrapes) for name, scrapes in self.scrapes.items()}
            return Reading(tuple(Series({"instance": name}, each) for name, each in points.items()))
        column = {"up": 0, REQUESTS: 1, RESPONSES: 2, RESPONSES_BY_VIEW: 3, TIMED: 4, RESPONSES_BY_CHARSET: 5}[metric]
        series = [
            Series(
                {"instance": name, **({"view": METRICS_VIEW} if metric == RESPONSES_BY_VIEW else {})},
                tuple((each[0], each[column] if column else 1.0) for each in scrapes),
            )
            for name, scrapes in self.scrapes.items()
            if all(len(each) > column for each in scrapes)
        ]
        return Reading(tuple(series)) if series else NoSeries()


def opened(scrapes: Mapping[str, Sequence[Scrape]], profile: Profile = OWN, now_s: float = 100.0) -> window.OpenWindow:
    scraped = Scraped(Answers(scrapes, now_s), "2.42.0", SELECTOR, 0.05, DJANGO_PROMETHEUS)
    return window.open_window(scraped, profile.target, profile)


def test_t0_is_the_newest_scrape_at_which_nothing_is_in_flight() -> None:
    """The scrape itself is the one request that arrived and was not answered, and the growth of one."""
    made = opened({"a:1": [(100.5, 7, 6), (101.0, 8, 7)]})
    assert made.before == window.QuietScrape(101.0, 0)
    assert made.instances == ("a:1",)
    assert made.version == "2.42.0"


@pytest.mark.parametrize(
    ("scrapes", "idle"),
    [
        ([(100.5, 7, 7), (101.0, 12, 12)], 5),
        ([(100.5, 7, 6), (101.0, 12, 11)], 4),
        ([(100.5, 7, 7), (101.0, 7, 4)], 0),
    ],
    ids=["others ask", "others ask, beside the scrape", "in flight for ever"],
)
def test_a_target_that_is_never_quiet_says_how_many_others_ask(scrapes: list[Scrape], idle: int) -> None:
    """Between two scrapes, after the limit; the check of quiescence judges it."""
    assert opened({"a:1": scrapes}).before == window.QuietScrape(101.0, idle)


@pytest.mark.parametrize(
    ("scrapes", "idle"),
    [
        ([(100.5, 7, 6, 6), (101.0, 9, 8, 8)], 0),
        ([(100.5, 7, 6, 6), (101.0, 12, 11, 8)], 3),
        ([(100.5, 7, 6, 6), (101.0, 8, 7, 8)], 0),
    ],
    ids=["a second Prometheus", "and others", "counted twice"],
)
def test_who_else_scrapes_is_no_traffic(scrapes: list[Scrape], idle: int) -> None:
    """Its requests bear the view of the metrics, and are taken off."""
    assert opened({"a:1": scrapes}).before == window.QuietScrape(101.0, idle)


LOADED = (200.0, 70, 69, 69, 68, 69)
WHOLE = [(201.0, 75, 74, 74, 74, 74), (202.0, 80, 79, 79, 79, 79), (203.0, 85, 84, 84, 84, 84)]
TIMED_LATE = (203.0, 85, 84, 84, 85, 85)
IN_THE_LAST_ALONE = (203.0, 85, 84, 84, 84, 85)
AFTERWARDS = [(204.0 + each, 90 + 5 * each, *(4 * (89 + 5 * each,))) for each in range(3)]
ALWAYS = [
    (201.0 + each, 75 + 5 * each, *(2 * (74 + 5 * each,)), *(2 * (74 + each % 2 + 5 * each,))) for each in range(5)
]


@pytest.mark.parametrize(
    ("scrapes", "end_s", "torn"),
    [
        ([LOADED, *WHOLE], 203.0, 0),
        ([LOADED, *WHOLE[:2]], 202.0, 0),
        ([LOADED, *WHOLE[:2], TIMED_LATE], 203.0, 1),
        ([LOADED, *WHOLE[:2], IN_THE_LAST_ALONE], 203.0, 1),
        ([LOADED, *WHOLE[:2], TIMED_LATE, *AFTERWARDS], 206.0, 0),
        ([LOADED, *ALWAYS], 205.0, 1),
    ],
    ids=["three whole ones", "two so far", "timed late", "late in the last one", "a torn one before", "always torn"],
)
def test_a_scrape_that_a_known_request_tore_is_no_quiet_one(scrapes: list[Scrape], end_s: float, torn: int) -> None:
    """What it may have in one counter and not in another is allowed for, when no better one comes in time."""
    made = replace(opened({"a:1": [(100.5, 7, 6), (101.0, 8, 7)]}), skew_s=0.0)
    assert made.scraped is not None
    later = replace(made.scraped, prometheus=Answers({"a:1": scrapes}))
    closed = replace(made, scraped=later).close(ended_s=200.5).window
    assert (closed.end_s, closed.known_flying, closed.known_torn) == (end_s, (0, 0), (0, torn))


def test_after_four_scrapes_that_known_requests_tore_none_is_awaited() -> None:
    """Long before the limit: where each scrape meets one of another Prometheus, a better one never comes."""
    profile = replace(OWN, quiet_timeout_s=60.0)
    made = replace(opened({"a:1": [(100.5, 7, 6, 6), (101.0, 8, 7, 7)]}, profile), skew_s=0.0)
    assert made.scraped is not None
    stored: list[Scrape] = [LOADED]

    class Scraping(Answers):
        """It scrapes whenever it is asked; every other scrape is torn."""

        def read(self, text: str) -> Reading | NoData:
            if text.startswith("up"):
                time_s, answered = stored[-1][0] + 1, stored[-1][2] + 5
                stored.append((time_s, answered + 1, *(2 * (answered,)), *(2 * (answered + time_s % 2,))))
            return super().read(text)

    later = replace(made.scraped, prometheus=Scraping({"a:1": stored}))
    closed = replace(made, scraped=later).close(ended_s=200.5).window
    assert (closed.idle_requests_end, closed.known_torn) == (0, (0, 1))
    assert closed.end_s == stored[ALIKE + window.KNOWN_SCRAPES - 1][0]


def test_what_tore_t0_is_allowed_for_too() -> None:
    """And declared background is known to come, seen or not."""
    made = opened({"a:1": [(time_s - 100.0, *counts) for time_s, *counts in [LOADED, *ALWAYS]]}, now_s=100.0)
    assert (made.before.torn, made.before.flying) == (1, 0)
    closed = made.close(ended_s=100.5).window
    assert closed.known_torn == (1, 1)


@pytest.mark.parametrize("background", [(), ("alive",)])
def test_where_probes_are_declared_the_first_scrape_after_the_load_is_not_enough(background: tuple[str, ...]) -> None:
    """A quick one may have torn it unseen: without a better one in time it is the best that could be had."""
    profile = replace(OWN, background=background)
    made = replace(opened({"a:1": [(100.5, 7, 6, 6), (101.0, 8, 7, 7)]}, profile), skew_s=0.0)
    assert made.scraped is not None
    scrapes = [(200.0, 70, 69, 69, 68), (201.0, 71, 70, 70, 70)]
    asked: list[str] = []
    answers = Answers({"a:1": scrapes})

    def read(text: str) -> Reading | NoData:
        asked.append(text)
        return Answers.read(answers, text)

    answers.read = read  # type: ignore[method-assign]
    closed = replace(made, scraped=replace(made.scraped, prometheus=answers)).close(ended_s=200.5).window
    assert (closed.end_s, closed.idle_requests_end, closed.known_torn) == (201.0, 0, (0, 0))
    assert (sum(text.startswith(RESPONSES_BY_CHARSET) for text in asked) > 1) == bool(background)


def test_counters_of_two_scrapes_are_no_moment() -> None:
    """A scrape that is stored between the two questions is in one answer only."""

    class Later(Answers):
        def read(self, text: str) -> Reading | NoData:
            found = super().read(text)
            if text.startswith(RESPONSES) and isinstance(found, Reading):
                (series,) = found.series
                return Reading((replace(series, points=(*series.points, (101.5, 8.0))),))
            return found

    scraped = Scraped(Later({"a:1": [(100.5, 7, 6), (101.0, 8, 6)]}), "2.42.0", SELECTOR, 0.05, DJANGO_PROMETHEUS)
    assert window.open_window(scraped, OWN.target, OWN).before.idle_requests is None


def test_all_processes_of_the_target_must_have_been_scraped() -> None:
    """One that is due leaves nothing known of others' requests; one that is gone is not waited for."""
    due = opened({"a:1": [(99.97, 7, 7), (100.02, 7, 7)], "b:1": [(99.93, 7, 7), (99.98, 7, 7)]})
    assert due.before == window.QuietScrape(100.02, None)
    gone = opened({"a:1": [(100.5, 7, 7), (101.0, 7, 7)], "b:1": [(98.5, 7, 7), (99.0, 7, 7)]})
    assert gone.before == window.QuietScrape(101.0, 0)


def test_a_target_that_is_not_scraped_any_more_has_no_window() -> None:
    """It is named, with where to look."""
    with pytest.raises(PrometheusError, match=r'has not scraped job="web" for .* see its targets page'):
        opened({"a:1": [(98.5, 7, 7), (99.0, 7, 7)]})


@pytest.mark.parametrize(("profile", "idle"), [(OWN, 0), (THEIRS, 30)])
def test_t1_is_quiet_and_where_others_may_ask_also_still(profile: Profile, idle: int) -> None:
    """The load's own last requests are no reason to wait longer for a target that was started here."""
    made = replace(opened({"a:1": [(100.5, 7, 7), (101.0, 7, 7)]}), profile=profile, skew_s=0.0)
    assert made.scraped is not None
    later = replace(made.scraped, prometheus=Answers({"a:1": [(200.0, 70, 65), (201.0, 100, 100)]}))
    closed = replace(made, scraped=later).close(ended_s=200.5)
    assert (closed.window.start_s, closed.window.end_s) == (101.0, 201.0)
    assert (closed.window.idle_requests_start, closed.window.idle_requests_end) == (0, idle)
    assert set(closed.totals) == {"start", "end"}


@pytest.mark.parametrize(
    ("scrapes", "idle"),
    [
        ([(200.0, 70, 69), (201.0, 71, 70)], 0),
        ([(200.0, 71, 69), (201.0, 72, 71)], 0),
        ([(200.0, 70, 69, 69), (201.0, 72, 71, 71)], 0),
    ],
    ids=["all ended before", "one ended since", "another Prometheus scrapes"],
)
def test_t1_waits_for_requests_that_nobody_waits_for(scrapes: list[Scrape], idle: int) -> None:
    """One that ends while the target is scraped may be in some of its counters only: it must have ended before."""
    made = replace(opened({"a:1": [(100.5, 7, 6), (101.0, 8, 7)]}), skew_s=0.0)
    assert made.scraped is not None
    answers = Answers({"a:1": scrapes})
    asked = []

    def read(text: str) -> Reading | NoData:
        asked.append(text)
        return Answers.read(answers, text)

    answers.read = read  # type: ignore[method-assign]
    later = replace(made, scraped=replace(made.scraped, prometheus=answers))
    assert later.close(ended_s=199.5).window.end_s == 201.0
    first = len(asked)
    closed = later.close(ended_s=199.5, abandoned=True)
    assert closed.window.idle_requests_end == idle
    assert (len(asked) - first > first) == (scrapes[0][1] - scrapes[0][2] > 1)


def test_t1_is_later_than_the_last_response_on_the_servers_clock() -> None:
    """A scrape before it has not seen it: with a clock that is 10 s ahead, and within what clocks can be compared."""
    made = opened({"a:1": [(100.5, 7, 7), (101.0, 7, 7)]})
    assert made.scraped is not None
    scrapes = {"a:1": [(200.0, 70, 70), (201.0, 70, 70)]}
    later = replace(made, scraped=replace(made.scraped, prometheus=Answers(scrapes)), skew_s=10.0)
    assert later.close(ended_s=210.9).window.end_s == 201.0
    with pytest.raises(PrometheusError, match="has not scraped"):
        later.close(ended_s=211.0)


def test_a_target_without_prometheus_has_a_window_by_this_clock() -> None:
    """Never an empty one, and without totals at its end."""
    before_s = time.time()
    closed = window.open_unscraped(OWN.target, OWN, None).close(ended_s=before_s)
    assert closed.window.start_s >= before_s
    assert closed.window.length_s == pytest.approx(window.LEAST_S)
    assert (closed.prometheus_version, closed.instances, set(closed.totals)) == ("", (), {"start"})


def test_the_last_minutes_end_where_every_scrape_is_stored() -> None:
    """One interval ago; nothing is known of who asked."""
    prometheus = Answers({"a:1": [(99.0, 7, 7), (100.0, 7, 7)]}, now_s=1000.0)
    made = window.last_minutes(Scraped(prometheus, "2.42.0", SELECTOR, 5.0, DJANGO_PROMETHEUS), 60.0)
    assert (made.window.start_s, made.window.end_s, made.window.scrape_interval_s) == (935.0, 995.0, 5.0)
    assert (made.window.idle_requests_start, made.window.idle_requests_end) == (None, None)


def test_too_few_scrapes_are_no_range() -> None:
    """Four at least, named by the flag."""
    scraped = Scraped(Answers({"a:1": [(99.0, 7, 7)]}), "2.42.0", SELECTOR, 15.0, DJANGO_PROMETHEUS)
    with pytest.raises(UsageError, match=r"--range: 59 s hold fewer than 4 scrapes at one every 15 s"):
        window.last_minutes(scraped, 59.0)


@pytest.mark.parametrize(
    ("profile", "readings", "expected"),
    [
        (OWN, (Pressure(5.0, 10.0), Pressure(7.0, 110.0)), 0.02),
        (OWN, (None, Pressure(7.0, 110.0)), None),
        (OWN, (Pressure(5.0, 10.0), None), None),
        (THEIRS, (Pressure(5.0, 10.0), Pressure(7.0, 110.0)), None),
    ],
    ids=["a little", "not counted at t0", "not counted at t1", "another machine"],
)
def test_the_window_knows_how_busy_the_machine_of_its_target_was(
    monkeypatch: pytest.MonkeyPatch,
    profile: Profile,
    readings: tuple[Pressure | None, Pressure | None],
    expected: float | None,
) -> None:
    """From t0 to t1."""
    left = iter(readings)
    monkeypatch.setattr("harness.runtime.pressure.read", lambda: next(left))
    made = replace(opened({"a:1": [(100.5, 7, 7), (101.0, 7, 7)]}), profile=profile, skew_s=0.0)
    assert made.scraped is not None
    later = replace(made.scraped, prometheus=Answers({"a:1": [(200.0, 70, 70), (201.0, 70, 70)]}))
    assert replace(made, scraped=later).close(ended_s=200.5).window.waited_ratio == expected
