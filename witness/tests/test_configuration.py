"""The setting `WITNESS`: what it turns on, and what it refuses."""

from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from metrics_witness import configuration
from metrics_witness.configuration import Mode

SECRET = "a-token-that-nobody-may-see"
GOOD = [
    ({}, Mode.OFF),
    ({"enabled": False}, Mode.OFF),
    ({"enabled": True}, Mode.ON),
    ({"token": SECRET}, Mode.TOKEN),
    ({"enabled": False, "token": SECRET}, Mode.OFF),
    ({"sql_log": {"directory": "/log"}}, Mode.OFF),
]
BAD: list[tuple[str, object, str]] = [
    ("a list", [], "WITNESS must be a dict"),
    ("nothing", None, "WITNESS must be a dict"),
    ("an unknown key", {"enable": True}, "'enable'"),
    ("a number as switch", {"enabled": 1}, "WITNESS['enabled']"),
    ("a text as switch", {"enabled": "yes"}, "WITNESS['enabled']"),
    ("an empty token", {"token": ""}, "WITNESS['token'] is empty"),
    ("no token, as an unset variable gives it", {"token": None}, "WITNESS['token'] must be text"),
    ("a token of bytes", {"token": SECRET.encode()}, "WITNESS['token'] must be text"),
    ("a token with a line break", {"token": f"{SECRET}\n"}, "WITNESS['token']"),
    ("a token beyond ASCII", {"token": f"{SECRET}é"}, "WITNESS['token']"),
    ("always, and by token", {"enabled": True, "token": SECRET}, "both 'enabled' and 'token'"),
    ("a log without a place", {"sql_log": {}}, "WITNESS['sql_log']['directory']"),
    ("a log that is a path", {"sql_log": "/log"}, "WITNESS['sql_log'] must be a dict"),
    ("no statements", {"sql_log": {"directory": "/log", "statements": 0}}, "WITNESS['sql_log']['statements']"),
    ("strange readers", {"sql_log": {"directory": "/log", "readers": "me"}}, "WITNESS['sql_log']['readers']"),
    ("an empty token of the log", {"sql_log": {"directory": "/log", "token": ""}}, "WITNESS['sql_log']['token']"),
    ("an instance that is a number", {"instance": 8000}, "WITNESS['instance']"),
    ("labels in a list", {"labels": ["pod"]}, "WITNESS['labels'] must be a dict"),
    ("a label that Prometheus would refuse", {"labels": {"my-pod": "a"}}, "'my-pod'"),
    ("a label that is a number", {"labels": {"pod": 1}}, "WITNESS['labels']['pod']"),
    ("an unknown key of the log", {"sql_log": {"directory": "/log", SECRET[:4]: 1}}, "WITNESS['sql_log']"),
]


def test_without_the_setting_all_is_off() -> None:
    """An app that has just installed the package sends nothing."""
    assert configuration.read() == configuration.Configuration()


@pytest.mark.parametrize(("witness", "mode"), GOOD)
def test_what_turns_it_on(witness: dict[str, Any], mode: Mode) -> None:
    """A switch, a token, and a switch that overrules the token."""
    with override_settings(WITNESS=witness):
        assert configuration.read().mode is mode


@pytest.mark.parametrize(("witness", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_wrong_setting_stops_django_and_names_the_key(witness: Any, says: str) -> None:
    """When the apps are made ready, before anything is served; the token is not in the message."""
    with override_settings(WITNESS=witness), pytest.raises(ImproperlyConfigured) as caught:
        apps.get_app_config("metrics_witness").ready()
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_the_process_calls_itself_is_read() -> None:
    """With the account on, by either way."""
    said = {"instance": "web-1", "labels": {"pod": "a"}}
    for how in ({"enabled": True}, {"token": SECRET}):
        with override_settings(WITNESS={**how, **said}):
            read = configuration.read()
        assert (read.instance, read.labels) == ("web-1", {"pod": "a"})


def test_a_token_is_not_in_what_is_printed_of_the_configuration() -> None:
    """As in a traceback that shows local variables."""
    with override_settings(WITNESS={"token": SECRET, "sql_log": {"directory": "/log", "token": SECRET}}):
        assert SECRET not in repr(configuration.read())


@pytest.mark.parametrize("sent", ["", SECRET[:-1], f"{SECRET} ", SECRET.upper(), "é", "\udc80"])
def test_only_the_very_token_matches(sent: str) -> None:
    """Whatever bytes a stranger sends, there is no match and no error."""
    assert configuration.matches(SECRET, SECRET)
    assert not configuration.matches(sent, SECRET)
    assert not configuration.matches(sent, "")
