"""Milliseconds, as Prometheus keeps times."""


def in_ms(seconds: float) -> int:
    return round(seconds * 1000)


def in_s(milliseconds: int) -> float:
    """As Go's `Duration.Seconds`, which may differ from a division by 1000 in the last digit."""
    whole, rest = divmod(milliseconds, 1000)
    return whole + rest * 1_000_000 / 1e9
