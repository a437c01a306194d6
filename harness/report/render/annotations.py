"""GitHub's workflow commands: a line for each kind of verdict that did not pass, shown on the job and the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterable, Iterator

from harness.core.report import Report
from harness.core.text import shorten
from harness.core.verdict import Status, Verdict
from harness.report.render.folding import by_kind
from harness.report.render.headline import headline
from harness.report.render.overview import unsettled

COMMANDS = {Status.FAIL: "error", Status.INCONCLUSIVE: "warning"}
_NAMES = {Status.FAIL: "likely cause", Status.INCONCLUSIVE: "because"}
MOST = 10
"""GitHub shows no more errors and no more warnings of one step."""
TITLE = "harness"
TITLE_LIMIT, WHY_LIMIT = 120, 1000


def render(report: Report) -> str:
    """Return the commands, each on a line of its own; empty for a report that passed.

    The likely cause comes first. Verdicts of one kind are one line, at the file of their panel or rule if it has one.
    """
    lines = []
    for status, command in COMMANDS.items():
        causes = (report.causes if status is Status.FAIL else report.because)[: report.status is status]
        named = [_line(command, f"{_NAMES[status]}: {cause.id}", cause.text) for cause in causes]
        lines += [*named, *_verdicts(command, (v for v in unsettled(report) if v.status is status))][:MOST]
    if not lines and report.status is not Status.PASS:
        lines = [_line(COMMANDS[report.status], TITLE, headline(report))]
    return "".join(f"{line}\n" for line in lines)


def _verdicts(command: str, verdicts: Iterable[Verdict]) -> Iterator[str]:
    for kind in by_kind(verdicts):
        by_file: dict[str, list[Verdict]] = {}
        for verdict in kind.verdicts:
            by_file.setdefault(verdict.labels.get("file", ""), []).append(verdict)
        for file, own in by_file.items():
            title = f"{own[0].check} {own[0].subject}".rstrip()
            more = f" and {len(own) - 1} more" if len(own) > 1 else ""
            yield _line(command, f"{shorten(title, TITLE_LIMIT)}{more}", own[0].why, file)


def warn(text: str) -> str:
    """What went wrong beside the verdicts."""
    return f"{_line('warning', TITLE, text)}\n"


def fail(text: str) -> str:
    """Why there is no verdict."""
    return f"{_line('error', TITLE, text)}\n"


def _line(command: str, title: str, text: str, file: str = "") -> str:
    """`file` is shown where it is a path in the repository."""
    inside = file and not file.startswith("/") and ".." not in file.split("/")
    place = f"file={_property(shorten(file, TITLE_LIMIT))}," if inside else ""
    return f"::{command} {place}title={_property(shorten(title, TITLE_LIMIT + 20))}::{_data(shorten(text, WHY_LIMIT))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
