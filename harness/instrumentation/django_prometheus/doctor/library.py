"""What the installed release of django-prometheus does otherwise than the newest, where the project uses it."""

from collections.abc import Iterable, Mapping

from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown
from harness.instrumentation.django_prometheus import versions
from harness.instrumentation.django_prometheus.doctor.backends import CACHES, ENGINES

LIBRARY = "library"
_COUNTING: Mapping[str, str] = {**ENGINES, **CACHES}


def diagnose_library(module: str, release: str, backends: Iterable[str]) -> Diagnosis:
    """Judge a release by the engines and cache backends that the settings name; empty for one that is not known."""
    if not release:
        return unknown(LIBRARY, f"{module}: django-prometheus is not installed for this interpreter")
    used = {_COUNTING.get(path, path) for path in backends}
    concerned = [each for each in versions.differences(release) if used & set(each.concerns)]
    if not concerned:
        return ok(LIBRARY, f"{module}: django-prometheus {release}")
    newest = max((each.before for each in concerned), key=_numbers)
    text = "; it ".join(each.text for each in concerned)
    return fault(LIBRARY, f"{module}: django-prometheus {release}: it {text}; install {newest} or later")


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
