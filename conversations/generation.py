"""Generation of answers: one asyncio task each in the web process, independent of browser tabs.

New text is published to tabs and the log at most 25 times a second and saved in the database every second, together
for all answers of the process. The end is saved whether or not a tab is open. The process keeps the lease of its
answers (`leases`); if the process dies, another one closes the answer and keeps its text.
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
from conversations import answer_log, leases, services
from conversations.answer_log import Entry
from conversations.fallback import answer_fall_back
from conversations.hub import hub
from conversations.log_writer import log_writer
from conversations.progress import answers_flush
from conversations.types import Call, Result, clean
from tenants.context import TenantRef, tenant_context
from tenants.threads import in_thread
from ui.growing_markdown import GrowingMarkdown

log = logging.getLogger(__name__)
PUBLISH_SECONDS = 0.04
FLUSH_SECONDS = 1.0
DRAIN_SECONDS = 2.0

_CUT_SHORT = {"length": "length", "refusal": "refused"}

_running: dict[object, "Generation"] = {}
_tasks: set[asyncio.Task[None]] = set()
_shared_tasks: dict[str, asyncio.Task[None]] = {}


def start(tenant: TenantRef, call: Call) -> None:
    """Start generating an answer in this process's event loop. Returns immediately."""
    with tenant_context(tenant):
        generation = _running[call.answer_id] = Generation(tenant, call)
        generation.task = _spawn(generation.run())
        generation.task.add_done_callback(lambda _task: _running.pop(call.answer_id, None))
    _start_shared("say", _publish_all)
    _start_shared("flush", _flush_all)


def _spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    # asyncio itself keeps no strong reference to a task.
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def _start_shared(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a task shared by all answers of this process, if it is not running. It ends when no answer is left."""
    task = _shared_tasks.get(name)
    if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
        _shared_tasks[name] = _spawn(work())


def count_running() -> int:
    """The number of answers that this process is generating."""
    return len(_running)


async def shut_down() -> None:
    """End all answers of this process as interrupted, with their text, before the process stops."""
    for generation in list(_running.values()):
        generation.cancel()
    tasks = [generation.task for generation in _running.values() if generation.task]
    await asyncio.gather(*tasks, return_exceptions=True)
    await log_writer().wait_until_drained(DRAIN_SECONDS)
    await asyncio.to_thread(leases.flush)


async def _publish_all() -> None:
    """Publish new text of all answers periodically, rather than token by token."""
    while _running:
        await asyncio.sleep(PUBLISH_SECONDS)
        for generation in list(_running.values()):
            try:
                generation.publish()
            except Exception:
                log.exception("words not told answer=%s", generation.call.answer_id)


async def _flush_all() -> None:
    """Save new text every second, in one statement for all answers of a workspace."""
    while _running:
        await asyncio.sleep(FLUSH_SECONDS)
        changed = [generation for generation in _running.values() if generation.progress() != generation.flushed]
        for _id, group in groupby(sorted(changed, key=_tenant_id), key=_tenant_id):
            try:
                await _flush(list(group))
            except Exception:
                # The text stays in memory and is saved with the next flush.
                log.exception("answers not flushed")


def _tenant_id(generation: "Generation") -> UUID:
    return generation.tenant.id


async def _flush(generations: "list[Generation]") -> None:
    progress = {generation.call.answer_id: generation.progress() for generation in generations}
    still_open = await in_thread(generations[0].tenant, answers_flush, progress)
    for generation in generations:
        generation.flushed = progress[generation.call.answer_id]
        if generation.call.answer_id not in still_open:
            generation.cancel()


class Generation:
    """One answer that is being generated."""

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
        self.stop_requested = False
        # "length" if the model reached its output limit, "refused" if it declined to continue, else empty.
        self.cut_short = ""
        self._markdown = GrowingMarkdown()
        self._channel = hub().open(answer_log.log_key(call.answer_id))
        self._position = (0, 0)
        self._generate_task: asyncio.Task[str] | None = None
        self._has_ended = False
        self._is_cancelled = False

    async def run(self) -> None:
        """Generate the answer and save its end, also after an error."""
        self._generate_task = asyncio.create_task(self._generate())
        if self._is_cancelled:
            self._generate_task.cancel()
        answer = leases.LeasedAnswer(self.tenant, self.call.answer_id, self.call.author_id)
        leases.hold(answer, self._threadsafe(self._stop))
        try:
            await self._end(await self._wait_for_outcome(self._generate_task))
        finally:
            # Only after the end is saved: otherwise another process would close the answer as abandoned.
            leases.release(self.call.answer_id)
            hub().close(self._channel)

    def _threadsafe(self, function: Callable[[], None]) -> Callable[[], None]:
        loop = asyncio.get_running_loop()

        def call() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(function)

        return call

    def _stop(self) -> None:
        """Stop on request. The stream is read a moment longer for the token count, but no more text is shown."""
        self.stop_requested = True
        self.control.stop()

    def progress(self) -> tuple[str, int]:
        """The text so far and the tokens used."""
        usage = self.control.usage()
        return self.text, usage.total_tokens if usage else 0

    def cancel(self) -> None:
        """End the generation; the outcome is "interrupted", or "stopped" if a stop was requested."""
        self._is_cancelled = True
        if self._generate_task is not None:
            self._generate_task.cancel()

    async def _wait_for_outcome(self, task: "asyncio.Task[str]") -> Result:
        try:
            return self._result(await task, self.cut_short)
        except asyncio.CancelledError:
            return self._result("stopped" if self.stop_requested else "interrupted")
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
            # Without the provider's final count: the count so far.
            usage=self.usage or self.control.usage(),
            error_kind=error_kind,
            first_token_ms=self.first_token_ms,
            latency_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    async def _generate(self) -> str:
        """Read the provider's stream to its end, or that of the fallback if the model has ended. Returns the outcome.

        The loop terminates since an ended model is marked and not called again. Raises the provider's errors.
        """
        while True:
            try:
                return await self._read()
            except ProviderError as error:
                if not error.ends_the_model or self.text or self.stop_requested:
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
                        self.publish()
                elif isinstance(event, Finished):
                    self.usage = event.usage
                    if event.stop_reason == "stopped":
                        return "stopped"
                    self.cut_short = _CUT_SHORT.get(event.stop_reason, "")
                    return "done"
        return "done"

    # -- publishing

    def publish(self, *, is_complete: bool = False) -> None:
        """Send new text to the tabs and the log. `is_complete`: no more text will follow.

        It awaits nothing, so a cancellation cannot split an entry.
        """
        text, sent = self.text, self._position[0]
        if self._has_ended or not (len(text) > sent or self._markdown.behind(text)):
            return
        updates: list[tuple[str, dict[str, Any]]] = []
        if len(text) > sent:
            updates.append(("delta", {"text": text[sent:], "at": sent}))
        self._append(updates + self._markdown.updates(text, is_complete=is_complete))

    def _append(self, updates: list[tuple[str, dict[str, Any]]]) -> None:
        entries = []
        for kind, data in updates:
            length, number = self._position
            self._position = (len(self.text), number + 1 if length == len(self.text) else 1)
            entries.append(Entry(f"{self._position[0]}-{self._position[1]}", kind, data))
        self._channel.add(entries)
        log_writer().write(self._channel.name, entries)

    # -- the end

    async def _end(self, result: Result) -> None:
        state = await self._finish(result)
        if state is None:
            # Closed by another process, or not saved: the streams read the end from the row.
            return
        try:
            self.publish(is_complete=True)
        finally:
            self._append([("done", {"state": state, "length": len(self.text)})])
            self._has_ended = True

    async def _finish(self, result: Result) -> str | None:
        for delay in (0.2, 1.0, 3.0, None):
            try:
                return await in_thread(
                    self.tenant, services.answer_finish, answer_id=self.call.answer_id, result=result
                )
            except Exception:
                log.exception("answer not saved id=%s", self.call.answer_id)
                if delay is None:
                    # The lease is released, and the scheduled job closes the answer with the text last flushed.
                    return None
                await asyncio.sleep(delay)
        return None
