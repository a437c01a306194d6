"""The token of a target's witness: from the variable that the profile names, and never in a message."""

import pytest

from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.runtime.load import witness_token

NAMED = Profile("staging", witness_token_env="STAGING_TOKEN")
REFUSED = [
    ({}, "STAGING_TOKEN is not set"),
    ({"STAGING_TOKEN": ""}, "STAGING_TOKEN is empty"),
    ({"STAGING_TOKEN": "secret\nX-Other: header"}, "STAGING_TOKEN holds more than visible ASCII"),
    ({"STAGING_TOKEN": "sécret"}, "STAGING_TOKEN holds more than visible ASCII"),
]


def test_it_is_what_the_named_variable_holds() -> None:
    """And nothing where the profile names none."""
    assert witness_token.read(NAMED, {"STAGING_TOKEN": "secret", "OTHER": "x"}) == "secret"
    assert witness_token.read(Profile("smoke"), {"STAGING_TOKEN": "secret"}) == ""


@pytest.mark.parametrize(("environment", "says"), REFUSED)
def test_a_variable_without_a_token_is_named(environment: dict[str, str], says: str) -> None:
    """Together with the key of the profile, and without what it holds."""
    with pytest.raises(UsageError) as caught:
        witness_token.read(NAMED, environment)
    assert says in str(caught.value)
    assert "profiles.staging.witness_token_env" in str(caught.value)
    assert "secret" not in str(caught.value)
