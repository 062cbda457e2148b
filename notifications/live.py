"""The count of unread notifications as server-sent events, for the one tab that is looked at.

A stream holds no connection while it waits: the process hears of changes through `tenants.broadcast`.
"""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_urlconf
from django.views.decorators.http import require_GET

from accounts import recheck
from accounts.access import EVERYBODY, access
from accounts.http import MemberRequest
from notifications.selectors import unread_count
from notifications.services import TOPIC
from tenants import broadcast
from tenants.threads import in_thread, release_request_connection

# A comment is sent after so long without a change, so that proxies keep the connection.
KEEP_ALIVE_SECONDS: Final = 20.0
RECHECK_SECONDS: Final = 60.0
# Changes of one moment are told once.
GATHER_SECONDS: Final = 0.2

_open: Counter[tuple[UUID, UUID]] = Counter()
_waiting: defaultdict[str, set["Bell"]] = defaultdict(set)


@access(EVERYBODY)
@require_GET
async def live(request: MemberRequest) -> HttpResponseBase:
    """Server-sent events `unread` with {"count": …}: at once, and at each change."""
    if _open[(request.tenant.id, request.user.pk)] >= settings.EVENT_STREAMS_PER_PERSON:
        return HttpResponse(status=429, headers={"Retry-After": "30"})
    response = StreamingHttpResponse(Bell(request).events(), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _changed(key: str) -> None:
    """Callback of the listener thread. `key`: "workspace:person", or "*" when messages may have been missed."""
    bells = [bell for bells in list(_waiting.values()) for bell in list(bells)] if key == "*" else _waiting.get(key, ())
    for bell in list(bells):
        bell.wake()


broadcast.subscribe(TOPIC, _changed)


class Bell:
    """The stream of one tab."""

    def __init__(self, request: MemberRequest) -> None:
        self._request = request
        self._tenant = request.tenant
        self._person = (request.tenant.id, request.user.pk)
        self._key = f"{request.tenant.id}:{request.user.pk}"
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._checked_at = time.monotonic()

    def wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def events(self) -> AsyncIterator[str]:
        await release_request_connection()
        broadcast.listen()
        _open[self._person] += 1
        _waiting[self._key].add(self)
        try:
            yield "retry: 10000\n\n"
            shown: int | None = None
            while True:
                self._changed.clear()
                count = await in_thread(self._tenant, self._count)
                if count is None:
                    # Access has ended.
                    yield "event: gone\ndata: {}\n\n"
                    return
                yield f"event: unread\ndata: {json.dumps({'count': count})}\n\n" if count != shown else ": same\n\n"
                shown = count
                async for comment in self._wait():
                    yield comment
        finally:
            _waiting[self._key].discard(self)
            if not _waiting[self._key]:
                del _waiting[self._key]
            _open[self._person] -= 1
            if not _open[self._person]:
                del _open[self._person]

    async def _wait(self) -> AsyncIterator[str]:
        """Comments until something has changed, or rights are to be asked again."""
        while time.monotonic() - self._checked_at < RECHECK_SECONDS:
            try:
                await asyncio.wait_for(self._changed.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            await asyncio.sleep(GATHER_SECONDS)
            return

    def _count(self) -> int | None:
        if time.monotonic() - self._checked_at >= RECHECK_SECONDS:
            self._checked_at = time.monotonic()
            set_urlconf(self._request.urlconf)
            try:
                if recheck.still_allowed(self._request, live.access) is None:  # type: ignore[attr-defined]
                    return None
            finally:
                set_urlconf(None)
        return unread_count(self._request.user)
