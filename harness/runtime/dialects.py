"""As which version of Prometheus a server evaluates: by its behaviour, never by the version that it announces.

Other servers announce their own version and evaluate as the Prometheus that they are built from, or otherwise.
"""

from collections.abc import Callable, Mapping

from harness.core.errors import PrometheusError

VERSIONS: Mapping[tuple[bool, ...], str] = {
    (False, False, False, False): "2.42",
    (False, True, False, False): "2.49",
    (False, True, True, False): "2.51",
    (True, True, True, True): "3.0",
}
"""The oldest version that has the same traits, in the order of `TRAITS`."""
_STEP = 'label_replace(vector({}), "le", "{}", "", "")'
_STEPS = " or ".join(_STEP.format(value, le) for value, le in (("1", "1"), ("1 + 1e-13", "2"), ("1 + 1e-13", "+Inf")))
_BROKEN = 'label_replace(label_replace(vector(1), "a", "b\\nc", "", ""), "d", "x", "a", "b.c")'
TRAITS: tuple[tuple[str, float, float], ...] = (
    # Of the points 0 s, 5 s and 10 s, a range of 10 s that ends at 10 s leaves out the first (3.0).
    ("scalar(count_over_time(vector(1)[10s:5s]))", 2, 3),
    # Buckets that rise by no more than rounding do not rise (2.49).
    (
        f"scalar(histogram_quantile(1, {_STEPS}))",
        1,
        2,
    ),
    # A counter of 4, 9 and 14 at 10 s, 15 s and 20 s is extrapolated by half of a step, not to zero (2.51).
    ("scalar(increase(((vector(time()) - 6) >= 4)[20s:5s]))", 12.5, 14),
    # In a pattern a dot is also a line break (3.0).
    (f'scalar(count({_BROKEN} * on (d) label_replace(vector(1), "d", "x", "", "")) or vector(0))', 1, 0),
)
"""An expression, what it gives where the trait is there, and what it gives where it is not."""
AT_S = 20.0
"""When they are evaluated: no server has samples of then."""


def find(number: Callable[[str, float], float]) -> str:
    """The version, such as `2.51`; empty for a server that evaluates as none of them.

    `number` gives the value of a scalar at a time.
    """
    traits = []
    for text, there, absent in TRAITS:
        try:
            value = number(text, AT_S if "20s" in text else AT_S / 2)
        except PrometheusError:
            return ""
        if value not in (there, absent):
            return ""
        traits.append(value == there)
    return VERSIONS.get(tuple(traits), "")
