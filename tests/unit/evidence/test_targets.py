"""What the targets of a scrape job are called."""

from harness.evidence.targets import Targets

POD = {"job": "shop", "instance": "shop-1", "namespace": "prod"}
SIDE = {"job": "shop-cache", "instance": "shop-1", "namespace": "prod"}


def test_an_instance_of_its_own_is_the_name() -> None:
    """Whatever else the series carries, and also where nothing is known of its target."""
    assert Targets.of([{"__name__": "up", **POD}]).name({**POD, "view": "cart"}) == "shop-1"
    assert Targets.of([]).name({"instance": "shop-9"}) == "shop-9"


def test_targets_of_one_instance_are_told_apart_by_the_labels_that_differ() -> None:
    """Labels that all of them share are left aside; a series belongs to the one that it has most in common with."""
    known = Targets.of([POD, SIDE, POD])
    assert known.name({**POD, "view": "cart"}) == 'shop-1 (job="shop")'
    assert known.name({**SIDE, "command": "get"}) == 'shop-1 (job="shop-cache")'
