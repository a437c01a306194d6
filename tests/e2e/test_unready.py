"""A target that cannot work: the run ends before any load, with the reason."""

import json

import pytest

from harness.core.errors import UsageError
from harness.runtime.stack import servers
from tests.e2e.conftest import PROJECT, Harness, Writer

START = """
    scenario = {scenario}
    duration = "2s"

    [profiles.test.start]
    command = ["{{python}}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{{port}}"]
    prepare = {prepare}
    services = {services}
    cwd = {cwd}
    ready_timeout = "3s"

    [profiles.test.start.env]
    TARGET_STATE_DIR = "{{tmp}}/target"
    {env}
"""
MIGRATE = [["{python}", "manage.py", "migrate", "--verbosity", "0"]]
WRONG_PASSWORD = """
    TARGET_ENGINE = "postgresql"
    TARGET_DB_PORT = "{postgresql_port}"
    TARGET_DB_NAME = "{postgresql_database}"
    TARGET_DB_USER = "{postgresql_user}"
    TARGET_DB_PASSWORD = "guessed"
"""
NO_CACHE = """
    TARGET_CACHE = "memcached"
    TARGET_CACHE_PORT = "1"
"""


@pytest.mark.parametrize(
    ("prepare", "needed", "env", "reason"),
    [
        ([], [], "", "migrations are not applied: run manage.py migrate"),
        (MIGRATE, ["postgresql"], WRONG_PASSWORD, "password authentication failed"),
        (MIGRATE, [], NO_CACHE, "the cache does not answer"),
    ],
    ids=["unmigrated", "wrong password", "no cache"],
)
def test_a_target_that_cannot_work_says_why(
    harness: Harness, write: Writer, prepare: list[list[str]], needed: list[str], env: str, reason: str
) -> None:
    """The run ends with the reason before any load, and leaves nothing."""
    try:
        servers.find(needed)
    except UsageError as error:
        pytest.skip(str(error))
    words = {
        "scenario": json.dumps(str(PROJECT / "scenarios" / "mixed.py")),
        "cwd": json.dumps(str(PROJECT / "target_app")),
        "prepare": json.dumps(prepare),
        "services": json.dumps(needed),
        "env": env,
    }
    done = harness.run("run", "test", "--config", write.config(START.format(**words)))
    assert done.code == 3
    assert reason in done.err
    assert "Traceback (most recent call last)" not in done.err.split("see ")[0]
