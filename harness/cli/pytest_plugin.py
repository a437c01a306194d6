"""A run inside of pytest: `pytest --harness-profile=ci` makes each verdict a test item; docs/pytest.md.

Nothing of the harness is imported before an option of it is given: pytest loads this module wherever it is installed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.core.report import Report
    from harness.core.verdict import Verdict

REPORT: "pytest.StashKey[Report]" = pytest.StashKey()
PROBLEM: "pytest.StashKey[str]" = pytest.StashKey()
"""Why there is no report of the run that was asked for."""
BRACKETS = str.maketrans("[]", "()")
"""pytest takes what stands in square brackets for parameters, and names the test otherwise in JUnit."""


class VerdictFailed(Exception):  # noqa: N818 - it names a verdict, and is shown without a traceback
    """A verdict that did not pass: FAIL or INCONCLUSIVE."""


class RunNode(pytest.Collector):
    """What the items of one run hang from."""

    def __init__(self, *, verdicts: "Sequence[Verdict]", **kwargs: Any) -> None:
        """Keep the verdicts of the run, which is over."""
        super().__init__(**kwargs)
        self._verdicts = verdicts

    def collect(self) -> "list[VerdictItem]":
        """A test for each verdict, none twice under one name."""
        seen: Counter[str] = Counter()
        items = []
        for verdict in self._verdicts:
            name = _name(" ".join(filter(None, (verdict.check, verdict.subject))))
            seen[name] += 1
            unique = name if seen[name] == 1 else f"{name} #{seen[name]}"
            items.append(VerdictItem.from_parent(self, name=unique, verdict=verdict))
        return items


class VerdictItem(pytest.Item):
    """One verdict as a test."""

    def __init__(self, *, verdict: "Verdict", **kwargs: Any) -> None:
        """Keep the verdict, so that a conftest can choose by it."""
        super().__init__(**kwargs)
        self.verdict = verdict

    def runtest(self) -> None:
        """Pass when the verdict does; anything else fails: missing data never passes."""
        with _crashes(None):
            for name, value in (("expected", self.verdict.expected), ("observed", self.verdict.observed)):
                if value is not None:
                    self.user_properties.append((name, f"{value:.6g}{self.verdict.unit and ' ' + self.verdict.unit}"))
            if self.verdict.status != "pass":
                raise VerdictFailed(f"{self.verdict.status.upper()}: {_clean(self.verdict.why)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict's own sentence, without a traceback."""
        if isinstance(excinfo.value, VerdictFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What stands in the summary."""
        return self.path, None, self.nodeid


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that begin with `--harness-`, beside those of Locust's own plugin."""
    group = parser.getgroup("harness", "metrics compared with a load that is recorded request by request")
    group.addoption("--harness-profile", metavar="NAME", help="run this profile; each verdict becomes a test")
    group.addoption("--harness-run", metavar="DIR", help="judge a stored run instead, without any load")
    group.addoption(
        "--harness-config", metavar="PATH", help="the profiles' file (default: ./harness.toml, or rootdir's)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be done before anything is started."""
    profile, stored = config.getoption("--harness-profile"), config.getoption("--harness-run")
    if profile is None and stored is None:
        if config.getoption("--harness-config"):
            raise pytest.UsageError("--harness-config: has no effect without --harness-profile=NAME")
        return
    if profile is not None and stored is not None:
        raise pytest.UsageError("--harness-run: not allowed with --harness-profile; leave one out")
    for flag, value in (("--harness-profile", profile), ("--harness-run", stored)):
        if value is not None and not value.strip():
            raise pytest.UsageError(f"{flag}: it is empty, so nothing would be verified; is a variable unset?")
    distributed = config.getoption("numprocesses", None) or config.getoption("dist", None) not in (None, "no")
    if hasattr(config, "workerinput") or distributed or config.getoption("tx", None):
        raise pytest.UsageError(
            "--harness-profile and --harness-run: one process runs the load; leave out -n, --dist and --tx"
        )
    if profile and config.option.collectonly:
        raise pytest.UsageError(
            "--harness-profile: the tests are known after the run; list those of a stored run with --harness-run=DIR"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run or judge, once, and add the verdicts; what -k and -m leave out is taken away after this."""
    profile, stored = config.getoption("--harness-profile"), config.getoption("--harness-run")
    if profile is None and stored is None:
        return
    with _crashes(None if stored is None else Path(stored)):
        report = _run(profile, config) if stored is None else _judged(Path(stored))
        if isinstance(report, str):
            config.stash[PROBLEM] = report
        else:
            config.stash[REPORT] = report
        name = _name(profile if isinstance(report, str) else report.profile) or "run"
        verdicts = _verdicts(report)
    node = RunNode.from_parent(session, name=name, nodeid=f"harness.{name}", verdicts=verdicts)
    collected = node.ihook.pytest_make_collect_report(collector=node)
    node.ihook.pytest_collectreport(report=collected)
    items.extend(collected.result)


@pytest.fixture(scope="session")
def harness_report(request: pytest.FixtureRequest) -> "Report":
    """The report of the run that --harness-profile or --harness-run asked for; skips the test without either.

    Fails the test when the run could not be made.
    """
    stash = request.config.stash
    if PROBLEM in stash:
        pytest.fail(f"the run could not be made: {stash[PROBLEM]}", pytrace=False)
    if REPORT not in stash:
        pytest.skip("no run was asked for: --harness-profile=NAME or --harness-run=DIR")
    return stash[REPORT]


def _run(name: str, config: pytest.Config) -> "Report | str":
    """The report of a run, or why it could not be made."""
    from harness.config import toml_file as profiles
    from harness.core.errors import ExitCode, HarnessError, UsageError
    from harness.runs import pipeline
    from harness.runs.progress import Reporter
    from harness.runs.run_directory import new_run_id
    from harness.runtime import files, interrupt
    from harness.runtime.load.distributed import gathering

    file = _profiles(config)
    try:
        text = files.read_text(file, files.INPUT_BYTES)
    except OSError as error:
        raise pytest.UsageError(f"--harness-config: {file} cannot be read: {error.strerror}") from None
    out = file.parent / "reports" / new_run_id()
    try:
        profile = profiles.parse(text, str(file)).profile(name)
        gathering.check_alone(profile, "pytest")
        with interrupt.installed(), _crashes(out):
            return _made(lambda: pipeline.run(profile, file.parent, out, Reporter(quiet=True)).report)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    except HarnessError as error:
        return str(error)
    except interrupt.Interrupted:
        pytest.exit("interrupted; what was started is stopped", returncode=ExitCode.INTERRUPTED)


def _made(run: "Callable[[], Report]") -> "Report | str":
    """The report, or what the machine has too little of to make one."""
    from harness.core.errors import SHORTAGES

    try:
        return run()
    except MemoryError:
        return "there is too little memory"
    except OSError as error:
        if error.errno not in SHORTAGES:
            raise
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


@contextmanager
def _crashes(directory: Path | None) -> Iterator[None]:
    """End the session with CRASHED for a bug of the harness, which must not look like a verdict that failed."""
    from harness.cli import crash
    from harness.core.errors import ExitCode, HarnessError

    try:
        yield
    except (pytest.UsageError, pytest.exit.Exception, HarnessError, VerdictFailed):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not look like a verdict
        pytest.exit(crash.report(error, directory), returncode=ExitCode.CRASHED)


def _profiles(config: pytest.Config) -> Path:
    """The file of profiles: as named, from where pytest was called or from its root directory."""
    given = config.getoption("--harness-config") or "harness.toml"
    places = [directory / given for directory in (config.invocation_params.dir, config.rootpath)]
    for file in places:
        if file.is_file():
            return file
    raise pytest.UsageError(f"--harness-config: {' or '.join(map(str, dict.fromkeys(places)))} does not exist")


def _judged(path: Path) -> "Report":
    from harness.core.errors import HarnessError
    from harness.runs import judge
    from harness.runs.run_directory import RunDirectory

    try:
        return judge.judge(RunDirectory(path))
    except HarnessError as error:
        raise pytest.UsageError(f"--harness-run: {error}") from None


def _verdicts(report: "Report | str") -> "Sequence[Verdict]":
    """Those of a report, or one that fails when there are none."""
    from harness.core.codes import Code
    from harness.core.verdict import Status, Verdict

    if not isinstance(report, str) and report.verdicts:
        return report.verdicts
    why = f"the run could not be made: {report}" if isinstance(report, str) else "the run has no verdict"
    return (Verdict("run", "", Status.INCONCLUSIVE, why, code=Code.NO_VERDICT),)


def _name(text: str) -> str:
    """What can stand in the name of a test."""
    return _clean(text).translate(BRACKETS).replace("::", ":").strip()


def _clean(text: str) -> str:
    from harness.core.text import clean

    return clean(text)
