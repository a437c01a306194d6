"""How single values of harness.toml are read; whole files are in test_toml_file.py."""

import pytest

from harness.config import readers
from harness.core.errors import UsageError


@pytest.mark.parametrize("name", ["app", "env_2", "_a", "Team"])
def test_a_label_has_a_name_that_prometheus_takes(name: str) -> None:
    """Letters, digits and _."""
    assert readers.labels({name: "shop"}, "f: start.labels") == {name: "shop"}


@pytest.mark.parametrize("name", ["", "2nd", "my-app", "__name__", "a b", "app\n"])
def test_a_label_with_another_name_is_refused(name: str) -> None:
    """Those that begin with __ are Prometheus's own."""
    with pytest.raises(UsageError, match=r"^f: start\.labels\.(.|\n)*: not a label name; write letters, digits and _"):
        readers.labels({name: "shop"}, "f: start.labels")
    with pytest.raises(UsageError, match=r"must be text"):
        readers.labels({"app": 3}, "f: start.labels")


@pytest.mark.parametrize(
    ("value", "where", "says"),
    [
        (1, "f: start.env.N", 'f: start.env.N: 1 must be text; write "1"'),
        (0.5, "--set start.env.N", "--set start.env.N: 0.5 must be text; write 'start.env.N=\"0.5\"'"),
        (True, "f: start.env.N", "f: start.env.N: True must be text"),
    ],
)
def test_a_number_that_must_be_text_is_shown_in_quotes(value: object, where: str, says: str) -> None:
    """A shell takes one pair of them away."""
    with pytest.raises(UsageError) as caught:
        readers.text(value, where)
    assert str(caught.value) == says
