"""Secrets that are known are repeated nowhere, in none of their forms."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from harness.core import secret

PASSWORD = 'p"w <&> ü'


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    secret.forget()
    yield
    secret.forget()


@pytest.mark.parametrize(
    "form",
    [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        quote(PASSWORD, safe=""),
        base64.b64encode(PASSWORD.encode()).decode(),
    ],
)
def test_a_known_secret_is_masked(form: str) -> None:
    """As it is, and as JSON, a URL and a header write it."""
    secret.remember(PASSWORD)
    assert secret.redact(f"before {form} after") == f"before {secret.MASK} after"


def test_userinfo_goes_whether_or_not_it_is_known() -> None:
    """A URL in an error of a library shows no password."""
    assert secret.redact("no answer at http://admin:pw@127.0.0.1:9090/x") == "no answer at http://127.0.0.1:9090/x"


def test_a_text_too_short_to_be_a_secret_is_left() -> None:
    """It stands in every other word."""
    secret.remember("abc")
    assert secret.redact("abcdef") == "abcdef"
