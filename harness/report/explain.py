"""The page of a check, fault, cause, finding, code, alert or limit, by its id: from the documentation, offline.

A wheel carries the pages; in a checkout they are those of docs/.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.checks import CHECKS
from harness.report.because import OTHER, REASONS
from harness.report.blind_spots import BLIND_SPOTS
from harness.report.cause_rules import RULES, CauseRule, Noticed

_CODE = re.compile(r"^\| `([a-z0-9-]+)` \| (.+?) \|", re.MULTILINE)
_ALERT = re.compile(r"^### ([A-Z][A-Za-z0-9]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
_FENCE = re.compile(r"^```[a-z]*\n|^```$\n?", re.MULTILINE)
KINDS = ("check", "fault", "cause", "reason", "finding", "code", "alert", "limit")


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that a report may name."""

    id: str
    kind: str
    """One of `KINDS`."""
    text: str


@lru_cache(maxsize=1)
def topics() -> Mapping[str, tuple[Topic, ...]]:
    """All topics by id, ids in lower case; one id may be several things, e.g. a fault and the cause that names it."""
    found: dict[str, list[Topic]] = {}
    for topic in _all(pages()):
        found.setdefault(topic.id.lower(), []).append(topic)
    return {name: tuple(own) for name, own in found.items()}


def explain(id_: str) -> str:
    """The text of one id; empty for one that is not known."""
    own = topics().get(id_.strip().lower(), ())
    return "\n\n".join(f"{topic.id} ({topic.kind})\n\n{topic.text}" for topic in own)


def listing() -> str:
    """All ids by kind."""
    by_kind = {kind: [topic.id for own in topics().values() for topic in own if topic.kind == kind] for kind in KINDS}
    return "\n".join(f"{kind}: {', '.join(sorted(ids))}\n" for kind, ids in by_kind.items() if ids)


def pages() -> Path:
    """The directory of the documentation."""
    package = Path(__file__).resolve().parents[1]
    carried = package / "docs"
    return carried if carried.is_dir() else package.parent / "docs"


def _all(docs: Path) -> Iterator[Topic]:
    for check in CHECKS:
        yield Topic(check.id, "check", _page(docs / "checks" / f"{check.id}.md"))
    for file in sorted((docs / "faults").glob("*.md")):
        if file.stem != "README":
            yield Topic(file.stem, "fault", _page(file))
    for rule in RULES:
        yield Topic(rule.id, "cause", f"{rule.text}.\n\nIt is named by {_signs(rule)}.")
    for reason in (*REASONS, OTHER):
        codes = ", ".join(sorted(reason.codes)) or "any other"
        yield Topic(
            reason.id, "reason", f"{reason.text}.\n\nIt is named by inconclusive verdicts with the code {codes}."
        )
    yield from _codes(docs / "report-schema.md")
    for name, text in _ALERT.findall(_read(docs / "monitoring.md")):
        yield Topic(name, "alert", _plain(text))
    for spot in BLIND_SPOTS:
        limited = ", ".join(spot.checks) or "all checks"
        yield Topic(spot.id, "limit", f"{spot.what}: not proved, because {spot.why}. It limits {limited}.")


def _codes(file: Path) -> Iterator[Topic]:
    for heading, kind in (("Codes of verdicts", "code"), ("Codes of findings", "finding")):
        _, _, rest = _read(file).partition(f"\n## {heading}\n")
        for name, meaning in _CODE.findall(rest.partition("\n## ")[0]):
            yield Topic(name, kind, _plain(meaning))


def _signs(rule: CauseRule) -> str:
    parts = [
        f"the finding {sign.code}"
        if isinstance(sign, Noticed)
        else f"failed verdicts of {sign.check}" + (f" ({', '.join(sorted(sign.codes))})" if sign.codes else "")
        for sign in rule.signs
    ]
    return " together with ".join(parts)


def _page(file: Path) -> str:
    """A page without its title."""
    return _plain(_read(file).partition("\n")[2])


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _plain(text: str) -> str:
    """Markdown for a terminal: links as their words, code blocks without their fences."""
    return _LINK.sub(r"\1", _FENCE.sub("", text)).replace("`", "").strip()
