"""The outcome in a few words, and the three things that always stand below it: proved, wrong, not seen, with shares."""

import math
from dataclasses import dataclass
from enum import StrEnum

from harness.core.report import Limitation, Report
from harness.core.text import shorten
from harness.core.verdict import Status, Strength
from harness.report import coarseness
from harness.report.coarseness import CoarsePercentile
from harness.report.render import number_format as fmt
from harness.report.render.overview import NOTHING_JUDGED, amount, name_of, status_of, summaries

HEADLINES = {
    Status.PASS: "The metrics match what happened",
    Status.FAIL: "The metrics do not match what happened",
    Status.INCONCLUSIVE: "Could not be judged",
}
PANELS = {
    Status.PASS: "The panels show what the metrics hold",
    Status.FAIL: "Not all panels show what the metrics hold",
    Status.INCONCLUSIVE: "Could not be judged",
}
"""Of dashboards that were checked against a Prometheus, without any load."""
PROVED = {
    HEADLINES[Status.PASS]: "What is proved matches what happened",
    PANELS[Status.PASS]: "What is proved of the panels is what the metrics hold",
}
"""Instead of what is said of a run of which everything is proved."""
COARSE = "Counts true, percentiles too coarse"
"""Of a run that passes, with a percentile that is shown further from the witnessed one than the budget allows."""
BESIDE = (
    (
        frozenset({"dashboards", "records", "alerts"}),
        "The metrics match what happened, but a panel, record or alert does not",
        "A panel, record or alert is wrong, and not all metrics could be judged",
    ),
    (
        frozenset({"thresholds", "blind-spot"}),
        "The metrics match what happened, but a limit of the profile is not kept",
        "A limit of the profile is not kept, and not all metrics could be judged",
    ),
)
"""Of a run in which only these checks failed: the metrics themselves are right, or, where others are inconclusive, not
known to be wrong."""
GATED = {
    Status.PASS: "No regression",
    Status.FAIL: "The candidate does not pass the gate",
    Status.INCONCLUSIVE: "Could not be judged",
}
"""Of a candidate that was compared with its base."""
PERCENTILES = "percentiles"
"""The check that judges them."""
NAME_LIMIT = 120
CHECKS_SHOWN = 4


class Kind(StrEnum):
    """What a statement is about; its colour follows it."""

    PROVED = "proved"
    WRONG = "wrong"
    UNSEEN = "not seen"
    COARSE = "too coarse"


@dataclass(frozen=True, slots=True)
class Statement:
    """One of the things that stand below the headline."""

    kind: Kind
    share: str
    """How much of the run, e.g. `571 of 709 verdicts`; `none` for nothing."""
    text: str
    """What, in one or two sentences; empty where the share says all."""


def headline(report: Report) -> str:
    """The outcome in a few words."""
    headlines = GATED if report.gate else HEADLINES if report.scenario or not report.verdicts else PANELS
    text = headlines[status_of(report)]
    if text == HEADLINES[Status.FAIL]:
        return _failed(report) or text
    if text not in PROVED:
        return text
    if coarseness.coarse(report):
        return COARSE
    return PROVED[text] if _is_open(report) else text


def _failed(report: Report) -> str:
    """What a failure says that leaves the metrics as they are; empty for any other."""
    failed = {verdict.check for verdict in report.verdicts if verdict.status is Status.FAIL}
    wanting = {verdict.check for verdict in report.verdicts if verdict.status is not Status.PASS}
    for checks, right, unknown in BESIDE:
        if failed and failed <= checks:
            return right if wanting <= checks else unknown
    return ""


def sentence(report: Report) -> str:
    """How many checks passed, failed, could not be judged or had nothing to judge, as a sentence."""
    checks = summaries(report)
    if not checks:
        return NOTHING_JUDGED
    passed, unheard = sum(check.status is Status.PASS for check in checks), len(idle(report))
    if passed == len(checks) and not unheard:
        text = f"All {passed} checks passed" if passed > 1 else "The only check passed"
    else:
        text = f"{passed} of {len(checks) + unheard} checks passed"
    for status, outcome in ((Status.FAIL, "failed"), (Status.INCONCLUSIVE, "could not be judged")):
        number = sum(check.status is status for check in checks)
        text += f", {number} {outcome}" if number else ""
    return f"{text}, {unheard} had nothing to judge." if unheard else f"{text}."


def statements(report: Report) -> tuple[Statement, ...]:
    """What is proved, what is wrong, what is too coarse if anything is, and what could not be seen."""
    if not report.verdicts:
        return ()
    coarse = coarseness.coarse(report) if status_of(report) is Status.PASS else ()
    unseen = () if report.gate and not _open_shares(report) else (_unseen(report),)
    return (_proved(report), _wrong(report), *((_coarse(report, coarse),) if coarse else ()), *unseen)


def idle(report: Report) -> tuple[str, ...]:
    """Checks that have no verdict: they found nothing to judge, or were not asked. Never counted as passed."""
    judged = {verdict.check for verdict in report.verdicts}
    return tuple(dict.fromkeys(check for check in _unjudged(report) if check not in judged))


def setting(report: Report) -> str:
    """The buckets that would do, as the line to put into the settings; empty when none would, or none are needed.

    Only of a report that passes: where the metrics are wrong, their percentiles are no reason for other buckets.
    """
    bounds = coarseness.wanted_bounds(report) if status_of(report) is Status.PASS else ()
    name = report.buckets_setting or "the bounds of the latency histograms"
    return f'{name} = ({", ".join(f"{bound:g}" for bound in bounds)}, float("inf"))' if bounds else ""


def _proved(report: Report) -> Statement:
    passed = [verdict for verdict in report.verdicts if verdict.status is Status.PASS]
    part = sum(verdict.strength is Strength.ONE_SIDED for verdict in passed)
    if report.not_proved:
        part = sum(each.number or 0 for each in report.not_proved if each.limitation is Limitation.BOUND)
    share = f"{max(len(passed) - part, 0):,} of {len(report.verdicts):,} verdicts in full" + (
        f", {part:,} in part" if part else ""
    )
    exact = sum(verdict.strength is Strength.EXACT for verdict in passed)
    text = f"{exact:,} by exact counts or settings" if exact else ""
    return Statement(Kind.PROVED, share, "; ".join(filter(None, (text, _percentile(report)))))


def _percentile(report: Report) -> str:
    """How fine the percentiles are, at p95 over all views: `p95 lies between 5 and 10 ms, the panel shows 9.50 ms`.

    Empty where that of a view is wrong: what is made of it proves nothing.
    """
    if any(
        verdict.check == PERCENTILES and verdict.status is Status.FAIL and verdict.labels.get("quantile") == "p95"
        for verdict in report.verdicts
    ):
        return ""
    for each in coarseness.judged(report.views[0]) if report.views else ():
        if each.quantile == "p95":
            felt = each.view.client.p95_s
            users = f", users waited {fmt.number(felt, 's')}" if felt is not None else ""
            return f"percentiles as fine as the buckets: p95 of all views {_place(each)}{users}"
    return ""


def _place(each: CoarsePercentile) -> str:
    """Where a percentile lies by its bucket, what is shown, and what the app measured."""
    high = "above" if math.isinf(each.high_s) else "between"
    bucket = fmt.number(each.low_s, "s")
    bucket += "" if math.isinf(each.high_s) else f" and {fmt.number(each.high_s, 's')}"
    return (
        f"lies {high} {bucket}, {each.shown_by} shows {fmt.number(each.shown_s, 's')}, "
        f"the app measured {fmt.number(each.witness_s, 's')}"
    )


def _wrong(report: Report) -> Statement:
    failed = [check for check in summaries(report) if check.status is Status.FAIL]
    if not failed:
        return Statement(Kind.WRONG, "none", "no check found anything wrong")
    number = sum(len(check.of(Status.FAIL)) for check in failed)
    named = ", ".join(
        f"{shorten(check.id, NAME_LIMIT)} {len(check.of(Status.FAIL))}" for check in failed[:CHECKS_SHOWN]
    )
    more = f" and {fmt.quantity(len(failed) - CHECKS_SHOWN, 'more checks')}" if len(failed) > CHECKS_SHOWN else ""
    return Statement(Kind.WRONG, f"{number:,} of {fmt.quantity(len(report.verdicts), 'verdicts')}", f"{named}{more}")


def _coarse(report: Report, coarse: tuple[CoarsePercentile, ...]) -> Statement:
    worst = coarse[0]
    share = f"{len(coarse)} of {fmt.quantity(coarseness.count_judged(report), 'percentiles')}"
    name = f"{worst.quantile} of {shorten(name_of(worst.view), NAME_LIMIT)}"
    off = f"{worst.off:+.0%}".replace("-", fmt.MINUS).replace("%", " %")
    text = (
        f"shown more than {report.percentile_ratio * 100:g} % off what the app measured; the furthest: {name} "
        f"{_place(worst)} ({off})"
    )
    return Statement(Kind.COARSE, share, text)


def _unseen(report: Report) -> Statement:
    """Panels and alerts, verdicts, checks, bounds on one side."""
    shares = _open_shares(report)
    part = sum(each.number or 0 for each in report.not_proved if each.limitation is Limitation.BOUND)
    text = f"{fmt.quantity(part, 'verdicts')} proved in part" if part else ""
    if not shares:
        known = "" if report.not_proved else "the report does not say what it leaves open"
        return Statement(Kind.UNSEEN, "none", text or known)
    unheard = idle(report)
    named = ", ".join(shorten(each, NAME_LIMIT) for each in unheard[:CHECKS_SHOWN])
    more = f" and {len(unheard) - CHECKS_SHOWN} more" if len(unheard) > CHECKS_SHOWN else ""
    silent = f"nothing to judge for {named}{more}" if unheard else ""
    return Statement(Kind.UNSEEN, ", ".join(shares), "; ".join(filter(None, (silent, text))))


def _open_shares(report: Report) -> list[str]:
    """How much could not be seen: undecided verdicts, panels, alerts, checks without anything to judge."""
    undecided = sum(verdict.status is Status.INCONCLUSIVE for verdict in report.verdicts)
    shares = [amount(undecided, len(report.verdicts), "verdicts")] if undecided else []
    panels = [each for each in report.not_proved if each.unit in ("panels", "alerts")]
    for unit in dict.fromkeys(each.unit for each in panels):
        own = [each for each in panels if each.unit == unit]
        shares.append(amount(sum(each.number or 0 for each in own), own[0].total, unit))
    checks = dict.fromkeys(_unjudged(report))
    return shares + ([fmt.quantity(len(checks), "checks")] if checks else [])


def _is_open(report: Report) -> bool:
    part = any(each.limitation is Limitation.BOUND for each in report.not_proved)
    return part or bool(_open_shares(report))


def _unjudged(report: Report) -> list[str]:
    """Checks that said nothing of what they are about, or left out a part."""
    return [check for each in report.not_proved if each.unit == "checks" for check in each.checks]
