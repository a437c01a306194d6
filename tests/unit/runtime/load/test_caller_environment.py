"""Which of the caller's `LOCUST_...` variables reach the locustfile."""

from harness.runtime.load import caller_environment


def test_locusts_own_options_are_withheld_and_others_given_back() -> None:
    """What does not begin like one is never touched."""
    given = {"LOCUST_TAGS": "a", "LOCUST_TENANT": "t1", "PATH": "/bin"}
    inside = caller_environment.withheld(given)
    assert inside["PATH"] == "/bin"
    assert not {"LOCUST_TAGS", "LOCUST_TENANT"} & set(inside)
    caller_environment.restore(inside, {"LOCUST_TAGS", "LOCUST_USERS"})
    assert inside == {"LOCUST_TENANT": "t1", "PATH": "/bin"}


def test_nothing_is_given_back_where_nothing_was_withheld() -> None:
    """As in a Locust that was not started by the harness."""
    env = {"LOCUST_TENANT": "t1"}
    caller_environment.restore(env, ())
    assert env == {"LOCUST_TENANT": "t1"}
