"""Secrets that are known are repeated nowhere, in none of their forms."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from harness.core import secret
from harness.core.text import shorten

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
        json.dumps(json.dumps(PASSWORD))[3:-3],
        quote(PASSWORD, safe="/").replace("%3C", "%3c").replace("%3E", "%3e").replace("%C3%BC", "%c3%bc"),
    ],
)
def test_a_known_secret_is_masked(form: str) -> None:
    """As it is, and as JSON, a URL and a header write it."""
    secret.remember(PASSWORD)
    assert secret.redact(f"before {form} after") == f"before {secret.MASK} after"


def test_a_secret_is_masked_before_a_text_is_cut() -> None:
    """Cut in two it would not be known any more."""
    secret.remember("a-token-of-many-letters")
    for before in range(40):
        shown = shorten(f"{'x' * before} a-token-of-many-letters {'y' * 60}", 60)
        assert "token" not in shown
        assert len(shown) <= 60


def test_what_a_server_repeats_is_masked_before_it_is_read() -> None:
    """But not a short one, which may be the name of a metric."""
    secret.remember("a-token-of-many-letters")
    secret.remember("django")
    body = b'{"auth": "Bearer a-token-of-many-letters", "__name__": "django_http_requests"}'
    assert secret.masked(body) == b'{"auth": "Bearer [secret]", "__name__": "django_http_requests"}'


def test_userinfo_goes_whether_or_not_it_is_known() -> None:
    """A URL in an error of a library shows no password."""
    assert secret.redact("no answer at http://admin:pw@127.0.0.1:9090/x") == "no answer at http://127.0.0.1:9090/x"


def test_a_text_too_short_to_be_a_secret_is_left() -> None:
    """It stands in every other word."""
    secret.remember("abc")
    assert secret.redact("abcdef") == "abcdef"
