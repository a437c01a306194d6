"""Results that are remembered by the identity of the arguments."""

import pytest

from harness.core import memo


def test_the_same_objects_are_asked_once() -> None:
    """Others that are equal are asked again, and so is what was pushed out."""
    asked: list[list[int]] = []

    @memo.by_identity(kept=2)
    def total(numbers: list[int], *, more: list[int] | None = None) -> int:
        asked.append(numbers)
        return sum(numbers) + sum(more or ())

    first, second, third = [1], [1], [1]
    assert [total(first), total(first), total(second)] == [1, 1, 1]
    assert len(asked) == 2
    assert total(first, more=second) == 2
    assert total(first) == 1  # pushed out by the two later ones
    assert len(asked) == 4
    assert total(third) == 1
    assert len(asked) == 5


def test_no_other_object_takes_the_identity_of_one() -> None:
    """The arguments live as long as their results."""

    @memo.by_identity()
    def length(numbers: list[int]) -> int:
        return len(numbers)

    assert [length(list(range(size))) for size in range(50)] == list(range(50))


def test_what_failed_is_tried_again() -> None:
    """Nothing is remembered of a call that raises."""
    answers = iter([None, 7])

    @memo.by_identity()
    def ask(_: object) -> int:
        answer = next(answers)
        if answer is None:
            raise ValueError("not yet")
        return answer

    question = object()
    with pytest.raises(ValueError, match="not yet"):
        ask(question)
    assert ask(question) == 7
