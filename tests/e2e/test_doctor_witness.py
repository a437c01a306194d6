"""The doctor on settings modules with a witness, which Django sets up as the target would."""

import pytest

from harness.cli.doctor import probe_settings
from harness.core.errors import UsageError
from harness.instrumentation.django_prometheus.doctor import Health, diagnose_settings
from tests.e2e.conftest import Harness, Writer

TOKEN = "nobody-may-see-this"
SETTINGS = """
SECRET_KEY = "throw-away"
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django_prometheus", "metrics_witness"]
MIDDLEWARE = [
    "metrics_witness.middleware.OuterWitness",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "metrics_witness.middleware.InnerWitness",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
DATABASES = {}
CACHES = {}
urlpatterns = []
"""
STATES = [
    ("", Health.OK, "in its places and off"),
    ("WITNESS = {'enabled': True}", Health.OK, "in its places and on: every response"),
    (f"WITNESS = {{'token': {TOKEN!r}}}", Health.OK, "on for requests with the token"),
    ("MIDDLEWARE.insert(0, MIDDLEWARE.pop(1))", Health.FAULT, "above the outer witness"),
    ("MIDDLEWARE.insert(-1, 'django.middleware.common.CommonMiddleware')", Health.FAULT, "CommonMiddleware' between"),
    ("MIDDLEWARE = MIDDLEWARE[1::2]", Health.OK, "has no witness, which is optional"),
    ("INSTALLED_APPS.pop(); WITNESS = {'token': ''}", Health.FAULT, "WITNESS['token'] is empty"),
]


@pytest.mark.parametrize(("more", "status", "says"), STATES, ids=[says for _, _, says in STATES])
def test_what_is_said_of_a_witness(write: Writer, more: str, status: Health, says: str) -> None:
    """Once, with its state or the line to change; without the token."""
    write.file("witnessed_settings.py", SETTINGS + more)
    diagnoses = diagnose_settings(probe_settings("witnessed_settings", write.directory))
    (found,) = [diagnosis for diagnosis in diagnoses if diagnosis.id == "witness"]
    assert found.status is status
    assert says in found.text
    assert TOKEN not in "".join(diagnosis.text for diagnosis in diagnoses)


def test_a_setting_that_django_refuses_is_a_usage_error(write: Writer) -> None:
    """The app itself refuses it when Django starts, and the doctor repeats the key and not the value."""
    write.file("refused_settings.py", SETTINGS + f"WITNESS = {{'tokens': {TOKEN!r}}}")
    with pytest.raises(UsageError, match="WITNESS has the unknown key 'tokens'") as caught:
        probe_settings("refused_settings", write.directory)
    assert TOKEN not in str(caught.value)


def test_the_command_says_it_in_one_line(harness: Harness, write: Writer) -> None:
    """As the page of the doctor shows."""
    write.file("witnessed_settings.py", SETTINGS)
    done = harness.run("doctor", "--settings", "witnessed_settings", "--cwd", write.directory)
    assert "✓ witness" in done.out
