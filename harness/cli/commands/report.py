"""`harness report`: the formats of a stored run rendered again, or an index of several."""

import argparse
from pathlib import Path

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode, UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    report = flags.add(
        commands,
        "report",
        "render a stored run's reports again, or an index of several",
        "harness report reports/20260401-101500-3f9a52c8\n  harness report reports",
    )
    flags.add_run_directory(
        report,
        "run_dirs",
        "RUN_DIR",
        "a directory that `harness run` made; with several, or a directory of them, an index with trends is made",
        several=True,
    )
    report.add_argument(
        "--out", metavar="DIR", type=Path, help="where to leave the index (default: the directory of the runs)"
    )
    flags.add_output(report, "report.json, or the index's index.json,")
    report.set_defaults(handler=_report)


def _report(options: argparse.Namespace) -> int:
    paths: list[Path] = options.run_dirs
    if not any(path.is_dir() for path in paths):
        raise UsageError(f"{paths[0]}: no such directory; name one that `harness run` made, or one that holds several")
    from harness.runs import judge, report_index
    from harness.runtime import files

    if len(paths) == 1 and report_index.is_run(paths[0]):
        flags.refuse(options, ("out",), "one run, whose reports lie beside it")
        return output.show(judge.render_again(paths[0]), options)
    made, left_out = report_index.write(paths, options.out or (paths[0] if len(paths) == 1 else paths[0].parent))
    output.complain("".join(f"left out: {text}\n" for text in left_out))
    if options.json:
        output.write_json(files.read_text(made / report_index.JSON))
    elif not options.quiet:
        output.write(f"{made / report_index.HTML}\n")
    return int(ExitCode.PASSED)
