"""The third witness: tells each request's account of SQL, cache and models in `Server-Timing`.

Entries, where there is something to tell: `db` (time in SQL statements, and a digest of them), `cache` and `model`
(digests; docs/run-directory.md has their keys).
"""

from collections.abc import Awaitable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from somesite import account as accounts
from somesite import sql_log
from somesite.account import Account, digest, opened, watching
from somesite.witness import Witness, append, entry


class AccountWitness(Witness):
    """Outermost: keeps the account of what the request does, tells it, and hands its statements to the SQL log."""

    def __init__(self, get_response: Any) -> None:
        """From now on the process serves."""
        super().__init__(get_response)
        accounts.outside = sql_log.keep

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Open the account around the whole chain."""
        if self.is_async:
            return self._acall(request)
        with opened(request) as account, watching():
            response: HttpResponse = self.get_response(request)
        return _tell_account(account, response)

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        """Synchronous views run in a thread of the request's own, whose connections are watched there."""
        with opened(request) as account:
            watched = watching()
            await sync_to_async(watched.__enter__, thread_sensitive=True)()
            try:
                response: HttpResponse = await self.get_response(request)
            finally:
                await sync_to_async(watched.__exit__, thread_sensitive=True)(None, None, None)
        return _tell_account(account, response)


def _tell_account(account: Account, response: HttpResponse) -> HttpResponse:
    if account.statements:
        sql_log.keep(account)
    if not settings.WITNESS:
        return response
    for kind in ("db", "cache", "model"):
        if told := digest(account.counts.get(kind, {})):
            took_ns = round(sum(statement.duration_s for statement in account.statements) * 1e9)
            append(response, entry("db", took_ns, told) if kind == "db" else f'{kind};desc="{told}"')
    return response
