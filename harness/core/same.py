"""One object as a key, whatever equals it."""


class Same:
    """Stands for an object and keeps it: what is gone leaves its `id` to another."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        """Of any object, which need not be hashable."""
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.it is self.it
