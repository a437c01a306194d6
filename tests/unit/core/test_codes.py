"""Codes as stored reports name them."""

from harness.core.codes import Code, FindingCode


def test_a_name_of_before_is_still_known() -> None:
    """A finding was renamed; a report that was stored before keeps its meaning."""
    assert FindingCode("failures-told-as-success") is FindingCode.FAILURES_AS_SUCCESS
    assert FindingCode.FAILURES_AS_SUCCESS.value == "failures-as-success"


def test_a_name_of_a_newer_harness_is_unknown() -> None:
    """And no error."""
    assert FindingCode("of-next-year") is FindingCode.UNKNOWN
    assert Code("of-next-year") is Code.UNKNOWN
