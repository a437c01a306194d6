"""A run inside of pytest: `pytest --harness-profile ci` makes each verdict a test item; docs/pytest.md.

Nothing of the harness is imported before an option of it is given: pytest loads this module wherever it is installed.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.model import Report, Verdict

REPORT: "pytest.StashKey[Report]" = pytest.StashKey()


class VerdictFailed(Exception):  # noqa: N818 - it names a verdict, and is shown without a traceback
    """A verdict that did not pass: FAIL or INCONCLUSIVE."""


class RunNode(pytest.Collector):
    """What the items of one run hang from."""

    def collect(self) -> "list[VerdictItem]":
        """Nothing: the items are made when the run is over."""
        return []


class VerdictItem(pytest.Item):
    """One verdict as a test."""

    def __init__(self, *, verdict: "Verdict", **kwargs: Any) -> None:
        """Keep the verdict, so that a conftest can choose by it."""
        super().__init__(**kwargs)
        self.verdict = verdict

    def runtest(self) -> None:
        """Pass when the verdict does; anything else fails, for no data never passes."""
        for name, value in (("expected", self.verdict.expected), ("observed", self.verdict.observed)):
            if value is not None:
                self.user_properties.append((name, f"{value:.6g}{self.verdict.unit and ' ' + self.verdict.unit}"))
        if self.verdict.status != "pass":
            raise VerdictFailed(f"{self.verdict.status.upper()}: {self.verdict.why}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict's own words, without a traceback."""
        if isinstance(excinfo.value, VerdictFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What stands in the summary."""
        return self.path, None, self.nodeid


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that begin with `--harness-`, beside those of Locust's own plugin."""
    group = parser.getgroup("harness", "metrics held against a load that is recorded request by request")
    group.addoption("--harness-profile", metavar="NAME", help="run this profile; each verdict becomes a test")
    group.addoption("--harness-run", metavar="DIR", help="judge a stored run instead, without any load")
    group.addoption("--harness-config", metavar="PATH", help="the profiles' file (default: harness.toml in rootdir)")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be done before anything is started."""
    profile, stored = config.getoption("--harness-profile"), config.getoption("--harness-run")
    if not (profile or stored):
        if config.getoption("--harness-config"):
            raise pytest.UsageError("--harness-config: means nothing without --harness-profile NAME")
        return
    if profile and stored:
        raise pytest.UsageError("--harness-run: not allowed with --harness-profile; leave one out")
    if hasattr(config, "workerinput") or config.getoption("numprocesses", None):
        raise pytest.UsageError("--harness-profile and --harness-run: one process runs the load; leave out -n")
    if profile and config.option.collectonly:
        raise pytest.UsageError(
            "--harness-profile: the tests are known after the run; list those of a stored run with --harness-run DIR"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run or judge, once, and add the verdicts; what -k and -m leave out is taken away after this."""
    profile, stored = config.getoption("--harness-profile"), config.getoption("--harness-run")
    if profile or stored:
        report = _judged(Path(stored)) if stored else _run(profile, config)
        config.stash[REPORT] = report
        items.extend(_items(session, report))


@pytest.fixture(scope="session")
def harness_report(request: pytest.FixtureRequest) -> "Report":
    """The report of the run that --harness-profile or --harness-run asked for; skips the test without either."""
    if REPORT not in request.config.stash:
        pytest.skip("no run was asked for: --harness-profile NAME or --harness-run DIR")
    return request.config.stash[REPORT]


def _run(name: str, config: pytest.Config) -> "Report":
    from harness import config as profiles  # noqa: PLC0415
    from harness import pipeline  # noqa: PLC0415
    from harness.errors import ExitCode, HarnessError, UsageError  # noqa: PLC0415
    from harness.progress import Reporter  # noqa: PLC0415

    file = config.rootpath / (config.getoption("--harness-config") or "harness.toml")
    if not file.is_file():
        raise pytest.UsageError(f"--harness-config: {file} does not exist")
    try:
        profile = profiles.parse(file.read_text(encoding="utf-8"), str(file)).profile(name)
        out = file.parent / "reports" / pipeline.new_run_id()
        return pipeline.run(profile, file.parent, out, Reporter(quiet=True)).report
    except (UsageError, UnicodeDecodeError) as error:
        raise pytest.UsageError(str(error)) from None
    except HarnessError as error:
        pytest.exit(f"the run could not be made: {error}", returncode=ExitCode.INCONCLUSIVE)


def _judged(path: Path) -> "Report":
    from harness import pipeline  # noqa: PLC0415
    from harness.errors import HarnessError  # noqa: PLC0415
    from harness.store import RunDirectory  # noqa: PLC0415

    try:
        return pipeline.judge(RunDirectory(path))
    except HarnessError as error:
        raise pytest.UsageError(f"--harness-run: {error}") from None


def _items(session: pytest.Session, report: "Report") -> Iterator[VerdictItem]:
    """A test for each verdict, and one that fails when there are none."""
    from harness.model import Status, Verdict  # noqa: PLC0415

    node = RunNode.from_parent(session, name=report.profile or "run", nodeid=f"harness[{report.profile or 'run'}]")
    verdicts = report.verdicts or (Verdict("run", "", Status.INCONCLUSIVE, "the run has no verdict"),)
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        name = " ".join(filter(None, (verdict.check, verdict.subject))).replace("::", ":")
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name} #{seen[name]}"
        yield VerdictItem.from_parent(node, name=unique, verdict=verdict)
