"""The making of answers: one asyncio task each in the web process, bound to no tab.

What comes is told to the tabs and the log 25 times a second at most, saved in the database every second, for all
answers of the process together, and the end is saved whether anybody watches or not. While its process lives an
answer keeps its lease (`leases`); when the process dies any other one closes the answer, its text kept.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from itertools import groupby
from typing import Any
from uuid import UUID

from assistants.providers.control import StreamControl
from assistants.providers.registry import get_provider
from assistants.providers.types import Delta, Finished, ProviderError, ProviderNotConfigured, Usage
from conversations import leases, live, services
from conversations.falling_back import answer_fall_back
from conversations.hub import hub
from conversations.live import Entry
from conversations.log_writer import log_writer
from conversations.progress import answers_flush
from conversations.threads import in_thread
from conversations.types import Call, Result, clean
from tenants.context import TenantRef, tenant_context
from ui.growing_markdown import GrowingMarkdown

log = logging.getLogger(__name__)
SAY_SECONDS = 0.04
FLUSH_SECONDS = 1.0
LAST_WORDS_SECONDS = 2.0

_CUT_SHORT = {"length": "length", "refusal": "refused"}

_running: dict[object, "Generation"] = {}
_tasks: set[asyncio.Task[None]] = set()
_for_all: dict[str, asyncio.Task[None]] = {}


def start(tenant: TenantRef, call: Call) -> None:
    """Begin an answer in this process's event loop. Returns at once."""
    with tenant_context(tenant):
        one = _running[call.answer_id] = Generation(tenant, call)
        one.task = _spawn(one.run())
        one.task.add_done_callback(lambda _task: _running.pop(call.answer_id, None))
    _shared("say", _say_all)
    _shared("flush", _flush_all)


def _spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    # asyncio itself keeps no strong reference to a task.
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def _shared(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """One task for all answers of this process; it ends when none is under way."""
    known = _for_all.get(name)
    if known is None or known.done() or known.get_loop() is not asyncio.get_running_loop():
        _for_all[name] = _spawn(work())


def running() -> int:
    """How many answers this process makes now."""
    return len(_running)


async def end_all() -> None:
    """This process is being stopped: end every answer it makes, as interrupted, its text kept."""
    for one in list(_running.values()):
        one.read_no_further()
    ends = [one.task for one in _running.values() if one.task]
    await asyncio.gather(*ends, return_exceptions=True)
    await log_writer().drained(LAST_WORDS_SECONDS)
    await asyncio.to_thread(leases.settle)


async def _say_all() -> None:
    """Tell what has come, as fast as people read, not as fast as tokens fall."""
    while _running:
        await asyncio.sleep(SAY_SECONDS)
        for one in list(_running.values()):
            try:
                one.say()
            except Exception:
                log.exception("words not told answer=%s", one.call.answer_id)


async def _flush_all() -> None:
    """Save what has come, every second: one statement for all answers of a workspace."""
    while _running:
        await asyncio.sleep(FLUSH_SECONDS)
        changed = [one for one in _running.values() if one.progress() != one.flushed]
        for _id, group in groupby(sorted(changed, key=_tenant_id), key=_tenant_id):
            try:
                await _flush(list(group))
            except Exception:
                # The database is away for a moment: the text is here, the next second tries again.
                log.exception("answers not flushed")


def _tenant_id(one: "Generation") -> UUID:
    return one.tenant.id


async def _flush(answers: "list[Generation]") -> None:
    progress = {one.call.answer_id: one.progress() for one in answers}
    ours = await in_thread(answers[0].tenant, answers_flush, progress)
    for one in answers:
        one.flushed = progress[one.call.answer_id]
        if one.call.answer_id not in ours:
            one.read_no_further()


class Generation:
    """One answer under way."""

    def __init__(self, tenant: TenantRef, call: Call) -> None:
        self.tenant = tenant
        self.call = call
        self.task: asyncio.Task[None] | None = None
        self.text = ""
        self.flushed = ("", 0)
        self.started = time.monotonic()
        self.first_token_ms: int | None = None
        self.usage: Usage | None = None
        self.control = StreamControl()
        self.stop_wished = False
        # "length" where the model reached its longest answer, "refused" where it would not go on.
        self.cut_short = ""
        self._view = GrowingMarkdown()
        self._channel = hub().open(live.log_key(call.answer_id))
        self._said = (0, 0)
        self._maker: asyncio.Task[str] | None = None
        self._ended = False
        self._unwanted = False

    async def run(self) -> None:
        """Make the answer and save its end, whatever happens."""
        self._maker = asyncio.create_task(self._make())
        if self._unwanted:
            self._maker.cancel()
        answer = leases.Answer(self.tenant, self.call.answer_id, self.call.author_id)
        leases.hold(answer, self._from_other_thread(self._stop))
        try:
            await self._end(await self._outcome(self._maker))
        finally:
            # Not before its end is saved: nobody may take an answer that is being saved for abandoned.
            leases.let_go(self.call.answer_id)
            hub().close(self._channel)

    def _from_other_thread(self, function: Callable[[], None]) -> Callable[[], None]:
        loop = asyncio.get_running_loop()

        def call() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(function)

        return call

    def _stop(self) -> None:
        """Somebody wishes the answer to stop. Its end is read for a moment more, for its count; none of it is shown."""
        self.stop_wished = True
        self.control.stop()

    def progress(self) -> tuple[str, int]:
        """What is saved each second: the text so far, and the tokens taken."""
        usage = self.control.usage()
        return self.text, usage.total_tokens if usage else 0

    def read_no_further(self) -> None:
        """Nobody waits for the rest."""
        self._unwanted = True
        if self._maker is not None:
            self._maker.cancel()

    async def _outcome(self, maker: "asyncio.Task[str]") -> Result:
        try:
            return self._result(await maker, self.cut_short)
        except asyncio.CancelledError:
            return self._result("stopped" if self.stop_wished else "interrupted")
        except ProviderError as error:
            self.usage = error.usage or self.usage
            log.warning("provider failed answer=%s provider=%s %s", self.call.answer_id, self.call.provider, error)
            return self._result("interrupted" if self.text else "failed", error.kind)
        except ProviderNotConfigured as error:
            log.error("provider not configured answer=%s %s", self.call.answer_id, error)
            return self._result("failed", "auth")
        except Exception:
            log.exception("answer failed id=%s", self.call.answer_id)
            return self._result("interrupted" if self.text else "failed", "unknown")

    def _result(self, outcome: str, error_kind: str = "") -> Result:
        return Result(
            text=self.text,
            outcome=outcome,
            # Cut off before its end: what has come so far.
            usage=self.usage or self.control.usage(),
            error_kind=error_kind,
            first_token_ms=self.first_token_ms,
            latency_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    async def _make(self) -> str:
        """Read the provider to its end; where its model is gone, its fallback's. Each model that is gone is asked once
        in the platform's life, so this ends. Returns the outcome; raises what the provider raises.
        """
        while True:
            try:
                return await self._read()
            except ProviderError as error:
                if not error.ends_the_model or self.text or self.stop_wished:
                    raise
                call = await in_thread(self.tenant, answer_fall_back, call=self.call)
                if call is None:
                    raise
                self.call = call

    async def _read(self) -> str:
        answer = get_provider(self.call.provider).stream(self.call.request, self.control)
        async with contextlib.aclosing(answer) as stream:
            async for event in stream:
                if isinstance(event, Delta):
                    self.text += clean(event.text)
                    if self.first_token_ms is None:
                        self.first_token_ms = self._elapsed_ms()
                        self.say()
                elif isinstance(event, Finished):
                    self.usage = event.usage
                    if event.stop_reason == "stopped":
                        return "stopped"
                    self.cut_short = _CUT_SHORT.get(event.stop_reason, "")
                    return "done"
        return "done"

    # -- telling

    def say(self, *, whole: bool = False) -> None:
        """Tell the tabs and the log what has come since. Nothing is awaited: a word is never cut off half-way.

        `whole` where nothing more will come.
        """
        text, said = self.text, self._said[0]
        if self._ended or not (len(text) > said or self._view.behind(text)):
            return
        news: list[tuple[str, dict[str, Any]]] = []
        if len(text) > said:
            news.append(("delta", {"text": text[said:], "at": said}))
        self._tell(news + self._view.updates(text, is_complete=whole))

    def _tell(self, news: list[tuple[str, dict[str, Any]]]) -> None:
        entries = []
        for kind, data in news:
            length, number = self._said
            self._said = (len(self.text), number + 1 if length == len(self.text) else 1)
            entries.append(Entry(f"{self._said[0]}-{self._said[1]}", kind, data))
        self._channel.add(entries)
        log_writer().write(self._channel.name, entries)

    # -- the end

    async def _end(self, result: Result) -> None:
        state = await self._finish(result)
        if state is None:
            # Closed by another process, or not saved: the tabs learn from the row how it ended.
            return
        try:
            self.say(whole=True)
        finally:
            self._tell([("done", {"state": state, "length": len(self.text)})])
            self._ended = True

    async def _finish(self, result: Result) -> str | None:
        for wait in (0.2, 1.0, 3.0, None):
            try:
                return await in_thread(
                    self.tenant, services.answer_finish, answer_id=self.call.answer_id, result=result
                )
            except Exception:
                log.exception("answer not saved id=%s", self.call.answer_id)
                if wait is None:
                    # Its lease is let go, and the sweeper closes it from what was flushed.
                    return None
                await asyncio.sleep(wait)
        return None
