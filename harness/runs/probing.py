"""The probe phase: after t1 each rare view gets single requests, and the scrape after them closes a second window."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.config.profile import Profile
from harness.core.run import Probe, Shard
from harness.core.unsaid import Unsaid
from harness.evidence.client.schema import Exchange, Labels
from harness.evidence.client.server_timing import witness
from harness.instrumentation import registry
from harness.runs.window import OpenWindow
from harness.runtime.load import examples, prober, shard_file, shards, witness_token
from harness.runtime.load.generator import Loaded

RARE = 500
"""Requests of one name from which on it is not probed: the load itself shows what a few requests would."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What the phase left."""

    shard: Shard
    probe: Probe
    views: Mapping[str, str] = field(default_factory=dict)
    """The view of each name, where the load's own samples have no witness and the probes' say it."""


def is_wanted(profile: Profile) -> bool:
    """As the profile says; by default where the harness started the target and nobody else uses it."""
    if profile.probe is not None:
        return profile.probe
    return profile.start is not None and not profile.foreign_traffic and not profile.background


def probe(profile: Profile, opened: OpenWindow, directory: Path, loaded: Loaded) -> Probed | None:
    """Send the probes and wait for the next scrape; None where nothing can be probed. Raises PrometheusError.

    A load whose results have no headers has no views either: then each of its names is probed, and where the app says
    the view of all of them, the samples get these. Of only some of them, the others' requests would look miscounted.
    """
    known, requests = examples.read((directory / "logs").glob("examples-*.json")), _requests(directory, loaded)
    unsaid = Unsaid.HEADERS in loaded.unsaid
    paths = known if unsaid else _rare(known, requests)
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
    taken = max(shards.number_of(directory / each.file) for each in loaded.shards)
    shard = shard_file.write(directory, exchanges, labels, taken)
    views = _views(exchanges, labels) if unsaid else {}
    if not requests.keys() <= {*views, *profile.views}:
        views = {}
    for each in loaded.shards if views else ():
        shard_file.name_views(directory / each.file, {**views, **profile.views})
    end_s = opened.next_scrape_s(exchanges[-1].started_s + exchanges[-1].latency_s)
    return Probed(shard, Probe(end_s), {**views, **profile.views} if views else {})


def _views(exchanges: Sequence[Exchange], labels: Labels) -> Mapping[str, str]:
    """The view of each name, by the app's own account of a probe."""
    found = {each.name: witness(each.server_timing, labels.unrouted).view for each in exchanges}
    return {name: view for name, view in found.items() if view is not None}


def _rare(paths: Mapping[str, str], requests: Mapping[str, int]) -> Mapping[str, str]:
    """The rarest first: it is they that must not be left out."""
    return {name: paths[name] for name in sorted(paths, key=lambda name: requests[name]) if requests[name] < RARE}


def _requests(directory: Path, loaded: Loaded) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in shards.tables(directory, loaded.shards, ("name",)):
        counts.update(table.column("name").to_pylist())
    return counts
