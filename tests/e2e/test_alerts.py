"""Every alert of the project is seen to fire, and to be silent just below its limit, on the real stack."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from harness.config import toml_file
from harness.config.profile import Act, Profile
from harness.core.report import Report
from harness.core.verdict import Status
from harness.runs import pipeline
from harness.runs.progress import Reporter
from tests.e2e.conftest import PROJECT, hold_against_the_oracle

pytestmark = pytest.mark.quiet

MIGRATED_IN_PART = (("{python}", "manage.py", "migrate", "--verbosity", "0", "data", "0003"),)
RULES = PROJECT / "monitoring" / "prometheus" / "rules"
ALERTS = frozenset(
    rule["alert"]
    for file in RULES.glob("*.yml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
)
LOCUSTFILE = """
import itertools

from locust import FastHttpUser, constant, constant_pacing, task


def of_hundred(bad, worse, better):
    "A cycle of a hundred in which `bad` are worse, spread evenly."
    return itertools.cycle([worse if place * bad % 100 < bad else better for place in range(100)])


SERVER = of_hundred({server}, "/work/status?code=500", "/work/status?code=200")
BODY = of_hundred({client}, "no JSON", "[]")
DATABASE = of_hundred({database}, "/data/caught", "/data/read")
CACHE = of_hundred({cache}, "/data/cache-miss", "/data/cache-hit")


class Steady(FastHttpUser):
    fixed_count = 2
    wait_time = constant_pacing(0.1)

    @task
    def all(self):
        for path in (next(SERVER), next(DATABASE), next(CACHE)):
            self.ask(path)
        self.post(next(BODY))

    def ask(self, path):
        with self.client.get(path, catch_response=True) as response:
            response.success()

    def post(self, body):
        headers = {{"Content-Type": "application/json"}}
        with self.client.post("/work/submit", data=body, headers=headers, catch_response=True) as response:
            response.success()


class Slow(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def wait(self):
        self.client.get("/work/wait?ms={slow_ms}", name="/work/wait")


class Hanging(FastHttpUser):
    wait_time = constant(0)

    @task
    def hang(self):
        self.client.get("/work/wait?ms={hang_ms}", name="/work/wait")
"""


@dataclass(frozen=True)
class Load:
    """Of a hundred requests each, how many go wrong; and how long the slow ones take."""

    server: int
    client: int
    database: int
    cache: int
    slow_ms: int
    hang_ms: int
    users: int

    @property
    def locustfile(self) -> str:
        return LOCUSTFILE.format(**{name: getattr(self, name) for name in self.__dataclass_fields__})


BAD = Load(server=6, client=24, database=4, cache=54, slow_ms=1300, hang_ms=4900, users=60)
"""6 % 5xx, 24 % 4xx, 4 % of the statements, 46 % hits, 1.3 s, and each second one more request waits."""
GOOD = Load(server=4, client=16, database=1, cache=46, slow_ms=700, hang_ms=700, users=4)
"""4 % 5xx, 16 % 4xx, 1 % of the statements, 54 % hits, 0.7 s, and as many wait all the time."""


def profile(tmp_path: Path, load: Load, duration_s: float, **changes: object) -> Profile:
    """The project's own profile and rules, with another load; `changes` are those of its start."""
    scenario = tmp_path / "locustfile.py"
    scenario.write_text(load.locustfile)
    own = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert own.start is not None
    assert own.rules == ("monitoring/prometheus/rules",)
    start = replace(own.start, env={**own.start.env, "TARGET_THREADS": "64"}, **changes)  # type: ignore[arg-type]
    return replace(
        own,
        scenario=str(scenario),
        users=load.users,
        spawn_rate=1.0,
        warmup_s=0.0,
        duration_s=duration_s,
        dashboards=(),
        thresholds=(),
        start=start,
    )


def run(tmp_path: Path, chosen: Profile) -> Report:
    report = pipeline.run(chosen, PROJECT, tmp_path / "run", Reporter(quiet=True)).report
    hold_against_the_oracle(tmp_path / "run")
    return report


def told(report: Report) -> Mapping[str, str]:
    """What the check says of each alert; each must be as it had to be."""
    verdicts = {each.subject.rpartition(" / ")[2]: each for each in report.verdicts if each.check == "alerts"}
    findings = [each for each in report.findings if each.check == "alerts"]
    assert [each.why for each in verdicts.values() if each.status is not Status.PASS] == []
    assert findings == []
    assert set(verdicts) == ALERTS
    return {name: each.why for name, each in verdicts.items()}


def firing(report: Report) -> set[str]:
    return {name for name, why in told(report).items() if why.startswith("it fires")}


def test_all_that_judge_the_app_fire_when_it_is_bad(tmp_path: Path) -> None:
    """What `BAD` says, and a migration that is missing: each fires in the evaluation in which it must."""
    chosen = profile(tmp_path, BAD, 45.0, prepare=MIGRATED_IN_PART, ready="/work/fast")
    report = run(tmp_path, chosen)
    assert firing(report) == ALERTS - {"TargetDown", "ScrapeGap"}
    assert "for work:status" in told(report)["ServerErrorRatioHigh"]
    assert report.rule_scale == pytest.approx(1 / 15)


def test_none_fires_when_all_is_a_little_below_its_limit(tmp_path: Path) -> None:
    """What `GOOD` says, with all migrations: a run as long, and silence."""
    assert firing(run(tmp_path, profile(tmp_path, GOOD, 45.0))) == set()


def about_scrapes(report: Report) -> tuple[set[str], list[str]]:
    """Which alerts on scrapes fired, each as it had to; and which alerts of all failed.

    A gap leaves others open: what grew when the scrapes ended seems to grow on, as far as anybody can tell.
    """
    verdicts = {each.subject.rpartition(" / ")[2]: each for each in report.verdicts if each.check == "alerts"}
    own = {name: verdicts[name] for name in ("TargetDown", "ScrapeGap")}
    assert [each.why for each in own.values() if each.status is not Status.PASS] == []
    failed = [each.why for each in verdicts.values() if each.status is Status.FAIL]
    return {name for name, each in own.items() if each.why.startswith("it fires")}, failed


def stopped(for_s: float) -> tuple[Act, ...]:
    """The target and its workers do not answer for a while."""
    return (Act(4.0, ("sh", "-c", f"kill -STOP -{{target_pid}}; sleep {for_s:g}; kill -CONT -{{target_pid}}")),)


def test_a_target_that_is_down_fires(tmp_path: Path) -> None:
    """Nine seconds, where four scaled ones are the limit; the scrapes of twelve seconds lack more than a quarter."""
    fired, failed = about_scrapes(run(tmp_path, profile(tmp_path, GOOD, 26.0, acts=stopped(9.0))))
    assert (fired, failed) == ({"TargetDown", "ScrapeGap"}, [])


@pytest.mark.long
def test_a_target_that_is_away_for_a_moment_does_not(tmp_path: Path) -> None:
    """Two scrapes that fail are neither four seconds nor a quarter."""
    fired, failed = about_scrapes(run(tmp_path, profile(tmp_path, GOOD, 20.0, acts=stopped(1.6))))
    assert (fired, failed) == (set(), [])
