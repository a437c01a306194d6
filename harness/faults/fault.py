"""What a fault is: a name, what the metrics then claim, who must notice, and how it is injected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.config.profile import Act, Sidecar


@dataclass(frozen=True, slots=True)
class Injection:
    """How the embedded stack and its load are changed; everything else stays as the profile has it.

    Placeholders are those of `TargetStart`, with `{fault}` for the directory that holds `modules` and is on the
    target's PYTHONPATH; commands of `acts` also know `{target_pid}`, `{prometheus_pid}` and those of the sidecars.
    """

    settings: str = ""
    """Python that follows the target's own settings."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """File name -> text."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of the target's environment."""
    variants: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """Replaces the command that starts the target; `{command}` alone stands for the replaced one."""
    prepare: tuple[tuple[str, ...], ...] | None = None
    """Replaces the commands that run before the start."""
    sidecars: tuple[Sidecar, ...] = ()
    """Processes that run beside the target, e.g. a proxy or a replica."""
    entry: str = ""
    """The name of the sidecar to which the load goes instead of the target, e.g. a proxy."""
    scrape: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the scrape job in Prometheus's configuration."""
    acts: tuple[Act, ...] = ()
    scenario: str = ""
    """A locustfile of the project, instead of the profile's."""
    locustfile: str = ""
    """The text of a locustfile, instead of either."""
    dashboard: str = ""
    """The text of a Grafana dashboard, instead of the profile's."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the profile that the fault needs otherwise, e.g. `pace`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One deliberate way to make monitoring lie."""

    number: int
    """Its place in lists and tables, from 1."""
    id: str
    """Lower-case words joined by `-`; they name its run and its page."""
    does: str
    """One sentence: what is done to the stack."""
    lie: str
    """What the metrics then claim, or their readers believe."""
    mend: str
    """Where and how a real project fixes it."""
    caught_by: tuple[str, ...]
    """Checks that must not pass, each of them."""
    quiet: tuple[str, ...]
    """Checks that must pass all the same: what the fault leaves true."""
    named_by: tuple[str, ...] = ()
    """Findings that must be reported, each of them: for a fault that leaves the metrics as the library makes them."""
    cause: str | None = ""
    """What the report must name as the likely cause; empty: `id` itself, where a check must fail; None: nothing."""
    needs: tuple[str, ...] = ()
    """Programs that must be on PATH."""
    injection: Injection = Injection()
