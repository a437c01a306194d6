"""The run directory: what each stage leaves, and reading it again."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.core import outcome
from harness.core.codes import Code
from harness.core.document import first_line, read_json, unknown_key
from harness.core.errors import SHORTAGES, StoreError, UsageError
from harness.core.query import NoData, Query, Reading, Series
from harness.core.report import Report
from harness.core.rule import RuleHealth
from harness.core.run import EVIDENCE_VERSION, RUN_VERSION, Run, Shard
from harness.core.text import shorten
from harness.evidence import prometheus_evidence, target_totals
from harness.runs import manifest, raw_samples
from harness.runs.manifest import Manifest
from harness.runtime import files
from harness.runtime.load import shards

MOST_SCRAPES = 1_000_000
"""Scrapes of a window: eleven days at one a second."""
REASON_LIMIT = 200
"""Characters of what is wrong with an answer."""
REFUSED = "Prometheus refused the query"
"""How `error` began in evidence of before it had a code."""
T = TypeVar("T")


def new_run_id() -> str:
    """A name that sorts by time and is unique, e.g. `20260401-101500-3f9a52c8`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


class RunDirectory:
    """Reads and writes one run directory."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist yet; nothing is read or written here."""
        self.path = path

    def create(self) -> None:
        """Make the directory; raises UsageError when it is not empty or cannot be created."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()):
                raise UsageError(f"--out: {self.path} is not empty; name another directory")
            (self.path / "logs").mkdir()
        except OSError as error:
            kind = StoreError if error.errno in SHORTAGES else UsageError
            raise kind(f"--out: {self.path} cannot be created: {error.strerror}; name another directory") from None

    @property
    def logs(self) -> Path:
        """Where the processes write their output."""
        return self.path / "logs"

    def write_text(self, name: str, text: str) -> None:
        """Write a file of the run directory in one go, so that a reader never sees half of it."""
        self._write(name, text.encode("utf-8", "replace"))

    def _write(self, name: str, data: bytes) -> None:
        try:
            files.write_bytes(self.path / name, data)
        except OSError as error:
            raise StoreError(
                f"{self.path / name} cannot be written: {error.strerror}; free space, or name another place with --out"
            ) from None

    def check(self, made_anew: Collection[str] = ()) -> Manifest | None:
        """See that the directory is as it was sealed, but for files that are `made_anew`; its manifest, if it has one.

        Directories of before have none: nothing vouches for them. Raises StoreError that names the first file that was
        changed, removed or added, UsageError for a newer schema.
        """
        sealed = manifest.read(self.path)
        if sealed is not None:
            sealed.check(self.path, made_anew)
        elif (self.path / "run.json").exists():
            document = self._read_json("run.json")
            self._check_version(document, "run.json", RUN_VERSION)
            if document["schema_version"] == RUN_VERSION:
                raise StoreError(
                    f"{self.path / manifest.FILE} is missing: the run was cut before its end, or it was removed; "
                    "run it again"
                )
        return sealed

    def write_run(self, run: Run) -> None:
        """Write run.json."""
        self.write_text("run.json", _pretty(run))

    def read_run(self) -> Run:
        """Read run.json. Raises UsageError for no run directory or a newer schema, StoreError when it is damaged."""
        if not self.path.is_dir():
            raise UsageError(f"{self.path}: no such run directory")
        if not (self.path / "run.json").exists():
            if not any(self.path.glob("samples-*.arrow")):
                raise UsageError(
                    f"{self.path}: not a run directory: it has no run.json; name one that `harness run` made"
                )
            raise StoreError(
                f"{self.path}: run.json is missing: the run ended before it was judged; {self._rows():,} samples of it "
                "can be read; run it again"
            )
        document = self._read_json("run.json")
        self._check_version(document, "run.json", RUN_VERSION)
        if unknown := unknown_key(document, Run):
            raise StoreError(f"{self.path / 'run.json'}: unknown key {unknown}; the file is damaged, run again")
        run = self._convert(document, Run, "run.json")
        window = run.window
        length = window.length_s / window.scrape_interval_s if window.scrape_interval_s > 0 else 0.0
        if not 0 < length <= MOST_SCRAPES:
            raise StoreError(f"{self.path / 'run.json'}: its window is impossible; the file is damaged, run again")
        return run

    def _rows(self) -> int:
        """Samples that can be read, of whatever shards there are."""
        found = [Shard(file.name, "", None) for file in shards.find(self.path)]
        return sum(table.num_rows for table in shards.tables(self.path, found))

    def write_evidence(
        self,
        answers: Sequence[Mapping[str, Any]],
        totals: Mapping[str, Mapping[str, Any]],
        rules: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Write evidence.json: queries, times and answers, the target's own totals, and the health of the rules.

        Raw samples are in evidence.arrow.
        """
        index, columns = raw_samples.parted(answers)
        self._write(raw_samples.FILE, columns)
        lines = ",\n".join(msgspec.json.encode(answer).decode() for answer in index)
        ends, health = (msgspec.json.encode(each).decode() for each in (totals, rules))
        self.write_text(
            "evidence.json",
            f'{{"schema_version":{EVIDENCE_VERSION},"ledgers":{ends},"rules":{health},"answers":[\n{lines}\n]}}\n',
        )

    def read_evidence(self, exported: frozenset[str]) -> prometheus_evidence.Evidence:
        """Read evidence.json and evidence.arrow; `exported` are the names of the target's own metrics.

        Raises StoreError when it is missing or damaged.
        """
        document = self._read_json("evidence.json")
        self._check_version(document, "evidence.json", EVIDENCE_VERSION)
        answers: dict[Query, Reading | NoData] = {}
        if not isinstance(document.get("answers"), list):
            raise StoreError(f"{self.path / 'evidence.json'}: answers is not a list; the file is damaged, run again")
        raw = self._read_raw() if document["schema_version"] >= EVIDENCE_VERSION else {}
        for index, answer in enumerate(document["answers"]):
            try:
                query = Query(answer["query"], answer["time_s"], answer.get("start_s"), answer.get("step_s"))
                failed = answer.get("error")
                answers[query] = _failed(answer) if failed else raw_samples.reading_of(answer, raw.get(index, ()))
                prometheus_evidence.check_raw(query, answers[query], exported)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
                raise StoreError(
                    f"{self.path / 'evidence.json'}: answers[{index}] is damaged: {shorten(repr(error), 200)}"
                ) from None
        try:
            start, end = (target_totals.parse(document.get("ledgers", {}).get(when, {})) for when in ("start", "end"))
        except (TypeError, AttributeError) as error:
            raise StoreError(f"{self.path / 'evidence.json'}: ledgers is damaged: {error!r}") from None
        try:
            health = msgspec.convert(document.get("rules", []), tuple[RuleHealth, ...])
        except msgspec.ValidationError as error:
            raise StoreError(f"{self.path / 'evidence.json'}: rules is damaged: {error}") from None
        return prometheus_evidence.Evidence(answers, start, end, health)

    def _read_raw(self) -> dict[int, tuple[Series, ...]]:
        file = self.path / raw_samples.FILE
        try:
            return raw_samples.read(files.read_bytes(file))
        except FileNotFoundError:
            raise StoreError(f"{file} is missing; the run cannot be judged again, run it again") from None
        except (OSError, *raw_samples.UNREADABLE) as error:
            raise StoreError(f"{file} cannot be read: {first_line(error)}; the file is damaged, run again") from None

    def read_report(self, parse: Callable[[str], Report], made_anew: Collection[str] = ()) -> Report:
        """Read report.json. Raises UsageError when there is none, StoreError for a damaged or changed one.

        Files that are `made_anew` from it may be as they like.
        """
        file = self.path / "report.json"
        if file.exists():
            self.check(made_anew)
        try:
            report = parse(files.read_text(file))
        except FileNotFoundError:
            raise UsageError(
                f"{file} does not exist; name a judged run, or judge this one with `harness verify`"
            ) from None
        except (OSError, ValueError, RecursionError, OverflowError, MemoryError) as error:
            raise StoreError(
                f"{file} cannot be read: {first_line(error)}; make it again with `harness verify {self.path}`"
            ) from None
        status = outcome.overall(report.verdicts)
        if (report.status, report.exit_code) != (status, outcome.EXIT_CODES[status]):
            raise StoreError(
                f"{file} says {report.status}, but its verdicts say {status}: it was changed; make it again with "
                f"`harness verify {self.path}`"
            )
        return report

    def _check_version(self, document: Mapping[str, Any], name: str, newest: int) -> None:
        version = document.get("schema_version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise StoreError(f"{self.path / name}: schema_version is missing; the file is damaged, run again")
        if version > newest:
            raise UsageError(
                f"{self.path / name}: schema {version}, this harness reads up to {newest}; upgrade the harness"
            )

    def _read_json(self, name: str) -> dict[str, Any]:
        file = self.path / name
        try:
            document = read_json(files.read_text(file), finite=True)
        except FileNotFoundError:
            raise StoreError(f"{file} is missing; the run cannot be judged again, run it again") from None
        except (OSError, ValueError) as error:
            raise StoreError(f"{file} cannot be read: {error}; the file is damaged, run again") from None
        if not isinstance(document, dict):
            raise StoreError(f"{file}: not a JSON object; the file is damaged, run again")
        return document

    def _convert(self, document: Mapping[str, Any], to: type[T], name: str) -> T:
        try:
            return msgspec.convert(document, to)
        except (msgspec.ValidationError, ValueError, RecursionError, OverflowError) as error:
            raise StoreError(f"{self.path / name}: {first_line(error)}; the file is damaged, run again") from None


def _failed(answer: Mapping[str, Any]) -> NoData:
    """An answer that Prometheus did not give. Older evidence has no code and says it in `error` alone."""
    error = str(answer["error"])
    code = answer.get("code", Code.REFUSED if error.startswith(REFUSED) else Code.NO_ANSWER)
    return NoData(error, Code(code))


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"
