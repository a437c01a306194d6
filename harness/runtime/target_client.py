"""What the target reports of its state, and the totals of its SQL log."""

import time
from collections.abc import Sequence
from typing import Any

from harness.config.profile import Profile
from harness.runtime import http
from harness.runtime.answers import AnswerError

TIMEOUT_S = 30.0
"""For all that is asked at one moment."""
OK = 200


def fetch(target: str, path: str, deadline_s: float = TIMEOUT_S) -> dict[str, Any]:
    """The JSON object at `path` of the target as `{result}`, or `{error}` with the reason why there is none."""
    url = target + path
    try:
        response = http.get(url, deadline_s)
    except AnswerError as error:
        return {"error": f"{url} gave no JSON: it {error}"}
    if response.status_code != OK:
        return {"error": f"{url} gave status {response.status_code}"}
    try:
        answer = response.json()
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": f"{url} gave no JSON: {type(error).__name__}"}
    return {"result": answer} if isinstance(answer, dict) else {"error": f"{url} gave no JSON object"}


def totals(target: str, profile: Profile, order: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the target reports of its `state` and `sql_log`, asked in this order, where the profile says how.

    What is asked last has the time that is left.
    """
    paths = {"state": profile.state, "sql_log": profile.sql_log}
    deadline = time.monotonic() + TIMEOUT_S
    return {name: fetch(target, paths[name], deadline - time.monotonic()) for name in order if paths[name]}
