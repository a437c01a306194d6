"""Diagnoses of the witness of a Django target: is it installed, in its places, and on?

What it sends and how it is turned on is written in witness/README.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown

ID = "witness"
OUTER = "metrics_witness.middleware.OuterWitness"
INNER = "metrics_witness.middleware.InnerWitness"
INSTALL = "`pip install ./witness` in the harness's repository; witness/README.md has the three lines of settings"


class WitnessMode(StrEnum):
    """What the setting `WITNESS` makes of an installed witness."""

    ABSENT = "absent"
    """The package cannot be imported."""
    REFUSED = "refused"
    """The setting is wrong."""
    OFF = "off"
    TOKEN = "token"
    ON = "on"


@dataclass(frozen=True, slots=True)
class WitnessFacts:
    """What the target's process reports of it."""

    mode: WitnessMode = WitnessMode.ABSENT
    refusal: str = ""
    """Why the setting is refused."""
    outer: frozenset[str] = frozenset()
    """Paths in MIDDLEWARE that are the outer witness or a subclass of it."""
    inner: frozenset[str] = frozenset()


def diagnose_witness(
    module: str, middleware: tuple[str, ...], after: frozenset[str], facts: WitnessFacts
) -> tuple[Diagnosis, ...]:
    """Judge its places, and say whether it is on; a target without one is not at fault.

    Args:
        module: the settings module.
        middleware: dotted paths in their order.
        after: those of them that are PrometheusAfterMiddleware.
        facts: of the witness.
    """
    where = f"{module}: MIDDLEWARE"
    if not (facts.outer or facts.inner):
        return (_absent(where, middleware, facts),)
    return _outer(where, middleware, facts) or _inner(where, middleware, after, facts) or (_mode(module, facts),)


def _absent(where: str, middleware: tuple[str, ...], facts: WitnessFacts) -> Diagnosis:
    own = [path for path in middleware if path.rpartition(".")[2].endswith("Witness")]
    if own:
        return ok(ID, f"{where} has a witness of its own, {own[0]!r}; its place is not judged")
    brings = "one bounds latencies from both sides and lets SQL, cache and model counts be checked request by request"
    if facts.mode is WitnessMode.ABSENT:
        return ok(ID, f"{where} has no witness, which is optional; {brings}: {INSTALL}")
    return ok(
        ID,
        f"{where} has no witness, which is optional; {brings}: metrics_witness is installed, so add {OUTER!r} as "
        f"the first line and {INNER!r} immediately above PrometheusAfterMiddleware",
    )


def _outer(where: str, middleware: tuple[str, ...], facts: WitnessFacts) -> tuple[Diagnosis, ...]:
    places = [index for index, path in enumerate(middleware) if path in facts.outer]
    if not places:
        return (fault(ID, f"{where} has the inner witness alone, so no request has an account; {_first()}"),)
    if len(places) > 1:
        return (fault(ID, f"{where} has the outer witness {len(places)} times; keep the first only"),)
    if places[0]:
        text = f"has {middleware[0]!r} above the outer witness, which therefore does not see what it costs; {_first()}"
        return (fault(ID, f"{where} {text}"),)
    return ()


def _inner(
    where: str, middleware: tuple[str, ...], after: frozenset[str], facts: WitnessFacts
) -> tuple[Diagnosis, ...]:
    places = [index for index, path in enumerate(middleware) if path in facts.inner]
    line = f"move {INNER!r} immediately above PrometheusAfterMiddleware"
    if not places:
        text = f"has the outer witness alone, so no response names its view; {line.replace('move', 'add')}"
        return (fault(ID, f"{where} {text}"),)
    if len(places) > 1:
        return (fault(ID, f"{where} has the inner witness {len(places)} times; keep the last only"),)
    afters = [index for index, path in enumerate(middleware) if path in after]
    if not afters:
        return (unknown(ID, f"{where} has no PrometheusAfterMiddleware, above which the inner witness belongs"),)
    if places[0] > afters[0]:
        text = f"has the inner witness below PrometheusAfterMiddleware, so the metric encloses more than it; {line}"
        return (fault(ID, f"{where} {text}"),)
    if places[0] + 1 < afters[0]:
        between = ", ".join(repr(path) for path in middleware[places[0] + 1 : afters[0]])
        text = (
            f"has {between} between the inner witness and PrometheusAfterMiddleware, and the witness times it; {line}"
        )
        return (fault(ID, f"{where} {text}"),)
    return ()


def _mode(module: str, facts: WitnessFacts) -> Diagnosis:
    match facts.mode:
        case WitnessMode.ON:
            return ok(ID, f"{module}: the witness is in its places and on: every response carries the account")
        case WitnessMode.TOKEN:
            text = "on for requests with the token: name the variable that holds it as witness_token_env of the profile"
            return ok(ID, f"{module}: the witness is in its places and {text}")
        case WitnessMode.OFF:
            text = "off; WITNESS = {'token': ...} turns it on for requests with the token, {'enabled': True} for all"
            return ok(ID, f"{module}: the witness is in its places and {text}")
        case WitnessMode.REFUSED:
            return fault(ID, f"{module}: the witness's setting is refused, so nothing is served: {facts.refusal}")
        case WitnessMode.ABSENT:
            return unknown(ID, f"{module}: the witness's setting could not be read; is metrics_witness installed here?")
        case never:
            assert_never(never)


def _first() -> str:
    return f"make {OUTER!r} the first line"
