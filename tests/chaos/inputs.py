"""Files, answers, headers and URLs that mean no good, each handed to the command that reads it.

Right is exit code 0, 2 or 3 within the limit of time, one line that names the place for an error, and no traceback.
1 is right only where the command has judged something and says what failed: a changed number may be a wrong number.
"""

import json
import random
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.cli.main import main
from harness.config.profile import Profile
from harness.core.errors import HarnessError
from harness.evidence.client import server_timing
from harness.runs import manifest
from harness.runtime import target_client
from tests.chaos import answers, mutations, whole
from tests.chaos.commands import PROJECT
from tests.chaos.tally import Attempt
from tests.chaos.workers import Printed, working_in
from tests.unit.gate.arms import VIEW

RIGHT = frozenset({0, 2, 3})
JUDGED = re.compile(r'"status":\s*"fail"|\bFAIL\b|^fail', re.MULTILINE)
COMMANDING = re.compile(r"\x1b|\x07|##\[|^\s*::[a-z-]+(?: [^:]*)?::", re.MULTILINE)
BOARDS = PROJECT / "monitoring" / "grafana" / "dashboards"
RULES = PROJECT / "monitoring" / "prometheus" / "rules"
HEADER = (
    'mw-view;dur=1.500;desc="work:fast", mw-inner;desc="0123456789abcdef 0 12 utf-8 - a.html", '
    'mw-app;dur=2.500;desc="fedcba9876543210 77 127.0.0.1:80 a=b", mw-queue;dur=0.1, '
    'mw-db;dur=0.4;desc="default=execute:2", mw-cache;desc="get:1", mw-model;desc="shop.item=insert:1"'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one attack happens."""

    chance: random.Random
    own: Path
    """An empty directory."""

    def file(self, name: str, data: bytes) -> Path:
        """A new file."""
        path = self.own / name
        path.write_bytes(data)
        return path

    def spoilt(self, name: str, whole: bytes, dump: Callable[[Any], bytes] | None = None) -> Path:
        """A file made from a whole one: broken bytes, a broken tree, hostile contents, or no file at all."""
        path = self.file(name, whole)
        kind = self.chance.randrange(12)
        if kind == 0:
            mutations.special(self.chance, path)
        elif kind == 1:
            path.write_bytes(self.chance.choice(mutations.HOSTILE)())
        elif kind <= 5 or dump is None:
            path.write_bytes(mutations.raw(self.chance, whole))
        else:
            path.write_bytes(dump(whole))
        return path

    def json(self, whole: bytes) -> bytes:
        """JSON with a broken tree."""
        return json.dumps(mutations.tree(self.chance, json.loads(whole))).encode("utf-8", "surrogatepass")

    def yaml(self, whole: bytes) -> bytes:
        """YAML with a broken tree."""
        changed = mutations.tree(self.chance, yaml.safe_load(whole))
        try:
            return yaml.safe_dump(changed, allow_unicode=True).encode("utf-8", "surrogatepass")
        except RecursionError:  # of what writes it, which is slower to find its end than what reads it
            return json.dumps(changed).encode()

    def toml(self, whole: bytes) -> bytes:
        """TOML with values of other kinds, and keys that nobody knows."""
        lines = whole.decode().splitlines()
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            at = self.chance.randrange(len(lines))
            key = lines[at].partition("=")[0]
            value = self.chance.choice(
                (_toml(mutations.nasty(self.chance)), "1_0", "1979-05-27", "[1, 'a']", "{a = 1}")
            )
            lines[at] = f"{key or 'x'} = {value}" if self.chance.random() < 0.8 else lines[at] + lines[at]
        return "\n".join(lines).encode("utf-8", "surrogatepass")


def _toml(value: Any) -> str:
    try:
        return _literal(value)
    except RecursionError:
        return "[" * 400 + "]" * 400


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return "''" if value is None else json.dumps(value) if isinstance(value, str) else repr(value)


def _called(*arguments: str | Path) -> int:
    try:
        return int(main([str(each) for each in arguments]))
    except SystemExit as ended:
        return int(ended.code or 0) if not isinstance(ended.code, str) else 2


def profile(place: Place) -> int:
    """harness.toml."""
    config = place.spoilt("harness.toml", (PROJECT / "harness.toml").read_bytes(), place.toml)
    return _refused(place, "--config", config)


def rules(place: Place) -> int:
    """A file of rules."""
    files = sorted(RULES.glob("*.yml"))
    file = place.spoilt("rules.yml", place.chance.choice(files).read_bytes(), place.yaml)
    config = place.file("harness.toml", b"[profiles.x]\n")
    return _refused(place, "--config", config, "--rules", file)


def _refused(place: Place, *flags: str | Path) -> int:
    """A run that reads its input and then finds no Prometheus."""
    (place.own / "scenarios").mkdir(exist_ok=True)
    (place.own / "scenarios" / "mixed.py").touch()
    (place.own / "locustfile.py").touch()
    with answers.impostor_of(lambda _: answers.whole(b"", "404 Not Found")) as url:
        return _called("run", *flags, "--target", url, "--prometheus", url, "--quiet", "--out", place.own / "out")


def dashboard(place: Place) -> int:
    """A dashboard, against a Prometheus that answers."""
    files = sorted(BOARDS.glob("*.json"))
    file = place.spoilt("board.json", place.chance.choice(files).read_bytes(), place.json)
    with answers.impostor_of(answers.well) as url:
        return _dashboards(place, file, url)


def prometheus(place: Place) -> int:
    """Dashboards, against one that answers as it likes."""
    file = place.file("board.json", place.chance.choice(sorted(BOARDS.glob("*.json"))).read_bytes())
    share = place.chance.choice((0.02, 0.1, 0.3, 1.0))
    with answers.impostor_of(answers.dishonest(place.chance, share)) as url:
        return _dashboards(place, file, url)


def _dashboards(place: Place, file: Path, url: str) -> int:
    return _called("dashboards", file, "--prometheus", url, "--range", "30s", "--quiet", "--out", place.own / "out")


def metrics(place: Place) -> int:
    """A page of metrics, read by the doctor."""
    share = place.chance.choice((0.1, 1.0))
    with answers.impostor_of(answers.dishonest(place.chance, share)) as url:
        return _called("doctor", "--metrics", f"{url}/metrics")


def target(place: Place) -> int:
    """What a target reports of its state; an answer that cannot be used is a reason."""
    with answers.impostor_of(answers.dishonest(place.chance, 1.0)) as url:
        found = target_client.totals(url, Profile("x", state="/state", sql_log="/log"), ("state", "sql_log"))
    assert all({"error"} == set(each) or {"result"} == set(each) for each in found.values())
    return 0


def header(place: Place) -> int:
    """Headers of witnesses; nothing that is read of them is no value."""
    for _ in range(20):
        text = mutations.text(place.chance, HEADER)
        if place.chance.random() < 0.5:
            text = mutations.raw(place.chance, HEADER.encode()).decode("latin-1")
        server_timing.parse(text)
        found = server_timing.witness(text, "unrouted")
        assert isinstance(found, server_timing.Witness)
        server_timing.labels_in(found.labels)
    return 0


def stored_run(place: Place) -> int:
    """One file of a run directory, with a manifest that vouches for the broken one, or with none."""
    run = whole.copied(place.own / "run", place.chance.choice(whole.RUNS), sealed=place.chance.random() < 0.6)
    name = place.chance.choice(("run.json", "run.json", "evidence.json", "evidence.json", "samples-0.arrow"))
    name = place.chance.choice((name, name, name, "samples-1.arrow", "manifest.json"))
    file = run / name
    data = file.read_bytes() if file.exists() else b"{}"
    _replace(place, file, data, place.json if name.endswith("json") else None)
    if name != "manifest.json" and (run / "manifest.json").exists():
        with suppress(HarnessError):
            manifest.seal(run)
    return _called("verify", run, "--quiet")


def report(place: Place) -> int:
    """report.json, which is rendered again, alone or in an index."""
    run = whole.judged(place.own / "runs" / "run")
    _replace(place, run / "report.json", (run / "report.json").read_bytes(), place.json)
    with suppress(HarnessError):
        manifest.seal(run)
    return _called("report", run if place.chance.random() < 0.6 else run.parent, "--quiet")


def baseline(place: Place) -> int:
    """A kept run."""
    kept = whole.baselines(place.own / "kept")
    file = place.chance.choice(sorted(kept.iterdir()))
    _replace(place, file, file.read_bytes(), place.json)
    if place.chance.random() < 0.3:
        return _called("baseline", "csv", kept)
    out = ("--quiet", "--out", place.own / "out")
    return _called("gate", "--baseline", kept, "--candidate", kept, "--view", VIEW, *out)


def gate(place: Place) -> int:
    """gate.json of a paired gate."""
    directory = place.own / "gate"
    directory.mkdir()
    _replace(place, directory / "gate.json", whole.gate_record(), place.json)
    if place.chance.random() < 0.7:
        with suppress(HarnessError):
            manifest.seal(directory)
    return _called("verify", directory, "--quiet")


def _replace(place: Place, file: Path, data: bytes, dump: Callable[[Any], bytes] | None) -> None:
    """Put what is spoilt where the file was."""
    Place(place.chance, file.parent).spoilt(file.name, data, dump)


def url(place: Place) -> int:
    """URLs of targets and of Prometheus."""
    text = mutations.text(place.chance, "http://user:pw@127.0.0.1:1/a?b#c")[:5_000]
    flag = place.chance.choice(("--target", "--prometheus"))
    other = "--prometheus" if flag == "--target" else "--target"
    given = (f"{flag}={text}", f"{other}=http://127.0.0.1:1")
    (place.own / "locustfile.py").touch()
    with working_in(place.own):
        return _called("run", *given, "--quiet", "--out", place.own / "out")


KINDS: dict[str, tuple[Callable[[Place], int], int]] = {
    "profiles": (profile, 18),
    "rules": (rules, 14),
    "dashboards": (dashboard, 12),
    "stored runs": (stored_run, 6),
    "reports": (report, 6),
    "baselines": (baseline, 14),
    "gate records": (gate, 10),
    "Prometheus's answers": (prometheus, 8),
    "pages of metrics": (metrics, 1),
    "target's answers": (target, 5),
    "headers of witnesses": (header, 3),
    "URLs": (url, 3),
}
"""Name -> what is done, and its share."""


def attack(seed: int) -> Callable[[int, Path, Printed], Attempt]:
    """The attack of each number of a seed."""

    def made(number: int, directory: Path, printed: Printed) -> Attempt:
        chance = random.Random(f"{seed}/input/{number}")
        kind = chance.choices(list(KINDS), [share for _, share in KINDS.values()])[0]
        own = directory / f"{number}"
        own.mkdir()
        printed.take()
        began = time.monotonic()
        failed = ""
        code = 0
        try:
            code = KINDS[kind][0](Place(chance, own))
        except HarnessError as error:
            code = int(error.exit_code)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            failed = f"{type(error).__name__}: {error}"[:200]
        seconds = time.monotonic() - began
        told = printed.take()
        outcome = _dishonest(kind, code, told, own)
        crashed = next((line for line in reversed(told.splitlines()) if "a bug of the harness" in line), "")
        shutil.rmtree(own, ignore_errors=True)
        return Attempt(
            kind,
            f"input {number}: {kind}, exit code {code}",
            seconds,
            () if failed or crashed else outcome,
            traceback=failed or crashed[:200],
        )

    return made


def _dishonest(kind: str, code: int, told: str, own: Path) -> tuple[str, ...]:
    """What is wrong with the end."""
    found = []
    errors = [line for line in told.splitlines() if line.startswith("harness: ")]
    reports = [each for each in own.rglob("report.json") if each.is_file() and not each.is_symlink()]
    has_failed = (
        any(JUDGED.search(each.read_text("utf-8", "replace")) for each in reports) or kind == "pages of metrics"
    )
    if code not in RIGHT and not (code == 1 and has_failed):
        found.append(f"exit code {code}")
    if code == 2 and len(errors) != 1 and "usage: harness" not in told:
        found.append(f"{len(errors)} lines say what is wrong: {told[-200:]!r}")
    if code == 3 and len(errors) > 1:
        found.append(f"{len(errors)} lines say what is wrong")
    if command := COMMANDING.search(told):
        found.append(f"commands a terminal or a CI server: {told[max(0, command.start() - 60) : command.end() + 20]!r}")
    if "Traceback (most recent" in told and code != 70:
        found.append("prints a traceback")
    return tuple(found)
