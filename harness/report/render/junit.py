"""junit.xml: one suite per check, one case per verdict, for CI servers that show test results.

FAIL is a failure, INCONCLUSIVE an error: neither is ever counted as passed, and neither is "skipped".
"""

import contextlib
from datetime import UTC, datetime

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from harness.core.codes import Code
from harness.core.report import Report
from harness.core.text import clean
from harness.core.verdict import Status, Verdict
from harness.report.render import number_format as fmt
from harness.report.render.headline import headline
from harness.report.render.overview import NOTHING_JUDGED, status_of, summaries


def render(report: Report) -> str:
    """Return JUnit XML that ends in a newline; without verdicts it holds one error, since an empty file would pass."""
    checks = summaries(report)
    document = JUnitXml("harness")
    for index, check in enumerate(checks):
        cases = [_case(verdict) for verdict in check.verdicts]
        document.add_testsuite(_suite(report, check.id, cases, first=not index))
    status = status_of(report)
    if not checks or all(check.status is not status for check in checks):
        why = headline(report) if checks else NOTHING_JUDGED
        verdict = Verdict("report", "", status, why, code=Code.NO_VERDICT)
        document.add_testsuite(_suite(report, "report", [_case(verdict)], first=not checks))
    document.update_statistics()  # type: ignore[no-untyped-call]  # junitparser is only partly annotated
    xml: bytes = document.tostring()  # type: ignore[no-untyped-call]
    # One element per line for those who read it; inside text and attributes ">" is written as a reference.
    return xml.decode("utf-8").replace("><", ">\n<") + "\n"


def _suite(report: Report, check: str, cases: list[TestCase], *, first: bool) -> TestSuite:
    """The first suite has the properties of the run, and the time of its window; judging takes none worth naming."""
    suite = TestSuite(clean(check))
    for name, value in _properties(report) if first else ():
        suite.add_property(clean(name), clean(value))
    if first and cases:
        cases[0].time = round(report.window_s, 3)
    with contextlib.suppress(OverflowError, OSError, ValueError):  # a changed report may name no date
        suite.timestamp = datetime.fromtimestamp(report.started_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite.add_testcases(cases)
    return suite


def _properties(report: Report) -> tuple[tuple[str, str], ...]:
    """What distinguishes this run from another; a property without value is left out."""
    facts = (
        ("run", report.run_id),
        ("started", fmt.moment(report.started_s)),
        ("profile", report.profile),
        ("variants", ", ".join(report.variants)),
        ("scenario", report.scenario),
        ("fault", report.fault),
        ("gate", report.gate),
        ("target", report.target),
        ("prometheus", report.prometheus),
        ("prometheus_version", report.prometheus_version),
        *((f"version.{name}", version) for name, version in sorted(report.versions.items())),
    )
    return tuple((name, value) for name, value in facts if value)


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(clean(verdict.subject or verdict.check), clean(verdict.check))
    if verdict.status is Status.PASS:
        return case
    failed = verdict.status is Status.FAIL
    why = clean(verdict.why)
    result: Failure | Error = Failure(why, "failed") if failed else Error(why, "inconclusive")
    result.text = _details(verdict)
    case.result = result
    return case


def _details(verdict: Verdict) -> str:
    expected, observed = fmt.apart(verdict.expected, verdict.observed, verdict.unit)
    lines = [
        f"why: {verdict.why}",
        f"code: {verdict.code}",
        f"expected: {expected}",
        f"observed: {observed}",
        f"tolerance: {fmt.tolerance(verdict.tolerance, verdict.unit)}"
        + (f" ({verdict.tolerance.basis})" if verdict.tolerance else ""),
        f"strength: {verdict.strength}",
    ]
    return "\n".join(clean(line) for line in lines)
