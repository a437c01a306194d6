"""Documents from outside are read with limits."""

import json
from typing import Any

import pytest

from harness.core import document
from harness.core.run import Run


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "[" * 200_000 + "]" * 200_000, '{"a":' * 100_000, "9" * 5_000, "{", "", '"\\ud800', "1e"]
)
def test_json_that_cannot_be_read_is_a_value_error_on_one_line(text: str) -> None:
    """However deep, however long its numbers."""
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        document.read_json(text)


def test_the_line_of_what_is_too_deep_is_named() -> None:
    """Brackets in texts do not count."""
    with pytest.raises(ValueError, match=r"^line 3: it is nested more than 100 deep"):
        document.read_json('{"a": "[[[[",\n"b":\n' + "[" * 100_000)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "[1e999]"])
def test_numbers_that_are_none_are_refused_where_asked(text: str) -> None:
    """JSON has none of them."""
    with pytest.raises(ValueError, match="is not a number"):
        document.read_json(text, finite=True)


def _deep(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = {"a": found}
    return found


def test_a_document_has_its_limits_of_depth_and_numbers() -> None:
    """The place is named by its keys."""
    document.check(_deep(document.DEEPEST - 1))
    with pytest.raises(ValueError, match="nested more than"):
        document.check(_deep(5_000))
    with pytest.raises(ValueError, match=r"profiles\.x\[1\]: a whole number of more than 64 bits"):
        document.check({"profiles": {"x": [1, 10**400]}})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"thresholdz": []}, "$.thresholdz"),
        ({"window": {"start_s": 1, "und_s": 2}}, "$.window.und_s"),
        ({"panels": [{"dashboard": ""}, {"dashboad": ""}]}, "$.panels[1].dashboad"),
        ({"budget": {"blind_spot_s": {"p95": 1.0}, "x": 1}}, "$.budget.x"),
        ({"versions": {"anything": "1"}, "views": {"/a": "b"}}, ""),
    ],
)
def test_an_unknown_key_is_named_at_any_depth(change: dict[str, Any], place: str) -> None:
    """Tables with names of the user's own take any."""
    assert document.unknown_key(json.loads(json.dumps(change)), Run) == place


@pytest.mark.parametrize(
    "text",
    [
        f"[{'a.' * 50_000}a]",
        f"[[{'a . ' * 50_000}a]]",
        f"{'a.' * 50_000}a = 1",
        f"x = 1\ny = {{ {'a.' * 50_000}a = 1 }}",
        "\n" + '"a\\"b".' * 5_000 + "c = 1",
        "'''\n''' = 1\n" + "'a'." * 5_000 + "c = 1",
    ],
)
def test_a_key_of_many_parts_is_refused_before_it_is_read(text: str) -> None:
    """However its parts are written; `tomllib` would take minutes for a small file of them."""
    with pytest.raises(ValueError, match=r"line \d: a key of more than 100 parts"):
        document.check_toml(text)


@pytest.mark.parametrize(
    "text",
    [
        f'x = "{"a." * 500}"',
        f"x = '{'a.' * 500}'",
        f'x = """\n{"a." * 500}\n"{"b." * 500}"\n"""',
        f"x = '''{'a.' * 500}'{'b.' * 500}'''",
        f"# {'a.' * 500}\nx = 1",
        f"x = [{'1.5, ' * 500}]",
        f"{'a.b = 1.5' + chr(10)}" * 500,
        '"' * 100_001,
        "'" * 100_001,
        '"\\' * 100_000,
        "x = '''" + "''" * 100_000,
    ],
)
def test_dots_elsewhere_are_none_of_a_key(text: str) -> None:
    """In strings, comments and numbers; ends may be missing."""
    document.check_toml(text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'{"a": "\ud800"}', "\ufffd"),
        (rb'{"a": "\uDFFFb"}', "\ufffdb"),
        (rb'{"a": "\ude00\ud83d"}', "\ufffd\ufffd"),
        (rb'{"a": "\ud83d\ude00"}', "\U0001f600"),
        (rb'{"a": "\ud83d\ud83d\ude00"}', "\ufffd\U0001f600"),
        (rb'{"a": "\\ud800"}', r"\ud800"),
        (rb'{"a": "\\\ud800"}', "\\\ufffd"),
        (rb'{"a": "\ud7ff\ue000\t"}', "\ud7ff\ue000\t"),
    ],
)
def test_half_a_character_is_none(body: bytes, expected: str) -> None:
    """What is read from JSON can be written as UTF-8; whole characters and other escapes stay."""
    assert json.loads(document.without_halves(body)) == {"a": expected}
    assert expected.encode()


def test_what_is_no_json_stays_as_it_is() -> None:
    """There it is no escape."""
    assert document.without_halves(rb"a page with \ud800") == rb"a page with \ud800"
