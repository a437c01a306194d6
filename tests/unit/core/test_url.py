"""What a URL's host is, and what is refused because two readers could find two."""

import pytest

from harness.core import url


@pytest.mark.parametrize(
    ("text", "host", "port", "shown"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", 8000, "http://127.0.0.1:8000"),
        ("https://shop.example.org/a?b=c#d", "shop.example.org", 443, "https://shop.example.org/a?b=c"),
        ("HTTP://Shop.Example.ORG.:80/", "shop.example.org", 80, "http://shop.example.org/"),
        ("http://[::1]:8000", "::1", 8000, "http://[::1]:8000"),
        ("http://[::ffff:127.0.0.2]/", "127.0.0.2", 80, "http://127.0.0.2/"),
        ("http://[0:0:0:0:0:0:0:1]", "::1", 80, "http://[::1]"),
        ("http://ann:s3cret@shop:8000/x", "shop", 8000, "http://shop:8000/x"),
        ("http://localhost.", "localhost", 80, "http://localhost"),
        ("http://127.0.0.1.", "127.0.0.1", 80, "http://127.0.0.1"),
    ],
)
def test_one_host_is_read_and_written_so_that_all_read_it(text: str, host: str, port: int, shown: str) -> None:
    """Names in small letters without a last dot, addresses in their shortest form, no userinfo."""
    found = url.parse(text)
    assert (found.host, found.port, found.text) == (host, port, shown)
    assert url.parse(found.text).origin == found.origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8000",
        "ftp://shop.example.org",
        "http://",
        "http:///x",
        "http://[",
        "http://[::1",
        "http://[::1]x",
        "http://[fe80::1%eth0]",
        "http://shop:0",
        "http://shop:65536",
        "http://shop:port",
        "http://shop:८०",
        "http://127.0.0.2\\@127.0.0.1",
        "http://127.0.0.1\\.shop",
        "http://shop/\\x",
        "http://sh\top",
        "http://shop\r\nHost: other",
        "http://a@b@shop",
        "http://2130706433",
        "http://0x7f000001",
        "http://0177.0.0.1",
        "http://127.1",
        "http://1.2.3.4.5",
        "http://shop.0x1",
        "http://sh%6fp",
        "http://münchen.example",
        "http://127。0。0。1",
        " http://shop",
        "http://sh op",
        "http://-shop",
        "http://" + "a" * 64,
        "http://shop/" + "a" * url.LONGEST,
    ],
)
def test_what_could_mean_two_hosts_or_none_is_refused(text: str) -> None:
    """The reason is one line that does not repeat the URL, which may hold a password."""
    with pytest.raises(ValueError, match=r"^it") as caught:
        url.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "same"),
    [
        ("/login", True),
        ("?page=2", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://127.0.0.1:8001/x", False),
        ("https://127.0.0.1:8000/x", False),
        ("//127.0.0.2:8000/x", False),
        ("/\\127.0.0.2:8000/x", False),
        ("http://127.0.0.2\\@127.0.0.1:8000/", False),
        ("http://ann:pw@127.0.0.1:8000/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_redirect_stays_at_its_origin_or_leaves_it(location: str, same: bool) -> None:
    """Scheme, host and port must be the same, and nothing may read two ways."""
    assert url.same_origin("http://127.0.0.1:8000/start", location) is same


def test_userinfo_is_cut_out_of_any_text() -> None:
    """Of every URL in it; an address of mail stays."""
    text = "GET http://ann:pw@a/x failed, see https://b@c@d/ and ann@example.org"
    assert url.without_userinfo(text) == "GET http://a/x failed, see https://d/ and ann@example.org"
