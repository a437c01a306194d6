"""Which requests of a load may be sent again, and what is left of them."""

from pathlib import Path

import pytest

from harness.runtime.load import examples


@pytest.mark.parametrize(
    ("method", "url", "body", "path"),
    [
        pytest.param("GET", "http://127.0.0.1:9000/orders?page=2", None, "/orders?page=2", id="path and query alone"),
        pytest.param("GET", "http://me:pass@127.0.0.1:9000/", None, "/", id="no user and no host"),
        pytest.param("GET", "/orders", b"", "/orders", id="an empty body is none"),
        pytest.param("GET", "/orders", b"{}", None, id="a body"),
        pytest.param("POST", "/orders", None, None, id="another method"),
        pytest.param("GET", "/orders?access_token=3", None, None, id="a secret in the query"),
        pytest.param("GET", "http://[::/orders", None, None, id="no URL"),
        pytest.param("GET", "/orders?X-Amz-Signature=3", None, None, id="a signed URL"),
    ],
)
def test_only_what_can_be_sent_again_is_kept(
    tmp_path: Path, method: str, url: str, body: bytes | None, path: str | None
) -> None:
    """A GET without a body and without a secret, by its path and query."""
    seen = examples.Examples()
    seen.see("orders", method, url, body)
    seen.write(tmp_path / "examples-0.json")
    assert examples.read([tmp_path / "examples-0.json"]).get("orders") == path


def test_the_first_of_each_name_is_kept(tmp_path: Path) -> None:
    """Of every recorder, and of the first one where several saw the name; what cannot be read has none."""
    for number, page in ((0, 1), (1, 2)):
        seen = examples.Examples()
        for each in (page, page + 10):
            seen.see("orders", "GET", f"/orders?page={each}", None)
        seen.see(f"own-{number}", "GET", "/", None)
        seen.write(tmp_path / f"examples-{number}.json")
    (tmp_path / "examples-2.json").write_text("{")
    (tmp_path / "examples-3.json").write_text("[]")
    assert examples.read(tmp_path.glob("*.json")) == {"orders": "/orders?page=1", "own-0": "/", "own-1": "/"}


def test_what_is_no_path_has_no_example(tmp_path: Path) -> None:
    """A file of another recorder, with half a character and with what would become another host."""
    (tmp_path / "examples-0.json").write_text(r'{"a": "@127.0.0.2/x", "b\ud800": "/b", "c": 3}')
    assert examples.read([tmp_path / "examples-0.json"]) == {"b\ufffd": "/b"}
