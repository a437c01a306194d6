"""What the target reports of its state, and the totals of its SQL log."""

from collections.abc import Sequence
from typing import Any

import requests

from harness.config.profile import Profile

TIMEOUT_S = 30.0


def fetch(target: str, path: str) -> dict[str, Any]:
    """The JSON object at `path` of the target as `{result}`, or `{error}` with the reason why there is none."""
    url = target + path
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.get(url, timeout=TIMEOUT_S)
            answer = response.json() if response.status_code == requests.codes.ok else None
        except requests.RequestException as error:
            return {"error": f"{url} gave no JSON: {type(error).__name__}"}
    if answer is None:
        return {"error": f"{url} gave status {response.status_code}"}
    return {"result": answer} if isinstance(answer, dict) else {"error": f"{url} gave no JSON object"}


def totals(target: str, profile: Profile, order: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the target reports of its `state` and `sql_log`, asked in this order, where the profile says how."""
    paths = {"state": profile.state, "sql_log": profile.sql_log}
    return {name: fetch(target, paths[name]) for name in order if paths[name]}
