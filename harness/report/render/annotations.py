"""GitHub's workflow commands: a line for each verdict that did not pass, shown on the job and the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from harness.core.report import Report
from harness.core.text import shorten
from harness.core.verdict import Status
from harness.report.render.headline import headline
from harness.report.render.overview import unsettled

COMMANDS = {Status.FAIL: "error", Status.INCONCLUSIVE: "warning"}
MOST = 10
"""GitHub shows no more errors and no more warnings of one step."""
TITLE = "harness"
TITLE_LIMIT, WHY_LIMIT = 120, 1000


def render(report: Report) -> str:
    """Return the commands, each on a line of its own; empty for a report that passed."""
    lines = [
        _line(COMMANDS[verdict.status], f"{verdict.check} {verdict.subject}".rstrip(), verdict.why)
        for status in COMMANDS
        for verdict in [each for each in unsettled(report) if each.status is status][:MOST]
    ]
    if not lines and report.status is not Status.PASS:
        lines = [_line(COMMANDS[report.status], TITLE, headline(report))]
    return "".join(f"{line}\n" for line in lines)


def warn(text: str) -> str:
    """What went wrong beside the verdicts."""
    return f"{_line('warning', TITLE, text)}\n"


def fail(text: str) -> str:
    """Why there is no verdict."""
    return f"{_line('error', TITLE, text)}\n"


def _line(command: str, title: str, text: str) -> str:
    return f"::{command} title={_property(shorten(title, TITLE_LIMIT))}::{_data(shorten(text, WHY_LIMIT))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
