"""Server-sent events of an answer, from any position until all of its text is sent.

A stream holds no database or Redis connection while it waits (`hub`). The last event contains the rendered article,
so the tab needs no further request. If the user loses access, the stream ends early with the event `gone`.
"""

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django.utils import translation
from django.views.decorators.http import require_GET

from accounts import recheck
from accounts.access import TEAM, access
from accounts.http import MemberRequest
from conversations import answer_log, leases, selectors, services
from conversations.answer_log import Entry, position_of
from conversations.hub import Listener, hub
from conversations.models import Message
from conversations.presenters import answer_context
from tenants.context import tenant_context
from tenants.threads import in_thread, release_request_connection

log = logging.getLogger(__name__)
# After this time without entries, a keep-alive comment is sent and the answer's row is checked.
KEEP_ALIVE_SECONDS = 5.0
# Interval of access checks; a reported change of rights (`accounts.recheck`) causes one immediately.
RECHECK_SECONDS = 15.0
# Format of log ids; any other `Last-Event-ID` is ignored.
_POSITION = re.compile(r"[0-9]{1,15}(-[0-9]{1,15})?")
# Number in the id of the last event, greater than that of any log entry.
_LAST = 10**9

# Number of open streams of this process by workspace and person.
_open: Counter[tuple[UUID, UUID]] = Counter()
_streams: set["Stream"] = set()


@access(TEAM)
@require_GET
async def stream(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponseBase:
    """Server-sent events of one answer, after `Last-Event-ID` (or `?after=`)."""
    person = (request.tenant.id, request.user.pk)
    if _open[person] >= settings.EVENT_STREAMS_PER_PERSON:
        return HttpResponse(status=429, headers={"Retry-After": "5"})
    _conversation, answer = await sync_to_async(selectors.access_answer)(request.user, conversation_id, message_id)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after") or answer_log.START
    if not _POSITION.fullmatch(after):
        after = answer_log.START
    events = Stream(request, conversation_id, answer, after).events()
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _rights_changed(tenant_id: str) -> None:
    """Callback of `accounts.recheck`, called in its listener thread. `tenant_id`: "*" for all workspaces."""
    for open_stream in list(_streams):
        if tenant_id in (str(open_stream.tenant.id), "*"):
            open_stream.check_rights_soon()


recheck.subscribe(_rights_changed)


class Stream:
    """The stream of one answer to one tab."""

    def __init__(self, request: MemberRequest, conversation_id: UUID, answer: Message, after: str) -> None:
        self.tenant = request.tenant
        self._request = request
        self._person = (request.tenant.id, request.user.pk)
        self._language = translation.get_language()
        self._keys = (conversation_id, answer.pk)
        self._log = answer_log.log_key(answer.pk)
        self._was_ended = answer.state != Message.State.STREAMING
        self._after = after
        # Number of characters that the tab has received.
        self._length = position_of(after)[0]
        self._has_gap = False
        self._checked_at = time.monotonic()
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def check_rights_soon(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._checked_at = 0.0
        if self._listener:
            self._listener.changed.set()

    async def events(self) -> AsyncIterator[str]:
        # The middleware's tenant context ended with the view; from here on it is set explicitly.
        await release_request_connection()
        _open[self._person] += 1
        self._loop = asyncio.get_running_loop()
        _streams.add(self)
        try:
            yield "retry: 1000\n\n"
            if self._was_ended:
                yield await self._end()
                return
            with hub().listen(self._log, self._after) as self._listener:
                async for chunk in self._chunks(self._listener):
                    yield chunk
        finally:
            _streams.discard(self)
            _open[self._person] -= 1
            if not _open[self._person]:
                del _open[self._person]

    async def _chunks(self, listener: Listener) -> AsyncIterator[str]:
        while True:
            entries = await listener.read(KEEP_ALIVE_SECONDS)
            if time.monotonic() - self._checked_at > RECHECK_SECONDS:
                self._checked_at = time.monotonic()
                if not await in_thread(self.tenant, self._is_still_allowed):
                    yield _event("", "gone", {})
                    return
            if entries:
                yield "".join(self._frames(entries))
            if (entries and entries[-1].kind == "done") or (not entries and await self._has_ended(listener)):
                yield await self._end()
                return
            if not entries:
                yield ": still here\n\n"
                if listener.is_complete:
                    # A local answer that could not be saved yet; it is closed soon.
                    await asyncio.sleep(0.5)

    def _frames(self, entries: list[Entry]) -> Iterator[str]:
        """Events for the tab, without the end, which `_end` sends after all of the text."""
        for entry in entries:
            data = entry.data
            if entry.kind == "delta":
                # Text before this entry is lost (Redis was emptied): `_end` sends it with all that follows.
                self._has_gap = self._has_gap or data["at"] > self._length
                data = {"text": data["text"][self._length - data["at"] :], "at": self._length}
            if self._has_gap or entry.kind == "done":
                continue
            if entry.kind == "delta":
                self._length = entry.position[0]
            yield _event(entry.id, entry.kind, data)

    async def _has_ended(self, listener: Listener) -> bool:
        """Whether the answer has ended according to its row. Closes an abandoned answer."""
        if not listener.is_complete:
            with tenant_context(self.tenant):
                is_generating = await leases.is_generating_async(self._keys[1])
            if is_generating:
                return False
        return await in_thread(self.tenant, _current_state, self._keys[1]) != Message.State.STREAMING

    async def _end(self) -> str:
        """The text that the tab has not received, and the end with the rendered article."""
        result = await in_thread(self.tenant, self._final_article)
        if result is None:
            return _event("", "gone", {})
        answer, html = result
        remaining = ""
        length = len(answer.text)
        # The row has all of the text, also what was late or lost in the log.
        if self._length < length:
            remaining = _event(f"{length}-0", "delta", {"text": answer.text[self._length :], "at": self._length})
        return remaining + _event(f"{length}-{_LAST}", "done", {"state": answer.state, "length": length, "html": html})

    def _final_article(self) -> tuple[Message, str] | None:
        """The answer and its rendered article; None if the user has lost access."""
        try:
            conversation, answer = selectors.access_answer(self._request.user, *self._keys)
        except Http404:
            return None
        with self._request_settings():
            context = answer_context(self._request.user, conversation, answer)
            return answer, render_to_string("conversations/_change.html", context, self._request)

    @contextmanager
    def _request_settings(self) -> Iterator[None]:
        """Restore the request's URLconf and language, which Django resets when the response starts."""
        set_urlconf(self._request.urlconf)
        try:
            with translation.override(self._language):
                yield
        finally:
            set_urlconf(None)

    def _is_still_allowed(self) -> bool:
        with self._request_settings():
            request = recheck.still_allowed(self._request, stream.access)  # type: ignore[attr-defined]
        if request is None:
            return False
        try:
            selectors.access_answer(request.user, *self._keys)
        except Http404:
            return False
        return True


def _current_state(message_id: UUID) -> str:
    services.close_abandoned_answer(message_id)
    return Message.objects.filter(pk=message_id).values_list("state", flat=True).first() or Message.State.FAILED


def _event(identifier: str, kind: str, data: dict[str, Any]) -> str:
    head = f"id: {identifier}\n" if identifier else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
