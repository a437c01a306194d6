"""Failed verdicts -> what is probably wrong, most likely first. Pure; `cause_rules` holds what is known, this reads it.

One fault breaks many laws at once. The rules ask in the order of the path a number takes: was it scraped, did the
request reach Django, was it answered, labelled, timed; the first that has an answer is the likely cause, because what
comes later on the path only follows from it.
"""

from collections.abc import Sequence
from typing import assert_never

from harness.core.verdict import Cause, Finding, Status, Verdict
from harness.instrumentation.base import Instrumentation
from harness.report.cause_rules import ABSENT, RULES, CauseRule, Noticed, Share, Sign, View


def likely(
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    names: Instrumentation,
    rules: Sequence[CauseRule] = RULES,
) -> tuple[Cause, ...]:
    """What is probably wrong, most likely first; nothing when no verdict failed."""
    failed = [verdict for verdict in verdicts if verdict.status is Status.FAIL]
    if not failed:
        return ()

    def shown(sign: Sign | Noticed) -> bool:
        return _is_shown(sign, failed, findings, names)

    return tuple(
        Cause(rule.id, rule.text, _evidence(rule, verdicts, names))
        for rule in rules
        if all(map(shown, rule.signs)) and not any(map(shown, rule.unless))
    )


def _evidence(rule: CauseRule, verdicts: Sequence[Verdict], names: Instrumentation) -> tuple[int, ...]:
    """Places of the failed verdicts that match a sign of the rule."""
    signs = [sign for sign in rule.signs if isinstance(sign, Sign)]
    return tuple(
        place
        for place, verdict in enumerate(verdicts)
        if verdict.status is Status.FAIL
        and any(sign.check == verdict.check and _matches(sign, verdict, names) for sign in signs)
    )


def _is_shown(
    sign: Sign | Noticed, failed: Sequence[Verdict], findings: Sequence[Finding], names: Instrumentation
) -> bool:
    match sign:
        case Noticed():
            return any(finding.code is sign.code for finding in findings)
        case Sign():
            own = [verdict for verdict in failed if verdict.check == sign.check]
            return _is_enough(sign.share, sum(_matches(sign, verdict, names) for verdict in own), len(own))
        case _:
            assert_never(sign)


def _matches(sign: Sign, verdict: Verdict, names: Instrumentation) -> bool:
    return (not sign.codes or verdict.code in sign.codes) and all(
        verdict.labels.get(name, ABSENT) in _texts(values, names) for name, values in sign.labels.items()
    )


def _texts(values: frozenset[str | View], names: Instrumentation) -> frozenset[str]:
    """The labels' values, under the names that the instrumentation gives them."""
    return frozenset(names.unrouted if value is View.UNROUTED else str(value) for value in values)


def _is_enough(share: Share, matching: int, total: int) -> bool:
    match share:
        case Share.ANY:
            return matching > 0
        case Share.MOST:
            return matching * 2 > total
        case Share.ALL:
            return 0 < matching == total
        case _:
            assert_never(share)
