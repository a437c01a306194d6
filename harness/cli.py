"""The command line: parse, call the pipeline, write. No arithmetic."""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from harness import __version__, config, fault_runs, injection, interrupt, keys, pipeline, probe, progress
from harness.config import Config, Profile
from harness.errors import ExitCode, HarnessError, UsageError
from harness.faults import FAULTS
from harness.render import catalogue as catalogue_report
from harness.render import console, diagnosis
from harness.render import json as json_report

EXIT_CODES = """\
exit codes: 0 all checks pass; 1 something failed; 2 wrong usage; 3 inconclusive (could not be measured, or too little
data); 130 interrupted. A failure outranks an inconclusive check, and no data never passes."""


def entrypoint() -> NoReturn:
    """The `harness` command."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a HarnessError becomes one line on standard error."""
    options = _parser().parse_args(arguments)
    interrupt.install()
    try:
        return int(options.command(options))
    except HarnessError as error:
        progress.error(str(error))
        return error.exit_code
    except interrupt.Interrupted:
        progress.error("interrupted; what was started is stopped, what was recorded is kept")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Load a Django app with Locust and prove that its Prometheus metrics say what really happened.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    verify = _add(
        commands, "verify", "judge a stored run again, offline", _verify, "harness verify reports/20260401-101500-3f9a"
    )
    report = _add(
        commands,
        "report",
        "render a stored run's reports again",
        _report,
        "harness report reports/20260401-101500-3f9a",
    )
    for command in (verify, report):
        command.add_argument("run_dir", metavar="RUN_DIR", type=Path, help="a directory that `harness run` made")
        command.add_argument(
            "--json", action="store_true", help="print report.json on standard output and nothing else"
        )
        command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    _add_faults(commands)
    doctor = _add(
        commands,
        "doctor",
        "is everything here, and is a target's instrumentation wired right",
        _doctor,
        "harness doctor --settings mysite.settings --cwd src\n  harness doctor --metrics http://127.0.0.1:8000/metrics",
    )
    doctor.add_argument("--settings", metavar="MODULE", help="also read this Django settings module")
    doctor.add_argument(
        "--cwd", metavar="DIR", type=Path, default=Path(), help="where that module can be imported (default: here)"
    )
    doctor.add_argument("--metrics", metavar="URL", help="also read a live /metrics")
    _add_config(doctor)
    up = _add(commands, "up", "keep the embedded stack running to look around, until Ctrl-C", _up, "harness up")
    up.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="a profile of harness.toml (default: its default_profile)"
    )
    _add_variant(up)
    _add_config(up)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = _add(
        commands,
        "run",
        "run a profile's load and verify the metrics",
        _run,
        "harness run\n  harness run ci --users 30 --duration 2m\n  harness run --locustfile mine.py --target "
        "http://127.0.0.1:8000 --prometheus http://127.0.0.1:9090",
    )
    run.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="a profile of harness.toml (default: its default_profile)"
    )
    run.add_argument("--locustfile", metavar="FILE", type=Path, help="any locustfile instead of the profile's scenario")
    run.add_argument("--users", metavar="N", type=_whole, help="simulated users")
    run.add_argument("--duration", metavar="TIME", type=_some_duration, help="measured load, e.g. 30s or 5m")
    run.add_argument("--warmup", metavar="TIME", type=_duration, help="load before the measurement, e.g. 3s")
    run.add_argument("--workers", metavar="N", type=_whole, help="Locust processes")
    run.add_argument("--pace", choices=("own", "closed"), help="own: the scenario's wait times; closed: no waiting")
    _add_variant(run)
    run.add_argument("--fault", metavar="ID", help="break the monitoring on purpose (see `harness faults --list`)")
    run.add_argument("--target", metavar="URL", help="a target that runs already, instead of the embedded one")
    run.add_argument("--prometheus", metavar="URL", help="the Prometheus that scrapes it")
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


def _add_faults(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    faults = _add(
        commands,
        "faults",
        "break the monitoring on purpose and see that every lie is caught",
        _faults,
        "harness faults\n  harness faults one-replica wrong-bound --out reports/two\n  harness faults --list",
    )
    faults.add_argument("ids", nargs="*", metavar="ID", help="only these faults (default: all)")
    faults.add_argument("--list", action="store_true", help="print the faults and what they do, and run none")
    faults.add_argument(
        "--profile", metavar="NAME", default="faults", help="a profile of harness.toml (default: faults)"
    )
    faults.add_argument("--jobs", metavar="N", type=_whole, default=1, help="runs at the same time (default: 1)")
    faults.add_argument("--out", metavar="DIR", type=Path, help="where to leave the runs (default: reports/<run-id>)")
    _add_config(faults)
    output = faults.add_mutually_exclusive_group()
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")
    output.add_argument("--json", action="store_true", help="print faults.json on standard output and nothing else")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    command: object,
    examples: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n  {examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
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


def _some_duration(text: str) -> float:
    if duration_s := _duration(text):
        return duration_s
    raise argparse.ArgumentTypeError("must be longer than 0 s; write for example 15s")


def _duration(text: str) -> float:
    try:
        return keys.seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("duration: ")) from None


def _matchers(text: str) -> str:
    try:
        return keys.matchers(text, "selector")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("selector: ")) from None


def _run(options: argparse.Namespace) -> int:
    profile, project = _chosen(options)
    out = options.out or project / "reports" / pipeline.new_run_id()
    reporter = progress.Reporter(quiet=options.quiet)
    if options.fault is None:
        return _show(pipeline.run(profile, project, out, reporter), options)
    fault = injection.find(options.fault)
    with injection.injected(_load(options), profile, fault) as broken:
        return _show(pipeline.run(broken, project, out, reporter), options)


def _verify(options: argparse.Namespace) -> int:
    return _show(pipeline.verify(options.run_dir), options)


def _report(options: argparse.Namespace) -> int:
    return _show(pipeline.render_again(options.run_dir), options)


def _faults(options: argparse.Namespace) -> int:
    chosen = [injection.find(name) for name in dict.fromkeys(options.ids)] or list(FAULTS)
    if options.list:
        sys.stdout.write("".join(f"{fault.number:2}  {fault.id:<22} {fault.does}\n" for fault in chosen))
        return int(ExitCode.PASSED)
    profile = _load(options).profile(options.profile)
    injection.check_start(profile)
    out = options.out or options.config.resolve().parent / "reports" / f"faults-{pipeline.new_run_id()}"
    reporter = progress.Reporter(quiet=options.quiet)
    command = tuple(fault_runs.harness_run(options.config, profile.name))
    total = len(chosen) + 1
    with reporter.live():
        reporter.stage(f"the clean app and {len(chosen)} faults, {options.jobs} at a time, about 15 s each")
        done = iter(range(1, total + 1))
        made = fault_runs.run_all(
            chosen,
            command,
            out,
            options.jobs,
            lambda row: reporter.stage(f"{next(done)} of {total}  {row.id}: {row.outcome} {row.note}".rstrip()),
        )
    if options.json:
        sys.stdout.write(catalogue_report.render_json(made))
    elif not options.quiet:
        width, color = shutil.get_terminal_size((120, 24)).columns, sys.stdout.isatty()
        sys.stdout.write(catalogue_report.render_console(made, width=width, color=color, location=str(out)))
    return made.exit_code


def _doctor(options: argparse.Namespace) -> int:
    diagnoses = probe.examine(options.config.resolve().parent, options.settings, options.cwd, options.metrics)
    sys.stdout.write(diagnosis.render(diagnoses))
    return int(probe.exit_code(diagnoses))


def _up(options: argparse.Namespace) -> int:
    profile, project = _chosen(options)
    if profile.start is None:
        raise UsageError(
            f"{options.config}: profile {profile.name!r} starts nothing; `harness up` needs a [start] table"
        )
    with pipeline.up(profile, project, progress.Reporter()) as services:
        sys.stdout.write(f"target      {services.target}\nprometheus  {services.prometheus}\n")
        for server in services.servers:
            words = (f"{word.removeprefix(server.name)[1:]} {value}" for word, value in server.words.items())
            sys.stdout.write(f"{server.name:<10}  {server.version}: {', '.join(words)}\n")
        sys.stdout.write("Ctrl-C stops all.\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


def _chosen(options: argparse.Namespace) -> tuple[Profile, Path]:
    """The profile with the flags applied, and the directory that its paths are relative to."""
    flags = vars(options)
    if options.variant and (flags.get("target") or flags.get("prometheus")):
        raise UsageError("--variant: a target that runs already is not started, so it has no variants; leave it out")
    loaded = _load(options)
    project = options.config.resolve().parent
    profile = loaded.profile(options.profile, options.variant)
    given = {
        name: flags[flag]
        for flag, name in (
            ("users", "users"),
            ("duration", "duration_s"),
            ("warmup", "warmup_s"),
            ("workers", "workers"),
            ("pace", "pace"),
            ("selector", "selector"),
            ("foreign_traffic", "foreign_traffic"),
        )
        if flags.get(flag) is not None
    }
    if flags.get("locustfile"):
        given["scenario"] = str(flags["locustfile"].resolve())
    profile = replace(profile, **given)
    if flags.get("target") or flags.get("prometheus"):
        profile = pipeline.against(
            profile, flags["target"] or profile.target, flags["prometheus"] or profile.prometheus
        )
    return profile, project


def _load(options: argparse.Namespace) -> Config:
    """The config file; without one, a target that runs already can still be loaded."""
    try:
        text = options.config.read_text(encoding="utf-8")
    except FileNotFoundError:
        if getattr(options, "target", None) and options.config == Path("harness.toml"):
            return Config("built-in", {"default": Profile("default")}, "default")
        raise UsageError(
            f"--config: {options.config} does not exist; run in the project's directory, or name the file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--config: {options.config} cannot be read: {error}") from None
    return config.parse(text, str(options.config))


def _show(outcome: pipeline.Outcome, options: argparse.Namespace) -> int:
    if options.json:
        sys.stdout.write(json_report.render(outcome.report))
    elif not options.quiet:
        width = shutil.get_terminal_size((120, 24)).columns
        color = sys.stdout.isatty()
        sys.stdout.write(console.render(outcome.report, width=width, color=color, location=str(outcome.directory)))
    return int(outcome.report.exit_code)


if __name__ == "__main__":
    entrypoint()
