"""When rare views are probed, and which."""

from collections import Counter
from typing import Any

import pytest

from harness.config.profile import Profile, TargetStart
from harness.runs import probing

START = TargetStart(("serve",))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        pytest.param({"start": START}, True, id="started by the harness"),
        pytest.param({"start": START, "probe": False}, False, id="switched off"),
        pytest.param({"start": START, "foreign_traffic": True}, False, id="others use it"),
        pytest.param({"start": START, "background": ("health",)}, False, id="others ask for its health"),
        pytest.param({"target": "http://127.0.0.1:8000"}, False, id="it was running"),
        pytest.param({"target": "http://127.0.0.1:8000", "probe": True}, True, id="it was running, and switched on"),
    ],
)
def test_a_target_is_probed_where_nobody_else_uses_it(values: dict[str, Any], wanted: bool) -> None:
    """Unless the profile says otherwise."""
    assert probing.is_wanted(Profile("shop", **values)) is wanted


def test_the_rarest_views_come_first_and_frequent_ones_not_at_all() -> None:
    """A name with as many requests as `RARE` needs no probe."""
    paths = {"often": "/", "some": "/some", "few": "/few", "never": "/never"}
    counts = Counter({"often": probing.RARE, "some": probing.RARE - 1, "few": 3})
    assert list(probing._rare(paths, counts)) == ["never", "few", "some"]
