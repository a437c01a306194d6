"""A middleware that answers every tenth request itself, for the faults that put it in a wrong place."""

NAME = "gate.gate"
"""Its line in MIDDLEWARE."""
FILES = {
    "gate.py": """\
import itertools

from django.http import HttpResponse


def gate(get_response):
    numbers = itertools.count(1)

    def answer(request):
        if request.path.startswith("/work/") and next(numbers) % 10 == 0:
            return HttpResponse("too many", status=429)
        return get_response(request)

    return answer
"""
}
