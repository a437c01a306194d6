"""Makes one view slower by a share of its own time, to see that a regression gate notices (TARGET_SLOWDOWN_...)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class Slowdown:
    """Innermost, so that the metrics count what it adds as the view's own time, and so do the witnesses."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Asynchronous exactly when the rest of the chain is, as Django's own middlewares are."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Sleep after the view."""
        if self.is_async:
            return self._acall(request)
        began_s = time.perf_counter()
        response: HttpResponse = self.get_response(request)
        time.sleep(_extra_s(request, time.perf_counter() - began_s))
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        began_s = time.perf_counter()
        response: HttpResponse = await self.get_response(request)
        await asyncio.sleep(_extra_s(request, time.perf_counter() - began_s))
        return response


def _extra_s(request: HttpRequest, took_s: float) -> float:
    slowed = request.resolver_match is not None and request.resolver_match.view_name == settings.SLOWDOWN_VIEW
    return took_s * settings.SLOWDOWN_PERCENT / 100 if slowed else 0.0
