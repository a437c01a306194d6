"""Arms made of numbers, for the tests of the gate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.core.verdict import Status
from harness.evidence import comparability
from harness.gate.decision import Measurement, Pair, Plan, ViewSample

VIEW = "shop:item"
PLAN = Plan((VIEW,))
OPEN = Plan((VIEW,), throughput=True)
FINGERPRINT = {
    **comparability.completed({"profile.users": "10"}),
    **{f"machine.{name}": f"some {name}" for name in comparability.MACHINE},
    "machine.cpus": "4",
    "version.python": "3.11.7",
    "version.prometheus": "2.42.0",
}


def arm(
    id: str,
    *,
    factor: float = 1.0,
    n: int = 5000,
    errors: int = 10,
    throughput: float | None = 200.0,
    job: str = "",
    made_with: Mapping[str, str] = FINGERPRINT,
) -> Measurement:
    """A healthy arm whose latencies are `factor` times 10, 20 and 40 ms."""
    quantiles = {"p50": 0.010 * factor, "p95": 0.020 * factor, "p99": 0.040 * factor}
    return Measurement(
        id=id,
        views={VIEW: ViewSample(n, quantiles)},
        requests=n + errors,
        errors=errors,
        verification=Status.PASS,
        job=job,
        throughput=throughput,
        fingerprint=made_with,
    )


def pairs(k: int = 10, *, worse: float = 1.0, noise: float = 0.01, seed: int = 1) -> list[Pair]:
    """Pairs whose candidate is `worse` times as slow, with a little noise of each arm."""
    random = np.random.default_rng(seed)
    return [
        Pair(
            arm(f"pair {j}, base", factor=math.exp(random.normal(0, noise))),
            arm(f"pair {j}, candidate", factor=worse * math.exp(random.normal(0, noise))),
        )
        for j in range(1, k + 1)
    ]


def jobs(side: str, count: int, *, worse: float = 1.0, noise: float = 0.01, seed: int = 2) -> list[Measurement]:
    """Stored runs, each of a job of its own."""
    random = np.random.default_rng(seed)
    return [
        arm(f"{side}-{j}", factor=worse * math.exp(random.normal(0, noise)), job=f"{side}-job-{j}")
        for j in range(1, count + 1)
    ]


def with_candidate(made: Sequence[Pair], index: int, **changes: object) -> list[Pair]:
    """The pairs with one candidate changed."""
    changed = list(made)
    changed[index] = Pair(made[index].base, replace(made[index].candidate, **changes))  # type: ignore[arg-type]
    return changed
