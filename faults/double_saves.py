"""A signal counts each new row that the model's mixin has counted already."""

from harness.faults import Fault, Injection

SIGNALS = """\
from django.db.models.signals import post_save

from django_prometheus.models import model_inserts


def count(sender, created, **_):
    if created:
        model_inserts.labels(sender.__name__.lower()).inc()


def connected(get_response):
    post_save.connect(count)
    return get_response
"""

FAULT = Fault(
    number=68,
    id="double-saves",
    does="A signal counts each new row that the model's mixin has counted already.",
    lie="twice as many rows are written as there are",
    mend="the app: the mixin or the signal, and a dispatch_uid where a module may be imported twice",
    caught_by=("model-ops",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"signals.py": SIGNALS},
        settings='MIDDLEWARE = [*MIDDLEWARE, "signals.connected"]\n',
        scenario="scenarios/database.py",
    ),
)
