"""Views that change rows in ways that django-prometheus counts, counts twice, or does not count."""

import itertools
import os
import time

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from data.models import Note, Tag
from metrics_witness import operation

BULK = 5
_numbers = itertools.count()


def _own_key() -> int:
    """A primary key that no sequence and no other process gives: time, process and a counter."""
    return (time.time_ns() // 1_000_000 << 22 | (os.getpid() & 0xFFF) << 10 | next(_numbers) & 0x3FF) & (1 << 62) - 1


@require_POST
def bulk(_request: HttpRequest) -> HttpResponseBase:
    """Tags made, changed and removed by querysets, past the models' own methods."""
    word = f"bulk-{_own_key()}"
    made = Tag.objects.bulk_create(Tag(note_id=1, word=word) for _ in range(BULK))
    operation("tag", "bulk_insert", len(made))
    changed = Tag.objects.filter(word=word).update(weight=F("weight") + 1)
    operation("tag", "bulk_update", changed)
    gone, _ = Tag.objects.filter(word=word).delete()  # the witness sees each by a signal
    return JsonResponse({"made": len(made), "changed": changed, "gone": gone})


@require_POST
def given_key(_request: HttpRequest) -> HttpResponseBase:
    """A tag saved with a primary key of its own, for which Django tries an UPDATE first; then it is removed."""
    tag = Tag(pk=_own_key(), note_id=2, word="given")
    tag.save()
    operation("tag", "given_pk")
    tag.delete()
    return JsonResponse({"id": tag.pk})


@require_POST
def remove(_request: HttpRequest) -> HttpResponseBase:
    """A note with two tags; the note is deleted, and takes its tags along."""
    note = Note.objects.create(title="short-lived", body="")
    for word in ("first", "second"):
        Tag.objects.create(note=note, word=word)
    note.delete()
    return JsonResponse({"removed": 1})


@require_POST
def savepoint(_request: HttpRequest) -> HttpResponseBase:
    """A transaction that keeps a note and takes a tag back to its savepoint."""
    with transaction.atomic():
        note = Note.objects.create(title="kept", body="")
        taken_back = transaction.savepoint()
        Tag.objects.create(note=note, word="taken back")
        operation("tag", "undone")
        transaction.savepoint_rollback(taken_back)
    return JsonResponse({"id": note.pk}, status=201)
