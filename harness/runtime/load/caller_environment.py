"""The caller's `LOCUST_...` variables: those of Locust's own options are withheld, all others reach the locustfile.

What the load is, the profile alone decides, but a locustfile may read variables of its own that begin alike. Which are
Locust's own only its parser knows, and to import that patches the process: so all are withheld here, and the recorder
gives back, inside Locust, what is no option.
"""

import json
from collections.abc import Collection, Mapping, MutableMapping

PREFIX = "LOCUST_"
VARIABLE = "HARNESS_CALLER_ENVIRONMENT"


def withheld(env: Mapping[str, str]) -> dict[str, str]:
    """The environment for Locust, in which nothing begins like its options."""
    given = {name: value for name, value in env.items() if name.startswith(PREFIX)}
    return {name: value for name, value in env.items() if name not in given} | {VARIABLE: json.dumps(given)}


def restore(env: MutableMapping[str, str], options: Collection[str]) -> None:
    """Give back what is none of `options`, in an environment made by `withheld`."""
    given: dict[str, str] = json.loads(env.pop(VARIABLE, "{}"))
    env.update({name: value for name, value in given.items() if name not in options})
