"""The files of `harness init` as text: harness.toml, the locustfile, the workflow. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from keyword import iskeyword

from harness.cli.init.project import ProjectFacts, View

CONFIG, LOCUSTFILE, WORKFLOW = "harness.toml", "load/locustfile.py", ".github/workflows/metrics.yml"
CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"


def chosen(facts: ProjectFacts) -> tuple[View, ...]:
    """The views that get a task, each once."""
    return tuple({each.view: each for each in facts.views if each.path}.values())


def config(facts: ProjectFacts, settings: str, cwd: str, python: str) -> str:
    """harness.toml. `cwd` is the directory of manage.py, relative to the file; `python` the interpreter that serves."""
    views = "\n".join(f"{_quoted(each.path)} = {_quoted(each.view)}" for each in chosen(facts))
    metrics = facts.metrics[0]
    return f"""\
# Written by `harness init` from {settings}. `harness run` starts the app, loads it, and verifies its metrics.
# Every key: docs/profiles.md of the harness.
default_profile = "smoke"

[defaults]
scenario = {_quoted(LOCUSTFILE)}
users = 5
warmup = "3s"
scrape_interval = "1s"

# Which view answers each request of the locustfile: name of the request -> view label. With a witness in the app
# (witness/README.md) each response says it, and latencies are bounded from both sides.
[defaults.views]
{views}

[profiles.smoke]
duration = "15s"
# Fail the run when users wait too long:
# thresholds = ["p95 < 500ms", "error_ratio < 1%"]

[profiles.smoke.start]
command = [{", ".join(_quoted(word) for word in _command(facts, python))}]
cwd = {_quoted(cwd)}
# Run first, e.g. on a database of the run's own:
# prepare = [[{_quoted(python)}, "manage.py", "migrate"]]
# A path that answers 200 when the app can serve, and the one that Prometheus scrapes.
ready = {_quoted(metrics)}
metrics = {_quoted(metrics)}
settings = {_quoted(settings)}

[profiles.smoke.start.env]
DJANGO_SETTINGS_MODULE = {_quoted(settings)}

# An app and a Prometheus that run already: `harness run staging`, and first
# `harness doctor --profile staging`. How they are reached: docs/connection.md of the harness.
# [profiles.staging]
# target = "https://staging.example.org"
# prometheus = "https://prometheus.example.org"
# selector = 'job="myapp"'
# allow_hosts = ["staging.example.org"]
"""


def locustfile(facts: ProjectFacts) -> str:
    """A task for each view that GET reaches; the others as comments, with the reason."""
    tasks = "\n".join(_task(name, each) for name, each in _named(chosen(facts)))
    left = "".join(f"# {_shown(each)}: {_one_line(each.why)}\n" for each in facts.views if not each.path)
    left_out = f"\n\n# Left out:\n{left}" if left else ""
    return f'''\
"""Written by `harness init`: a task for each view that GET reaches without arguments."""

from locust import HttpUser, between, task


class Visitor(HttpUser):
    """Asks for one view after the other, at random; `@task(3)` asks three times as often."""

    wait_time = between(0.05, 0.3)

{tasks}{left_out}'''


def workflow() -> str:
    """A job that verifies each pull request."""
    return f"""\
# Written by `harness init`. Replace OWNER/HARNESS@TAG by the repository of the harness and a tag of it.
name: metrics
on: [pull_request]
permissions:
  contents: read
jobs:
  verify:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - uses: OWNER/HARNESS@TAG
        with:
          arguments: run smoke
          requirements: -r requirements.txt
"""


def _command(facts: ProjectFacts, python: str) -> tuple[str, ...]:
    if facts.gunicorn and facts.wsgi:
        return (python, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--threads", "4", facts.wsgi)
    return (python, "manage.py", "runserver", "--noreload", "127.0.0.1:{port}")


def _task(name: str, view: View) -> str:
    # a redirect is the view's own answer: what it leads to is another view's request
    return f"""\
    @task
    def {name}(self):
        self.client.get({_quoted(view.path)}, allow_redirects=False)  # {_one_line(view.view)}
"""


def _named(views: Sequence[View]) -> Iterator[tuple[str, View]]:
    """A Python name for each, of the view's own."""
    used: set[str] = set()
    for view in views:
        name = re.sub(r"\W+", "_", view.view, flags=re.ASCII).strip("_").lower() or "view"
        if iskeyword(name) or name[0].isdigit() or name in ("client", "environment", "wait_time", "wait", "stop"):
            name = f"view_{name}"
        while name in used:
            name += "_"
        used.add(name)
        yield name, view


def _shown(view: View) -> str:
    return _one_line(view.view or f"/{view.route.lstrip('/')}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """A text as TOML and Python both read it."""
    return json.dumps(text, ensure_ascii=True)
