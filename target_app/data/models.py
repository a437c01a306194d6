"""The one table of the reference target."""

from django.db import models
from django_prometheus.models import ExportModelOperationsMixin


class Note(ExportModelOperationsMixin("note"), models.Model):  # type: ignore[misc]
    """A note; the first hundred are made by a migration."""

    title = models.CharField(max_length=100)
    body = models.TextField()
    changed = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title
