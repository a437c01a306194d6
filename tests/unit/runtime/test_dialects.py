"""As which version a server evaluates, by what it answers."""

import pytest

from harness.core.errors import PrometheusError
from harness.runtime import dialects


@pytest.mark.parametrize(
    ("answers", "version"),
    [
        ((3.0, 2.0, 14.0, 0.0), "2.42"),
        ((3.0, 1.0, 14.0, 0.0), "2.49"),
        ((3.0, 1.0, 12.5, 0.0), "2.51"),
        ((2.0, 1.0, 12.5, 1.0), "3.0"),
        ((2.0, 2.0, 14.0, 0.0), ""),
        ((2.0, 1.0, 10.0, 1.0), ""),
    ],
    ids=["old", "2.49", "2.51", "3.x", "no version has these", "another increase()"],
)
def test_traits_give_the_version(answers: tuple[float, ...], version: str) -> None:
    """Whatever the server announces; one that evaluates otherwise is none."""
    given = dict(zip((text for text, *_ in dialects.TRAITS), answers, strict=True))
    assert dialects.find(lambda text, _: given[text]) == version


def test_a_server_that_refuses_is_none() -> None:
    """It cannot be predicted."""

    def refuse(text: str, _: float) -> float:
        raise PrometheusError(text)

    assert dialects.find(refuse) == ""
