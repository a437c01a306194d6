"""The token that turns a target's witness on: it comes by an environment variable and goes on by one.

It is in no argument of a process, no file and no message.
"""

from collections.abc import Mapping

from harness.config.profile import Profile
from harness.core import secret
from harness.core.errors import UsageError

HEADER = "X-Witness-Token"
"""The request header that carries it, as witness/README.md says."""
VARIABLE = "HARNESS_WITNESS_TOKEN"
"""The environment variable that hands it to the recorder inside Locust."""


def read(profile: Profile, environment: Mapping[str, str]) -> str:
    """The token; empty when the profile names no variable.

    Raises UsageError, without the token, when the variable is missing or cannot be sent as a header.
    """
    name = profile.witness_token_env
    if not name:
        return ""
    token = environment.get(name, "")
    if not token:
        what = "is empty" if name in environment else "is not set"
        raise UsageError(
            f"profiles.{profile.name}.witness_token_env: the environment variable {name} {what}; set it to the token "
            "of the target's WITNESS setting, or leave the key out"
        )
    if not all("!" <= character <= "~" for character in token):
        raise UsageError(
            f"profiles.{profile.name}.witness_token_env: the environment variable {name} holds more than visible ASCII "
            "characters, so it is not a token; set it to the one of the target's WITNESS setting"
        )
    secret.remember(token)
    return token
