"""One object as a key."""

import gc
import weakref

from harness.core.same import Same


class Thing:
    """It can be referred to weakly."""


def test_it_is_the_object_and_no_equal_one() -> None:
    """Also of what cannot be hashed."""
    one, other = [1], [1]
    assert {Same(one): "a"}.get(Same(one)) == "a"
    assert Same(other) != Same(one)
    assert Same(one) != one


def test_the_object_lives_as_long_as_the_key() -> None:
    """So nothing else gets its address."""
    thing = Thing()
    known, kept = {Same(thing)}, weakref.ref(thing)
    del thing
    gc.collect()
    assert kept() is not None
    known.clear()
    gc.collect()
    assert kept() is None
