"""What a panel's selectors find of the samples: whether any series matches, and whether it has samples in the range."""

import numpy as np

from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.core.run import Run
from harness.monitoring.dashboards.panel_samples import PanelSamples
from harness.promql import LOOKBACK_S, Samples

LATE_SCRAPES = 1.5
"""Scrape intervals after the start of a range within which a series that is there all along has a sample."""
MOST_VALUES = 8
"""Values of a label that a message lists."""


def unmatched(asked: ParsedPanel, samples: Samples) -> str:
    """Why the first selector that no series matches has none; empty when all have some."""
    for selection in asked.selections:
        series = samples.series.get(selection.metric, ())
        if len(samples.selected(selection)):
            continue
        for matcher in selection.matchers:
            values = sorted({each.labels.get(matcher.label, "") for each in series})
            if not any(map(matcher.accepts, values)):
                found = ", ".join(map(repr, values[:MOST_VALUES])) + (", ..." if len(values) > MOST_VALUES else "")
                return f"no series of {selection.metric} matches {matcher}; {matcher.label} is {found}"
        return f"no series of {selection.metric} matches {', '.join(map(str, selection.matchers))} together"
    return ""


def unsampled(asked: ParsedPanel, samples: Samples) -> str:
    """The first selector whose series have no sample in its range, as a reason; empty when all series have some."""
    for selection in asked.selections:
        if not len(samples.selected(selection)):
            continue
        start_s, end_s = selection.stretch(samples.at_s)
        if selection.range_s is None:
            start_s -= LOOKBACK_S
        times = (group.block.seconds for group in samples.selected(selection).groups)
        if not any(((start_s <= seconds) & (seconds <= end_s)).any() for seconds in times):
            ago_s = round((samples.at_s if samples.until_s is None else samples.until_s) - end_s, 3)
            when = f" that end {ago_s:.10g} s before the end" if ago_s else ""
            stretch = f"{'' if ago_s else 'last '}{end_s - start_s:g} s{when}"
            return f"no series of {selection.metric} has a sample in the {stretch} of the run"
    return ""


def lacks_scrapes(run: Run, asked: ParsedPanel, samples: PanelSamples) -> bool:
    """A series has one sample alone in the range of its selector, or its first there later than the first scrape.

    Then `rate()` gives nothing of what a whole range would have shown. Scrapes that failed are no fault of the panel,
    and another check names them.
    """
    for selection in asked.selections:
        if selection.range_s is None:
            continue
        start_s, end_s = selection.stretch(samples.at_s)
        for group in samples.selected(selection).groups:
            failed = set(samples.updates.get(group.source, ())) - set(samples.scraped.get(group.source, ()))
            seconds = np.sort(np.append(group.block.seconds, list(failed)))
            inside = seconds[(start_s <= seconds) & (seconds <= end_s)]
            late_s = LATE_SCRAPES * run.window.scrape_interval_s
            if len(inside) and (len(inside) == 1 or inside[0] - start_s > late_s):
                return True
    return False
