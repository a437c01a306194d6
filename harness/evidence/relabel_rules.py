"""Which metrics a scrape job drops by their names, read from Prometheus's own configuration.

`metric_relabel_configs` are applied to each sample in their order. Of these, a metric's fate is certain only where
a rule of the kind `drop` or `keep` asks for nothing but `__name__`; what asks for other labels too may drop some
series of a metric and not all, and what changes the name leaves the rest unknown.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

MOST_CHARACTERS = 4 * 2**20
"""Of a configuration that is read."""
NAME = "__name__"


class _WithoutAliases(yaml.SafeLoader):
    """Prometheus writes no aliases; a short text with aliases of aliases may be a document without end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Raises yaml.YAMLError for an alias."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


def dropped(configuration: str, jobs: Iterable[str], metrics: Iterable[str]) -> frozenset[str]:
    """Those of `metrics` that each of `jobs` drops; none where the text cannot be read or a job is not in it.

    `configuration` is the YAML that Prometheus reports of itself.
    """
    rules = _rules(configuration)
    known = [rules.get(job) for job in jobs]
    if not known or None in known:
        return frozenset()
    return frozenset(metric for metric in metrics if all(_is_dropped(metric, each or ()) for each in known))


def scrape_jobs(configuration: str) -> tuple[Mapping[str, Any], ...]:
    """The jobs of a configuration as they are written; none where it cannot be read."""
    if len(configuration) > MOST_CHARACTERS:
        return ()
    try:
        document = yaml.load(configuration, Loader=_WithoutAliases)  # noqa: S506 - a SafeLoader that allows even less
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()
    jobs = document.get("scrape_configs") if isinstance(document, Mapping) else None
    return tuple(job for job in jobs if isinstance(job, Mapping)) if isinstance(jobs, list) else ()


def _rules(configuration: str) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """The rules of each job by its name."""
    found = {}
    for job in scrape_jobs(configuration):
        own = job.get("metric_relabel_configs") or []
        if isinstance(own, list) and all(isinstance(rule, Mapping) for rule in own):
            found[str(job.get("job_name"))] = tuple(own)
    return found


def _is_dropped(metric: str, rules: Iterable[Mapping[str, Any]]) -> bool:
    for rule in rules:
        action = str(rule.get("action", "replace")).lower()
        if action == "replace" and str(rule.get("target_label")) == NAME:
            return False
        if action in ("drop", "keep") and rule.get("source_labels") == [NAME]:
            try:
                matches = re.fullmatch(str(rule.get("regex", "(.*)")), metric) is not None
            except (re.error, OverflowError):
                return False
            if matches is (action == "drop"):
                return True
    return False
