"""The command line: parse, call the pipeline, write. No arithmetic."""

import argparse
import errno
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from harness.cli import doctor, github_actions
from harness.cli.doctor import render
from harness.cli.options import parser
from harness.config import toml_file
from harness.config.profile import Profile
from harness.config.toml_file import Config
from harness.core.errors import ExitCode, HarnessError, UsageError
from harness.core.outcome import EXIT_CODES
from harness.faults import catalogue, injection, run_all
from harness.faults import render as fault_report
from harness.gate import self_test
from harness.gate.baseline import commands
from harness.gate.pairs import gate_record, paired_gate
from harness.report.render import console, json_report
from harness.runs import observe, pipeline, progress, report_index
from harness.runtime import interrupt

GATE = "gate"
"""The profile that a paired gate takes when none is named."""
REFUSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
UNWRITTEN = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)
PAIRED_FLAGS = ("profile", "candidate_env", "pairs", "slices", "slice")


def entrypoint() -> NoReturn:
    """The `harness` command."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a HarnessError becomes one line on standard error."""
    options = parser().parse_args(arguments)
    interrupt.install()
    if sys.stdout is None:  # closed by the caller
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open for as long as the process is
    try:
        code = int(COMMANDS[options.command](options))
        sys.stdout.flush()
    except HarnessError as error:
        progress.error(str(error))
        sys.stderr.write(github_actions.tell_error(str(error), os.environ))
        return error.exit_code
    except interrupt.Interrupted:
        progress.error("interrupted; what was started is stopped, what was recorded is kept")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.USAGE
    except OSError as error:
        return _unusable(error)
    return code


def _unusable(error: OSError) -> int:
    """What the system refuses: a path, by its name, or standard output. Any other is a bug and keeps its traceback."""
    if error.filename is not None and error.errno in REFUSED:
        progress.error(f"{error.filename}: {error.strerror}; name another path, or see who may read it")
        return ExitCode.USAGE
    if error.filename is None and error.errno in UNWRITTEN:
        progress.error(f"standard output cannot be written: {error.strerror}; the reports are where --out says")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again as it ends
        return ExitCode.INCONCLUSIVE
    raise error


def _run(options: argparse.Namespace) -> int:
    profile, project = _chosen(options)
    out = options.out or project / "reports" / pipeline.new_run_id()
    reporter = progress.Reporter(quiet=options.quiet)
    if options.fault is None:
        return _show(pipeline.run(profile, project, out, reporter), options)
    loaded = _load(options)
    fault = catalogue.find(catalogue.of(loaded, project), options.fault)
    with injection.injected(loaded, profile, fault) as broken:
        return _show(pipeline.run(broken, project, out, reporter), options)


def _verify(options: argparse.Namespace) -> int:
    if gate_record.is_gate(options.run_dir):
        return _show(paired_gate.verify(options.run_dir), options)
    return _show(pipeline.verify(options.run_dir), options)


def _report(options: argparse.Namespace) -> int:
    paths: list[Path] = options.run_dirs
    if len(paths) == 1 and report_index.is_run(paths[0]):
        _refuse(options, ("out",), "one run, whose reports lie beside it")
        return _show(pipeline.render_again(paths[0]), options)
    made, left_out = report_index.write(paths, options.out or (paths[0] if len(paths) == 1 else paths[0].parent))
    sys.stderr.write("".join(f"left out: {text}\n" for text in left_out))
    if options.json:
        sys.stdout.write((made / report_index.JSON).read_text(encoding="utf-8"))
    elif not options.quiet:
        sys.stdout.write(f"{made / report_index.HTML}\n")
    return int(ExitCode.PASSED)


def _gate(options: argparse.Namespace) -> int:
    if options.self_test is not None:
        return _self_test(options)
    _refuse(options, ("slowdown",), "--base or --baseline")
    if not options.candidate:
        raise UsageError("--candidate is missing: name what is compared with the base")
    if options.base is None:
        _refuse(options, PAIRED_FLAGS, "--baseline")
        out = options.out or Path("reports") / f"gate-{pipeline.new_run_id()}"
        candidate = [Path(each) for each in options.candidate]
        return _show(commands.gate(options.baseline, candidate, options.view, options.job, out), options)
    _refuse(options, ("job",), "--base")
    if len(options.candidate) > 1:
        raise UsageError("--candidate: one git ref or command line beside --base; put a command in quotation marks")
    profile, project = _gate_profile(options)
    asked = _asked(options, options.base, options.candidate[0], profile)
    out = options.out or project / "reports" / f"gate-{pipeline.new_run_id()}"
    return _show(paired_gate.run(asked, profile, project, out, progress.Reporter(quiet=options.quiet)), options)


def _self_test(options: argparse.Namespace) -> int:
    _refuse(options, ("candidate", "job"), "--self-test")
    profile, project = _gate_profile(options)
    asked = _asked(options, options.self_test, options.self_test, profile)
    out = options.out or project / "reports" / f"self-test-{pipeline.new_run_id()}"
    factor = self_test.SLOWDOWN if options.slowdown is None else options.slowdown
    found = self_test.run(asked, factor, profile, project, out, progress.Reporter(quiet=options.quiet))
    if options.json:
        sys.stdout.write(self_test.render_json(found))
    elif not options.quiet:
        sys.stdout.write(self_test.render(found, str(out)))
    return found.exit_code


def _gate_profile(options: argparse.Namespace) -> tuple[Profile, Path]:
    loaded = _load(options)
    profile = loaded.profile(options.profile or (GATE if GATE in loaded.profiles else None))
    return profile, options.config.resolve().parent


def _asked(options: argparse.Namespace, base: str, candidate: str, profile: Profile) -> gate_record.Asked:
    return gate_record.Asked(
        base=base,
        candidate=candidate,
        views=tuple(dict.fromkeys(options.view)) or profile.gated_views,
        pairs=options.pairs or gate_record.PAIRS,
        slices=options.slices or gate_record.SLICES,
        slice_s=options.slice or gate_record.SLICE_S,
        candidate_env=tuple(options.candidate_env),
    )


def _refuse(options: argparse.Namespace, names: Sequence[str], beside: str) -> None:
    """Flags of the other kind of gate would be ignored."""
    for name in names:
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')}: means nothing beside {beside}; leave it out")


def _baseline(options: argparse.Namespace) -> int:
    if options.action == "csv":
        text, left_out = commands.export(options.dir)
        sys.stdout.write(text)
        if left_out:
            sys.stderr.write(f"left out, since not every run has them: {', '.join(left_out)}\n")
        return int(ExitCode.PASSED)
    file, status = commands.add(options.run_dir, options.to, options.job, options.commit, os.environ)
    sys.stdout.write(f"{file}: kept; its own verification: {status}\n")
    return int(EXIT_CODES[status])


def _faults(options: argparse.Namespace) -> int:
    loaded = _load(options)
    known = catalogue.of(loaded, options.config.resolve().parent)
    chosen = [catalogue.find(known, name) for name in dict.fromkeys(options.ids)] or list(known)
    if options.list:
        sys.stdout.write("".join(f"{fault.number:2}  {fault.id:<22} {fault.does}\n" for fault in chosen))
        return int(ExitCode.PASSED)
    profile = loaded.profile(options.profile)
    injection.check_start(profile)
    out = options.out or options.config.resolve().parent / "reports" / f"faults-{pipeline.new_run_id()}"
    reporter = progress.Reporter(quiet=options.quiet)
    command = tuple(run_all.harness_run(options.config, profile.name))
    total = len(chosen) + 1
    with reporter.live():
        reporter.stage(f"the clean app and {len(chosen)} faults, {options.jobs} at a time")
        done = iter(range(1, total + 1))
        made = run_all.run_all(
            chosen,
            command,
            out,
            options.jobs,
            lambda row: reporter.stage(f"{next(done)} of {total}  {row.id}: {row.outcome} {row.note}".rstrip()),
        )
    if options.json:
        sys.stdout.write(fault_report.render_json(made))
    elif not options.quiet:
        width, color = shutil.get_terminal_size((120, 24)).columns, sys.stdout.isatty()
        sys.stdout.write(fault_report.render_console(made, width=width, color=color, location=str(out)))
    return made.exit_code


def _dashboards(options: argparse.Namespace) -> int:
    here = options.config.resolve().parent
    known = options.profile is not None or options.config.exists()
    profile = _load(options).profile(options.profile) if known else Profile("built-in")
    profile = replace(profile, prometheus=options.prometheus, selector=options.selector or profile.selector)
    asked = observe.read([str(path.resolve()) for path in options.paths], here)
    out = options.out or here / "reports" / f"dashboards-{pipeline.new_run_id()}"
    return _show(pipeline.prove(asked, profile, options.range, out, progress.Reporter(quiet=options.quiet)), options)


def _doctor(options: argparse.Namespace) -> int:
    diagnoses = doctor.examine(options.config.resolve().parent, options.settings, options.cwd, options.metrics)
    sys.stdout.write(render.render(diagnoses))
    return int(doctor.exit_code(diagnoses))


def _up(options: argparse.Namespace) -> int:
    profile, project = _chosen(options)
    if profile.start is None:
        raise UsageError(
            f"{options.config}: profile {profile.name!r} starts nothing; `harness up` needs a [start] table"
        )
    with pipeline.up(profile, project, progress.Reporter()) as services:
        sys.stdout.write(f"target      {services.target}\nprometheus  {services.prometheus}\n")
        for server in services.servers:
            own = (f"{name.removeprefix(server.name)[1:]} {value}" for name, value in server.placeholders.items())
            sys.stdout.write(f"{server.name:<10}  {server.version}: {', '.join(own)}\n")
        sys.stdout.write("Ctrl-C stops all.\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


def _chosen(options: argparse.Namespace) -> tuple[Profile, Path]:
    """The profile with the flags applied, and the directory that its paths are relative to."""
    flags = vars(options)
    if flags.get("arrival_rate") and flags.get("pace"):
        raise UsageError("--pace: not allowed with --arrival-rate, which does not wait for users; leave one out")
    if options.variant and (flags.get("target") or flags.get("prometheus")):
        raise UsageError("--variant: a target that runs already is not started, so it has no variants; leave it out")
    loaded = _load(options)
    project = options.config.resolve().parent
    profile = loaded.profile(options.profile, options.variant)
    given = {
        name: flags[flag]
        for flag, name in (
            ("users", "users"),
            ("arrival_rate", "arrival_rate"),
            ("duration", "duration_s"),
            ("warmup", "warmup_s"),
            ("workers", "workers"),
            ("pace", "pace"),
            ("selector", "selector"),
            ("foreign_traffic", "foreign_traffic"),
        )
        if flags.get(flag) is not None
    }
    if flags.get("users") or flags.get("pace"):
        given["arrival_rate"] = None
    if flags.get("locustfile"):
        given["scenario"] = str(flags["locustfile"].resolve())
    profile = replace(profile, **given)
    if flags.get("target") or flags.get("prometheus"):
        profile = pipeline.against(
            profile, flags["target"] or profile.target, flags["prometheus"] or profile.prometheus
        )
    if flags.get("dashboards"):
        profile = replace(profile, dashboards=(str(flags["dashboards"].resolve()),))
    if flags.get("rules"):
        profile = replace(profile, rules=(str(flags["rules"].resolve()),))
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
    return toml_file.parse(text, str(options.config))


def _show(outcome: pipeline.Outcome, options: argparse.Namespace) -> int:
    if options.json:
        sys.stdout.write(json_report.render(outcome.report))
    elif not options.quiet:
        width = shutil.get_terminal_size((120, 24)).columns
        color = sys.stdout.isatty()
        sys.stdout.write(console.render(outcome.report, width=width, color=color, location=str(outcome.directory)))
    sys.stderr.write(github_actions.tell(outcome.report, os.environ))
    return int(outcome.report.exit_code)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "verify": _verify,
    "report": _report,
    "gate": _gate,
    "baseline": _baseline,
    "faults": _faults,
    "dashboards": _dashboards,
    "doctor": _doctor,
    "up": _up,
}


if __name__ == "__main__":
    entrypoint()
