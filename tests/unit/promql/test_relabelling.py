"""Labels made from labels."""

import pytest

from harness.promql import Dialect, UnsupportedError, Vector, relabelling
from tests.unit.promql.given import series, value


@pytest.mark.parametrize(
    ("template", "pattern", "view", "namespace"),
    [
        ("$1", "(.*):.*", "work:fast", "work"),
        ("$1", "(.*):.*", "fast", None),
        ("${1}s", "(.*):.*", "work:fast", "works"),
        ("$1s", "(.*):.*", "work:fast", None),
        ("$name", "(?P<name>.*):.*", "work:fast", "work"),
        ("$$1", "(.*):.*", "work:fast", "$1"),
        ("$2", "(.*):.*", "work:fast", None),
        ("other", ".*", "", "other"),
        ("x", "as", "fast", None),
    ],
)
def test_labels_are_replaced_where_the_whole_value_matches(
    template: str, pattern: str, view: str, namespace: str | None
) -> None:
    """Groups as in Go's templates; an empty text is no label."""
    before = (("view", view),) if view else ()
    after = tuple(sorted({**dict(before), **({"namespace": namespace} if namespace else {})}.items()))
    assert relabelling.replaced({before: 1.0}, "namespace", template, "view", pattern) == {after: 1.0}


@pytest.mark.parametrize(
    ("made", "pattern", "said"),
    [("a b", ".*", "label name"), ("a", "(", "not evaluated"), ("view", ".*", "two series of the same labels")],
)
def test_what_cannot_be_relabelled_is_said(made: str, pattern: str, said: str) -> None:
    """Never a value that might be wrong."""
    vector: Vector = {(("view", "a"),): 1.0, (("view", "b"),): 2.0}
    with pytest.raises(UnsupportedError, match=said):
        relabelling.replaced(vector, made, "same", "view", pattern)


def test_a_label_that_is_replaced_gives_way() -> None:
    """With an empty text it goes; where nothing matches it stays."""
    vector: Vector = {(("made", "old"), ("view", "a")): 1.0}
    assert relabelling.replaced(vector, "made", "$1", "view", "(.)") == {(("made", "a"), ("view", "a")): 1.0}
    assert relabelling.replaced(vector, "made", "", "view", ".") == {(("view", "a"),): 1.0}
    assert relabelling.replaced(vector, "made", "$1", "view", "(b)") == vector


def test_a_pattern_is_read_as_re2_reads_it() -> None:
    """Any character for a dot, digits of ASCII alone."""
    vector: Vector = {(("view", "a\n1"),): 1.0, (("view", "a\u0661"),): 2.0}
    found = relabelling.replaced(vector, "made", "yes", "view", r"a.?\d")
    assert [value for labels, value in found.items() if ("made", "yes") in labels] == [1.0]


def test_a_dot_is_no_line_break_until_3_0() -> None:
    """The dialect says so."""
    vector: Vector = {(("view", "a\nb"),): 1.0}
    assert relabelling.replaced(vector, "made", "$1", "view", "(.).*", any_character=False) == vector
    assert relabelling.replaced(vector, "made", "$1", "view", "(.).*") == {(("made", "a"), ("view", "a\nb")): 1.0}
    broken = series("x", [1.0] * 11, view="a\nb")
    for version, made in (("2.55.0", False), ("3.0.0", True)):
        found = value('label_replace(x, "made", "$1", "view", "(.).*")', broken, dialect=Dialect.of(version))
        assert isinstance(found, dict)
        assert [("made", "a") in labels for labels in found] == [made]


@pytest.mark.parametrize(
    ("separator", "sources", "expected"),
    [
        ("-", ("a", "b"), "1-2"),
        ("", ("b", "a", "b"), "212"),
        ("-", ("a", "none"), "1-"),
        ("-", ("a",), "1"),
        ("-", (), None),
        ("", ("none",), None),
    ],
)
def test_labels_are_joined(separator: str, sources: tuple[str, ...], expected: str | None) -> None:
    """In the order in which they are named; a label that is not there is empty, and an empty one is none."""
    given = (("a", "1"), ("b", "2"))
    made = (("made", expected),) if expected else ()
    assert relabelling.joined({given: 7.0}, "made", separator, *sources) == {(*given, *made): 7.0}


@pytest.mark.parametrize(
    ("made", "source", "said"),
    [("a b", "view", "label name"), ("made", "1", "label name"), ("view", "none", "two series of the same labels")],
)
def test_what_cannot_be_joined_is_said(made: str, source: str, said: str) -> None:
    """Never a value that might be wrong."""
    vector: Vector = {(("view", "a"),): 1.0, (("view", "b"),): 2.0}
    with pytest.raises(UnsupportedError, match=said):
        relabelling.joined(vector, made, "-", source)
