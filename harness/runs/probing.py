"""The probe phase: after t1 each rare view gets single requests, and the scrape after them closes a second window."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.config.profile import Profile
from harness.core.run import Probe, Shard
from harness.evidence.client.schema import Labels
from harness.instrumentation import registry
from harness.runs.window import OpenWindow
from harness.runtime.load import examples, prober, shards, witness_token
from harness.runtime.load.locust_generator import Loaded

RARE = 500
"""Requests of one name from which on it is not probed: the load itself shows what a few requests would."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What the phase left."""

    shard: Shard
    probe: Probe


def is_wanted(profile: Profile) -> bool:
    """As the profile says; by default where the harness started the target and nobody else uses it."""
    if profile.probe is not None:
        return profile.probe
    return profile.start is not None and not profile.foreign_traffic and not profile.background


def probe(profile: Profile, opened: OpenWindow, directory: Path, loaded: Loaded) -> Probed | None:
    """Send the probes and wait for the next scrape; None where nothing can be probed. Raises PrometheusError."""
    paths = _rare(examples.read((directory / "logs").glob("examples-*.json")), _requests(directory, loaded))
    if opened.scraped is None or not paths:
        return None
    exchanges = prober.probe(
        opened.target,
        paths,
        token=witness_token.read(profile, os.environ),
        stamp=profile.start is not None,
        at_most_s=opened.scraped.interval_s,
    )
    labels = Labels(profile.views, {}, prober.PHASE, registry.of(profile).unrouted)
    shard = prober.write(directory, exchanges, labels)
    return Probed(shard, Probe(opened.next_scrape_s(exchanges[-1].started_s + exchanges[-1].latency_s)))


def _rare(paths: Mapping[str, str], requests: Mapping[str, int]) -> Mapping[str, str]:
    """The rarest first: it is they that must not be left out."""
    return {name: paths[name] for name in sorted(paths, key=lambda name: requests[name]) if requests[name] < RARE}


def _requests(directory: Path, loaded: Loaded) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in shards.tables(directory, loaded.shards, ("name",)):
        counts.update(table.column("name").to_pylist())
    return counts
