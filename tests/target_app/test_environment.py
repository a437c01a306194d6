"""Settings that make no sense are refused at once, in one line that names the variable."""

from pathlib import Path

import pytest

from tests.target_app.conftest import python

BAD = [
    ({"TARGET_ENGINE": "oracle"}, "TARGET_ENGINE='oracle' is unknown; set it to one of sqlite, postgresql, mysql"),
    ({"TARGET_CACHE": "dummy"}, "TARGET_CACHE='dummy' is unknown; set it to one of file, locmem, memcached, redis"),
    ({"TARGET_SERVER": "apache"}, "TARGET_SERVER='apache' is unknown; set it to one of gthread, sync, asgi"),
    ({"TARGET_WORKERS": "two"}, "TARGET_WORKERS='two' is not a whole number"),
    ({"TARGET_DB_PORT": "99999", "TARGET_ENGINE": "mysql"}, "TARGET_DB_PORT='99999' is not a whole number"),
    ({"TARGET_SQL_DELAY_MS": "5"}, "TARGET_SQL_DELAY_VIEW is unset"),
    ({"TARGET_SLOWDOWN_PERCENT": "20"}, "TARGET_SLOWDOWN_VIEW is unset"),
    ({"TARGET_CACHE_PASSWORD": "x"}, "TARGET_CACHE_PASSWORD is for redis"),
    ({"TARGET_ALLOWED_HOSTS": "example.org"}, "TARGET_SECRET_KEY must be set"),
]


@pytest.mark.parametrize("program", [("manage.py", "check"), ("-m", "gunicorn", "--config", "gunicorn.conf.py")])
@pytest.mark.parametrize(("env", "told"), BAD, ids=[" ".join(env) for env, _ in BAD])
def test_a_wrong_setting_is_named(tmp_path: Path, program: tuple[str, ...], env: dict[str, str], told: str) -> None:
    """By the command line and by the server, which does not start."""
    done = python(*program, state=tmp_path, **env)
    assert done.returncode != 0
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_that_does_not_answer_is_told_by_the_health_check(tmp_path: Path) -> None:
    """Wrong credentials, or nobody there: 503 and the reason, and nothing hangs."""
    pytest.importorskip("psycopg")
    script = tmp_path / "ask.py"
    script.write_text(
        "import os, sys; sys.path.insert(0, '.'); os.environ['DJANGO_SETTINGS_MODULE'] = 'somesite.settings'\n"
        "import django; django.setup()\nfrom django.test import Client\n"
        "for path in ('/healthz', '/work/fast', '/data/read'):\n"
        "    answer = Client(raise_request_exception=False, SERVER_NAME='127.0.0.1').get(path)\n"
        "    print(answer.status_code, answer.content.decode().splitlines()[0])\n"
    )
    done = python(str(script), state=tmp_path, TARGET_ENGINE="postgresql", TARGET_DB_PORT="9")
    told = done.stdout.splitlines()
    assert told[0].startswith("503 the database does not answer"), done.stderr
    assert [line[:3] for line in told[1:]] == ["200", "500"]


def test_a_database_without_migrations_is_told_by_the_health_check(tmp_path: Path) -> None:
    """How many are missing and what to do."""
    script = tmp_path / "ask.py"
    script.write_text(
        "import os, sys; sys.path.insert(0, '.'); os.environ['DJANGO_SETTINGS_MODULE'] = 'somesite.settings'\n"
        "import django; django.setup()\nfrom django.test import Client\n"
        "answer = Client(SERVER_NAME='127.0.0.1').get('/healthz')\nprint(answer.status_code, answer.content.decode())\n"
    )
    done = python(str(script), state=tmp_path / "state")
    assert "503 4 migrations are not applied: run manage.py migrate" in done.stdout, done.stderr
