"""The tables of the reference target."""

from django.db import models
from django_prometheus.models import ExportModelOperationsMixin


class Note(ExportModelOperationsMixin("note"), models.Model):  # type: ignore[misc]
    """A note; the first hundred are made by a migration."""

    title = models.CharField(max_length=100)
    body = models.TextField()
    changed = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title


class Tag(ExportModelOperationsMixin("tag"), models.Model):  # type: ignore[misc]
    """A word on a note."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="tags")
    word = models.CharField(max_length=50)
    weight = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.word
