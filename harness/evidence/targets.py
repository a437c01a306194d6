"""Which target a series comes from, and what that is called.

A target is an entry of a scrape job: the whole label set of its `up`. Most have an `instance` of their own and are
called by it. Where several share one (a pod with two containers and the pod's name as instance, a pod that took the
address of another), each is called by the labels too in which it differs from the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.promql.query_text import label_value

NAME = "__name__"
INSTANCE = "instance"
NOBODY = ""
"""The name of a target without an `instance`."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets that a run knows, each by the labels of its `up`."""

    known: Mapping[str, Sequence[Mapping[str, str]]]
    """By `instance`."""
    names: dict[frozenset[tuple[str, str]], str] = field(default_factory=dict, compare=False, repr=False)
    """Names that were found already, by the whole label set that was asked for."""

    @classmethod
    def of(cls, ups: Iterable[Mapping[str, str]]) -> "Targets":
        """From the label sets of `up`."""
        known: dict[str, list[Mapping[str, str]]] = {}
        for labels in ups:
            own = {name: value for name, value in labels.items() if name != NAME}
            same = known.setdefault(own.get(INSTANCE, NOBODY), [])
            if own not in same:
                same.append(own)
        return cls(known)

    def name(self, labels: Mapping[str, str]) -> str:
        """What the target of a series is called: the one with which it has most labels in common."""
        instance = labels.get(INSTANCE, NOBODY)
        same = self.known.get(instance, ())
        if len(same) < 2:
            return instance
        asked = frozenset(labels.items())
        if asked not in self.names:
            own = max(same, key=lambda each: len(each.items() & labels.items()))
            differ = sorted(name for name in own if len({each.get(name) for each in same}) > 1)
            inner = ", ".join(f"{name}={label_value(own[name])}" for name in differ)
            self.names[asked] = f"{instance} ({inner})" if inner else instance
        return self.names[asked]
