"""Who may read `/state`: this machine, and those who know the token."""

import json
from pathlib import Path

import pytest

from tests.target_app.conftest import python

ASKED = """
import json, os, sys
sys.path.insert(0, ".")
os.environ["DJANGO_SETTINGS_MODULE"] = "somesite.settings"
import django
django.setup()
from django.http import Http404
from django.test import RequestFactory
from somesite.state import state
for line in sys.stdin:
    address, token = json.loads(line)
    try:
        print(state(RequestFactory().get("/state", REMOTE_ADDR=address, HTTP_X_DEBUG_TOKEN=token)).status_code)
    except Http404:
        print(404)
"""


@pytest.mark.parametrize(
    ("kept", "asked", "statuses"),
    [
        ("", [("127.0.0.1", ""), ("::1", ""), ("192.0.2.1", ""), ("192.0.2.1", "guessed")], [200, 200, 404, 404]),
        ("t0ken", [("192.0.2.1", "t0ken"), ("192.0.2.1", "guessed"), ("127.0.0.1", "")], [200, 404, 200]),
    ],
)
def test_the_state_is_closed_beyond_this_machine(
    tmp_path: Path, kept: str, asked: list[tuple[str, str]], statuses: list[int]
) -> None:
    """Without a token none opens it; the name of the host is no matter."""
    env = {"TARGET_DEBUG_TOKEN": kept} if kept else {}
    done = python("-c", ASKED, state=tmp_path, stdin="".join(f"{json.dumps(each)}\n" for each in asked), **env)
    assert [int(line) for line in done.stdout.split()] == statuses, done.stderr
