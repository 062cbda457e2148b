"""The stream of an answer: server-sent events, from any point, ended only when all of the text was said.

A stream holds no database connection while it waits, and none of Redis (`hub`). What it ends with is the article as
it stands: the tab need not ask for it. It ends early, with `gone`, when whoever listens may not any more.
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
from conversations import leases, live, selectors, services
from conversations.hub import Listener, hub
from conversations.live import Entry, position_of
from conversations.models import Message
from conversations.presenters import answer_context
from conversations.threads import in_thread, release_request_connection
from tenants.context import tenant_context

log = logging.getLogger(__name__)
# Silence after which the tab is told that the stream lives, and the row is looked at.
SILENCE_SECONDS = 5.0
# Rights are asked again so often; at once where a change is told (accounts.recheck).
RECHECK_SECONDS = 15.0
# An id of the log; whatever else a browser sends is not handed on.
_POSITION = re.compile(r"[0-9]{1,15}(-[0-9]{1,15})?")
# The number of the last event in its id: after all that the log has.
_LAST = 10**9

# Open streams of this process, by workspace and person.
_open: Counter[tuple[UUID, UUID]] = Counter()
_streams: set["Stream"] = set()


@access(TEAM)
@require_GET
async def stream(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponseBase:
    """Server-sent events of one answer, from `Last-Event-ID` (or `?after=`) on."""
    person = (request.tenant.id, request.user.pk)
    if _open[person] >= settings.EVENT_STREAMS_PER_PERSON:
        return HttpResponse(status=429, headers={"Retry-After": "5"})
    _conversation, answer = await sync_to_async(selectors.access_answer)(request.user, conversation_id, message_id)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after") or live.START
    if not _POSITION.fullmatch(after):
        after = live.START
    events = Stream(request, conversation_id, answer, after).events()
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _rights_changed(tenant_id: str) -> None:
    """Told in the listener's thread, by any process."""
    for one in list(_streams):
        if tenant_id in (str(one.tenant.id), "*"):
            one.ask_rights_soon()


recheck.on_change(_rights_changed)


class Stream:
    """One tab on one answer."""

    def __init__(self, request: MemberRequest, conversation_id: UUID, answer: Message, after: str) -> None:
        self.tenant = request.tenant
        self._request = request
        self._person = (request.tenant.id, request.user.pk)
        self._language = translation.get_language()
        self._keys = (conversation_id, answer.pk)
        self._log = live.log_key(answer.pk)
        self._had_ended = answer.state != Message.State.STREAMING
        self._after = after
        # Characters that the tab has.
        self._length = position_of(after)[0]
        self._gap = False
        self._asked_at = time.monotonic()
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask_rights_soon(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._asked_at = 0.0
        if self._listener:
            self._listener.news.set()

    async def events(self) -> AsyncIterator[str]:
        # The middleware's context ended with the view: from here on each piece of work names its workspace.
        await release_request_connection()
        _open[self._person] += 1
        self._loop = asyncio.get_running_loop()
        _streams.add(self)
        try:
            yield "retry: 1000\n\n"
            if self._had_ended:
                yield await self._end()
                return
            with hub().listen(self._log, self._after) as self._listener:
                async for said in self._said(self._listener):
                    yield said
        finally:
            _streams.discard(self)
            _open[self._person] -= 1
            if not _open[self._person]:
                del _open[self._person]

    async def _said(self, listener: Listener) -> AsyncIterator[str]:
        while True:
            entries = await listener.read(SILENCE_SECONDS)
            if time.monotonic() - self._asked_at > RECHECK_SECONDS:
                self._asked_at = time.monotonic()
                if not await in_thread(self.tenant, self._may_still_read):
                    yield _event("", "gone", {})
                    return
            if entries:
                yield "".join(self._frames(entries))
            if (entries and entries[-1].kind == "done") or (not entries and await self._has_ended(listener)):
                yield await self._end()
                return
            if not entries:
                yield ": still here\n\n"
                if listener.over:
                    # Made here, over, and not saved yet: whoever closes it does so soon.
                    await asyncio.sleep(0.5)

    def _frames(self, entries: list[Entry]) -> Iterator[str]:
        """Entries for the tab. The end is not among them: it is said once all of the text was."""
        for entry in entries:
            data = entry.data
            if entry.kind == "delta":
                # Words before it are lost (Redis came back empty): the tab gets them, and what follows, with the end.
                self._gap = self._gap or data["at"] > self._length
                data = {"text": data["text"][self._length - data["at"] :], "at": self._length}
            if self._gap or entry.kind == "done":
                continue
            if entry.kind == "delta":
                self._length = entry.position[0]
            yield _event(entry.id, entry.kind, data)

    async def _has_ended(self, listener: Listener) -> bool:
        """Whether the row says that nothing more will come. An answer that nobody makes any more is closed."""
        if not listener.over:
            with tenant_context(self.tenant):
                made = await leases.is_made_now(self._keys[1])
            if made:
                return False
        return await in_thread(self.tenant, _state_now, self._keys[1]) != Message.State.STREAMING

    async def _end(self) -> str:
        """What of the text the tab has not got, and the end, with the article as it stands."""
        found = await in_thread(self.tenant, self._final)
        if found is None:
            return _event("", "gone", {})
        answer, html = found
        said = ""
        length = len(answer.text)
        # The log is read once more by the row itself: it has all of the text, whatever of the log was late or lost.
        if self._length < length:
            said = _event(f"{length}-0", "delta", {"text": answer.text[self._length :], "at": self._length})
        return said + _event(f"{length}-{_LAST}", "done", {"state": answer.state, "length": length, "html": html})

    def _final(self) -> tuple[Message, str] | None:
        """The answer and its article, if whoever listens may still see them."""
        try:
            conversation, answer = selectors.access_answer(self._request.user, *self._keys)
        except Http404:
            return None
        with self._as_in_the_request():
            context = answer_context(self._request.user, conversation, answer)
            return answer, render_to_string("conversations/_change.html", context, self._request)

    @contextmanager
    def _as_in_the_request(self) -> Iterator[None]:
        """Addresses and words of the request; Django takes both away when its response begins."""
        set_urlconf(self._request.urlconf)
        try:
            with translation.override(self._language):
                yield
        finally:
            set_urlconf(None)

    def _may_still_read(self) -> bool:
        with self._as_in_the_request():
            request = recheck.still_allowed(self._request, stream.access)  # type: ignore[attr-defined]
        if request is None:
            return False
        try:
            selectors.access_answer(request.user, *self._keys)
        except Http404:
            return False
        return True


def _state_now(message_id: UUID) -> str:
    services.close_abandoned_answer(message_id)
    return Message.objects.filter(pk=message_id).values_list("state", flat=True).first() or Message.State.FAILED


def _event(identifier: str, kind: str, data: dict[str, Any]) -> str:
    head = f"id: {identifier}\n" if identifier else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
