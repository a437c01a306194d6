"""What the command line takes: the commands, their flags, and how a flag's text is read. Nothing is run here."""

import argparse
from pathlib import Path

from harness import __version__
from harness.config import readers
from harness.core.errors import UsageError

EXIT_CODES = """\
exit codes: 0 all checks pass; 1 something failed; 2 wrong usage; 3 inconclusive (could not be measured, or too little
data); 130 interrupted. A failure outranks an inconclusive check, and no data never passes."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; `command` of what it parses is the name of the command."""
    made = argparse.ArgumentParser(
        prog="harness",
        description="Load a Django app with Locust and prove that its Prometheus metrics say what really happened.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = made.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    verify = _add(
        commands, "verify", "judge a stored run again, offline", "harness verify reports/20260401-101500-3f9a"
    )
    report = _add(
        commands,
        "report",
        "render a stored run's reports again, or an index of several",
        "harness report reports/20260401-101500-3f9a\n  harness report reports",
    )
    verify.add_argument("run_dir", metavar="RUN_DIR", type=Path, help="a directory that `harness run` made")
    report.add_argument(
        "run_dirs",
        metavar="RUN_DIR",
        nargs="+",
        type=Path,
        help="a directory that `harness run` made; with several, or a directory of them, an index with trends is made",
    )
    report.add_argument(
        "--out", metavar="DIR", type=Path, help="where to leave the index (default: the directory of the runs)"
    )
    for command, printed in ((verify, "report.json"), (report, "report.json, or the index's index.json,")):
        command.add_argument("--json", action="store_true", help=f"print {printed} on standard output and nothing else")
        command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    _add_gate(commands)
    _add_baseline(commands)
    _add_faults(commands)
    _add_dashboards(commands)
    doctor = _add(
        commands,
        "doctor",
        "is everything here, and is a target's instrumentation wired right",
        "harness doctor --settings mysite.settings --cwd src\n  harness doctor --metrics http://127.0.0.1:8000/metrics",
    )
    doctor.add_argument("--settings", metavar="MODULE", help="also read this Django settings module")
    doctor.add_argument(
        "--cwd", metavar="DIR", type=Path, default=Path(), help="where that module can be imported (default: here)"
    )
    doctor.add_argument("--metrics", metavar="URL", help="also read a live /metrics")
    _add_config(doctor)
    up = _add(commands, "up", "keep the embedded stack running to look around, until Ctrl-C", "harness up")
    up.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="a profile of harness.toml (default: its default_profile)"
    )
    _add_variant(up)
    _add_config(up)
    return made


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = _add(
        commands,
        "run",
        "run a profile's load and verify the metrics",
        "harness run\n  harness run ci --users 30 --duration 2m\n  harness run --locustfile mine.py --target "
        "http://127.0.0.1:8000 --prometheus http://127.0.0.1:9090",
    )
    run.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="a profile of harness.toml (default: its default_profile)"
    )
    run.add_argument("--locustfile", metavar="FILE", type=Path, help="any locustfile instead of the profile's scenario")
    model = run.add_mutually_exclusive_group()
    model.add_argument("--users", metavar="N", type=_whole, help="simulated users")
    model.add_argument(
        "--arrival-rate", metavar="R", type=_arrival_rate, help="requests per second, planned ahead: an open model"
    )
    run.add_argument("--duration", metavar="TIME", type=_some_duration, help="measured load, e.g. 30s or 5m")
    run.add_argument("--warmup", metavar="TIME", type=_duration, help="load before the measurement, e.g. 3s")
    run.add_argument("--workers", metavar="N", type=_whole, help="Locust processes")
    run.add_argument("--pace", choices=("own", "closed"), help="own: the scenario's wait times; closed: no waiting")
    _add_variant(run)
    run.add_argument("--fault", metavar="ID", help="break the monitoring on purpose (see `harness faults --list`)")
    run.add_argument("--target", metavar="URL", help="a target that runs already, instead of the embedded one")
    run.add_argument("--prometheus", metavar="URL", help="the Prometheus that scrapes it")
    run.add_argument(
        "--dashboards",
        metavar="PATH",
        type=Path,
        help="Grafana dashboards whose panels are held against the truth: a JSON file, or a directory of them",
    )
    run.add_argument(
        "--rules",
        metavar="PATH",
        type=Path,
        help="Prometheus rules that are loaded for the run and judged: a YAML file, or a directory of them",
    )
    run.add_argument(
        "--selector",
        metavar="MATCHERS",
        type=_matchers,
        help="PromQL matchers of the target's series, e.g. 'job=\"web\"'",
    )
    run.add_argument(
        "--foreign-traffic", action="store_true", default=None, help="others use the target too: judge lower bounds"
    )
    run.add_argument("--out", metavar="DIR", type=Path, help="where to leave the run (default: reports/<run-id>)")
    _add_config(run)
    output = run.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help="print report.json on standard output and nothing else")


def _add_gate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    gate = _add(
        commands,
        "gate",
        "compare a candidate with its base",
        "harness gate --base main --candidate HEAD\n"
        "  harness gate --base HEAD --candidate 'env FAST=1 python -m gunicorn --bind 127.0.0.1:{port} mysite.wsgi'\n"
        "  harness gate --baseline baselines --candidate reports/20260401-101500-3f9a --view shop:item",
    )
    base = gate.add_mutually_exclusive_group(required=True)
    base.add_argument(
        "--base",
        metavar="REF|CMD|URL",
        help="run pairs: a git ref, a command line with {port} that starts the target, or the URL of one that runs",
    )
    base.add_argument("--baseline", metavar="DIR", type=Path, help="runs kept with `harness baseline add`")
    base.add_argument(
        "--self-test",
        metavar="REF|CMD",
        nargs="?",
        const="HEAD",
        help="run pairs of one side against itself, as it is and slowed, and tell how often the gate is right here "
        "(default: HEAD)",
    )
    gate.add_argument(
        "--slowdown", metavar="FACTOR", type=float, help="of the self-test: 1.1 is 10 %% slower (default: 1.1)"
    )
    gate.add_argument(
        "--candidate",
        metavar="REF|CMD|URL|RUN",
        nargs="+",
        default=[],
        help="as --base; beside --baseline, directories that `harness run` made, or a directory of kept runs",
    )
    pairs = gate.add_argument_group("pairs")
    pairs.add_argument(
        "--profile", metavar="NAME", help="a profile of harness.toml (default: gate, else its default_profile)"
    )
    pairs.add_argument(
        "--candidate-env",
        metavar="NAME=VALUE",
        type=_setting,
        action="append",
        default=[],
        help="set this in the candidate's environment alone; repeatable",
    )
    pairs.add_argument("--pairs", metavar="N", type=_whole, help="pairs at most, 5 at least (default: 10)")
    pairs.add_argument("--slices", metavar="N", type=_whole, help="slices of each side in a pair (default: 5)")
    pairs.add_argument("--slice", metavar="TIME", type=_some_duration, help="length of a slice (default: 5s)")
    _add_config(pairs)
    gate.add_argument(
        "--view",
        metavar="VIEW",
        action="append",
        default=[],
        help="view label whose latency is compared; repeatable (default: the profile's gated_views)",
    )
    gate.add_argument("--job", metavar="ID", help="the CI job of the candidate's runs (default: all are of one)")
    gate.add_argument("--out", metavar="DIR", type=Path, help="where to leave the reports (default: reports/gate-<id>)")
    output = gate.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help="print report.json on standard output and nothing else")


def _add_baseline(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    baseline = _add(
        commands,
        "baseline",
        "keep runs for later gates, and export them",
        "harness baseline add reports/20260401-101500-3f9a --job 4711 --commit 1a2b3c4\n"
        "  harness baseline csv baselines > history.csv",
    )
    actions = baseline.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    add = _add(actions, "add", "keep a run as a small JSON file", "harness baseline add reports/20260401-101500-3f9a")
    add.add_argument("run_dir", metavar="RUN", type=Path, help="a directory that `harness run` made")
    add.add_argument(
        "--to", metavar="DIR", type=Path, default=Path("baselines"), help="where to keep it (default: baselines)"
    )
    add.add_argument("--job", metavar="ID", help="the CI job of the run (default: as GitHub, GitLab or Jenkins tell)")
    add.add_argument("--commit", metavar="SHA", help="the commit that was measured (default: as the job)")
    csv = _add(
        actions,
        "csv",
        "print kept runs as the CSV that Apache Otava reads",
        "harness baseline csv baselines > history.csv",
    )
    csv.add_argument("dir", metavar="DIR", type=Path, help="where `harness baseline add` keeps them")


def _add_faults(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    faults = _add(
        commands,
        "faults",
        "break the monitoring on purpose and see that every lie is caught",
        "harness faults\n  harness faults one-replica wrong-bound --out reports/two\n  harness faults --list",
    )
    faults.add_argument("ids", nargs="*", metavar="ID", help="only these faults (default: all)")
    faults.add_argument("--list", action="store_true", help="print the faults and what they do, and run none")
    faults.add_argument(
        "--profile", metavar="NAME", default="faults", help="a profile of harness.toml (default: faults)"
    )
    faults.add_argument("--jobs", metavar="N", type=_whole, default=2, help="runs at the same time (default: 2)")
    faults.add_argument("--out", metavar="DIR", type=Path, help="where to leave the runs (default: reports/<run-id>)")
    _add_config(faults)
    output = faults.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help="print faults.json on standard output and nothing else")


def _add_dashboards(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    dashboards = _add(
        commands,
        "dashboards",
        "hold Grafana dashboards against a Prometheus that runs, without any load",
        "harness dashboards boards/ --prometheus http://127.0.0.1:9090 --selector 'job=\"web\"' --range 15m",
    )
    dashboards.add_argument(
        "paths", nargs="+", metavar="PATH", type=Path, help="a dashboard's JSON file, or a directory of them"
    )
    dashboards.add_argument("--prometheus", metavar="URL", required=True, help="the Prometheus that they ask")
    dashboards.add_argument(
        "--selector",
        metavar="MATCHERS",
        type=_matchers,
        help="PromQL matchers of the target's series (default: the profile's, or job=\"django\")",
    )
    dashboards.add_argument(
        "--range",
        metavar="TIME",
        type=_some_duration,
        default=300.0,
        help="the time range that the dashboards show, up to now (default: 5m)",
    )
    dashboards.add_argument(
        "--profile", metavar="NAME", help="take selector and background from a profile of harness.toml"
    )
    dashboards.add_argument("--out", metavar="DIR", type=Path, help="where to leave it (default: reports/<run-id>)")
    _add_config(dashboards)
    output = dashboards.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help="print report.json on standard output and nothing else")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    examples: str,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n  {examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_config(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--config", metavar="FILE", type=Path, default=Path("harness.toml"), help="profiles (default: ./harness.toml)"
    )


def _add_variant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--variant",
        metavar="NAME",
        action="append",
        default=[],
        help="also merge this [variants.NAME] of harness.toml into the profile; repeatable",
    )


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 up")
    return int(text)


def _arrival_rate(text: str) -> float:
    try:
        return readers.arrival_rate(float(text), "arrival_rate")
    except (UsageError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of requests per second above 0, up to {readers.MOST_ARRIVALS:,.0f}"
        ) from None


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE")
    return name, value


def _some_duration(text: str) -> float:
    if duration_s := _duration(text):
        return duration_s
    raise argparse.ArgumentTypeError("must be longer than 0 s; write for example 15s")


def _duration(text: str) -> float:
    try:
        return readers.seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("duration: ")) from None


def _matchers(text: str) -> str:
    try:
        return readers.matchers(text, "selector")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("selector: ")) from None
