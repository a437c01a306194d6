"""`harness run`: a profile's load, and the verdicts on the metrics."""

import argparse
from pathlib import Path

from harness.cli import completers, flags, output, profiles, settings, values
from harness.cli.flags import Commands
from harness.config import hosts, load_command


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    run = flags.add(
        commands,
        "run",
        "run a profile's load and verify the metrics",
        "harness run\n  harness run ci --users 30 --duration 2m\n  harness run --locustfile mine.py --target "
        "http://127.0.0.1:8000 --prometheus http://127.0.0.1:9090\n  harness run --locustfile mine.py -- --tenant t1   "
        "(what follows -- goes to the locustfile)\n  harness run --load-command 'k6 run --out csv={samples} script.js' "
        "--format k6-csv",
    )
    flags.add_profile(run)
    run.add_argument("--locustfile", metavar="FILE", type=Path, help="any locustfile instead of the profile's scenario")
    run.add_argument(
        "--load-command",
        metavar="COMMAND",
        help="a command that makes the load instead of Locust, and writes its results to {samples}; it may also use "
        "{target}, {duration} and {users}",
    )
    run.add_argument("--format", choices=load_command.FORMATS, help="what the command writes (docs/generators.md)")
    model = run.add_mutually_exclusive_group()
    model.add_argument("--users", metavar="N", type=values.whole, help="simulated users")
    model.add_argument(
        "--arrival-rate",
        metavar="R",
        type=values.arrival_rate,
        help="requests per second, planned ahead: an open model",
    )
    run.add_argument("--duration", metavar="TIME", type=values.some_duration, help="measured load, e.g. 30s or 5m")
    run.add_argument("--warmup", metavar="TIME", type=values.duration, help="load before the measurement, e.g. 3s")
    run.add_argument("--workers", metavar="N", type=values.whole, help="Locust processes")
    flags.add_workers(run)
    run.add_argument("--tags", metavar="TAG", action="append", help="run only tasks with this tag; repeatable")
    run.add_argument("--exclude-tags", metavar="TAG", action="append", help="run no task with this tag; repeatable")
    run.add_argument("--pace", choices=("own", "closed"), help="own: the scenario's wait times; closed: no waiting")
    flags.add_variant(run)
    fault = run.add_argument(
        "--fault", metavar="ID", help="break the monitoring on purpose (see `harness faults --list`)"
    )
    completers.offer(fault, completers.faults)
    run.add_argument("--target", metavar="URL", help="a running target, instead of the embedded one")
    run.add_argument("--prometheus", metavar="URL", help="the Prometheus that scrapes it")
    run.add_argument(
        "--dashboards",
        metavar="PATH",
        type=Path,
        help="Grafana dashboards whose panels are checked: a JSON file, or a directory of them",
    )
    flags.add_variables(run)
    run.add_argument(
        "--rules",
        metavar="PATH",
        type=Path,
        help="Prometheus rules that are loaded for the run and checked: a YAML file, or a directory of them",
    )
    run.add_argument(
        "--selector",
        metavar="MATCHERS",
        type=values.matchers,
        help="PromQL matchers of the target's series, e.g. 'job=\"web\"'",
    )
    run.add_argument(
        "--foreign-traffic",
        action="store_true",
        default=None,
        help="the target serves other clients; check lower bounds only",
    )
    run.add_argument(
        "--metrics-view",
        metavar="NAME",
        help="view label of the scrapes themselves (default: found by its growth)",
    )
    flags.add_live(run)
    run.add_argument("--out", metavar="DIR", type=Path, help="where to leave the run (default: reports/<run-id>)")
    flags.add_config(run)
    settings.add_set(run)
    flags.add_output(run)
    settings.add_connection(run, "prometheus", "target")
    run.set_defaults(handler=_run)


def _run(options: argparse.Namespace) -> int:
    profile, project = profiles.chosen(options)
    hosts.check_hosts(profile)
    from harness.faults import catalogue, injection
    from harness.runs import pipeline

    out = output.directory(options, project)
    if options.fault is None:
        with output.watched(options, profile) as reporter:
            return output.show(pipeline.run(profile, project, out, reporter), options)
    loaded = profiles.load(options)
    fault = catalogue.find(catalogue.of(loaded, project), options.fault)
    with injection.injected(loaded, profile, fault) as broken, output.watched(options, broken) as reporter:
        return output.show(pipeline.run(broken, project, out, reporter), options)
