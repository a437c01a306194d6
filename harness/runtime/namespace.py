"""Finds what a target puts before the names of its metrics, by asking Prometheus."""

from collections.abc import Callable

from harness import promql
from harness.core.query import NoData, Reading
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation


def exporters(read: Callable[[str], Reading | NoData], names: Instrumentation) -> tuple[str, ...]:
    """Matchers of the jobs that count requests, under any namespace: what a selector could have been."""
    pattern = f"__name__=~{promql.label_value(f'(.+_)?{names.arrived}')}"
    reading = read(f"count by (job) ({promql.selector('', pattern)})")
    series = reading.series if isinstance(reading, Reading) else ()
    return tuple(sorted(f"job={promql.label_value(each.labels.get('job', ''))}" for each in series))


def find(
    read: Callable[[str], Reading | NoData], names: Instrumentation, selector: str, given: str | None
) -> str | None:
    """Under which namespace the target counts its requests now; None when it counts none.

    Only `given` counts, unless it is None. `read` answers an instant query. Raises UsageError when there are several.
    """
    if given is not None:
        known = read(promql.selector(names.under(given).arrived, selector))
        return given if isinstance(known, Reading) else None
    pattern = f"__name__=~{promql.label_value(f'(.+_)?{names.arrived}')}"
    matchers = ",".join(filter(None, (selector.strip().removesuffix(","), pattern)))
    reading = read(f"count by (__name__) ({promql.selector('', matchers)})")
    series = reading.series if isinstance(reading, Reading) else ()
    return registry.only(names.namespaces(each.labels.get("__name__", "") for each in series), selector)
