"""Views that read and write the database."""

from django.http import HttpRequest, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from data.models import Note

PAGE_SIZE = 20
FIRST_NOTES = 100
FIRST_IDS = frozenset(str(number) for number in range(1, FIRST_NOTES + 1))


@require_GET
def read(request: HttpRequest) -> HttpResponseBase:
    """One note by its `id`."""
    text = request.GET.get("id", "1")
    if not text.isdecimal():
        return HttpResponseBadRequest("id must be a whole number")
    note = get_object_or_404(Note, pk=int(text))
    return JsonResponse({"id": note.pk, "title": note.title})


@require_GET
def list_notes(_request: HttpRequest) -> HttpResponseBase:
    """The newest notes."""
    notes = Note.objects.order_by("-id").values("id", "title")[:PAGE_SIZE]
    return JsonResponse({"notes": list(notes)})


@require_POST
def write(request: HttpRequest) -> HttpResponseBase:
    """A new note."""
    note = Note.objects.create(title=request.POST.get("title", "new")[:100], body=request.POST.get("body", ""))
    return JsonResponse({"id": note.pk}, status=201)


@require_POST
def update(request: HttpRequest) -> HttpResponseBase:
    """A new title for the note `id`, one of the first."""
    text = request.POST.get("id", "1")
    if text not in FIRST_IDS:
        return HttpResponseBadRequest(f"id must be a whole number from 1 to {FIRST_NOTES}")
    note = get_object_or_404(Note, pk=int(text))
    note.title = request.POST.get("title", "updated")[:100]
    note.save(update_fields=["title", "changed"])
    return JsonResponse({"id": note.pk})
