"""`harness compare`: two stored runs view by view."""

import argparse

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode, UsageError
from harness.core.report import Report


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    compare = flags.add(
        commands,
        "compare",
        "compare two stored runs view by view, as client and metric have them",
        "harness compare reports/20260401-101500-3f9a52c8 reports/20260402-101500-81c0ee21\n"
        "  harness compare reports/before reports/after --markdown",
    )
    flags.add_run_directory(compare, "before", "BEFORE", "a directory that `harness run` made", several=False)
    flags.add_run_directory(compare, "after", "AFTER", "another, made later", several=False)
    compare.add_argument("--markdown", action="store_true", help="print Markdown")
    compare.add_argument("-v", "--verbose", action="store_true", help="print every number, not only what changed")
    compare.set_defaults(handler=_compare)


def _compare(options: argparse.Namespace) -> int:
    from harness.report import comparison
    from harness.report.render import comparison as pages
    from harness.report.render import json_report
    from harness.runs.run_directory import RunDirectory

    read: list[Report] = []
    for path in (options.before, options.after):
        if not path.is_dir():
            raise UsageError(f"{path}: no such directory; name one that `harness run` made")
        report = RunDirectory(path).read_report(json_report.parse)
        if report.gate or not report.views:
            what = "a gate" if report.gate else "a report without views"
            raise UsageError(f"{path}: {what}, which has no numbers of views; name a run with a load")
        read.append(report)
    found = comparison.compare(*read)
    render = pages.render_markdown if options.markdown else pages.render_console
    output.write(render(found, everything=options.verbose))
    return int(ExitCode.PASSED)
