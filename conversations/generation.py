"""The making of an answer: one asyncio task in the web process, bound to no tab.

Deltas go to the log in Redis (at most 25 a second), the text to the database every second, and the end is saved
whether anybody watches or not. While the task lives it renews its lease; when its process dies the lease runs out
and any other process closes the answer, its text kept.
"""

import asyncio
import contextlib
import logging
import time

from redis.exceptions import RedisError

from assistants.providers.control import StreamControl
from assistants.providers.registry import get_provider
from assistants.providers.types import Delta, Finished, ProviderError, ProviderNotConfigured, Usage
from conversations import live, services
from conversations.growing_markdown import GrowingMarkdown
from conversations.threads import in_thread
from conversations.types import Call, Result, clean
from tenants.context import TenantRef, tenant_context

log = logging.getLogger(__name__)
DELTA_SECONDS = 0.04
LAST_WORDS_SECONDS = 2.0

_CUT_SHORT = {"length": "length", "refusal": "refused"}

_running: dict[object, asyncio.Task[None]] = {}


def start(tenant: TenantRef, call: Call) -> None:
    """Begin an answer in this process's event loop. Returns at once."""
    with tenant_context(tenant):
        task = asyncio.get_running_loop().create_task(Generation(tenant, call).run())
    # asyncio itself keeps no strong reference to a task.
    _running[call.answer_id] = task
    task.add_done_callback(lambda _task: _running.pop(call.answer_id, None))


def running() -> int:
    """How many answers this process makes now."""
    return len(_running)


async def end_all() -> None:
    """This process is being stopped: end every answer it makes, as interrupted, its text kept."""
    tasks = list(_running.values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Generation:
    """One answer under way."""

    def __init__(self, tenant: TenantRef, call: Call) -> None:
        self.tenant = tenant
        self.call = call
        self.text = ""
        self.logged = 0
        self.all_said = False
        self.view = GrowingMarkdown()
        self.flushed = ("", 0)
        self.started = time.monotonic()
        self.first_token_ms: int | None = None
        self.usage: Usage | None = None
        self.control = StreamControl()
        self.stop_wished = False
        # "length" where the model reached its longest answer, "refused" where it would not go on.
        self.cut_short = ""

    async def run(self) -> None:
        """Make the answer and save its end, whatever happens."""
        await live.take_lease(self.call.answer_id)
        maker = asyncio.ensure_future(self._make())
        keeper = asyncio.ensure_future(self._keep(maker))
        try:
            result = await self._outcome(maker)
        finally:
            keeper.cancel()
        await self._end(result)

    async def _outcome(self, maker: "asyncio.Future[str]") -> Result:
        try:
            return self._result(await maker, self.cut_short)
        except asyncio.CancelledError:
            if not maker.cancelled():
                # This process is being stopped, not this answer.
                maker.cancel()
                with contextlib.suppress(asyncio.CancelledError, ProviderError):
                    await maker
                return self._result("interrupted")
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
        """Read the provider to its end. Returns the outcome; raises what the provider raises."""
        spoken = asyncio.ensure_future(self._speak())
        try:
            answer = get_provider(self.call.provider).stream(self.call.request, self.control)
            async with contextlib.aclosing(answer) as stream:
                async for event in stream:
                    if isinstance(event, Delta):
                        if self.first_token_ms is None:
                            self.first_token_ms = self._elapsed_ms()
                        self.text += clean(event.text)
                    elif isinstance(event, Finished):
                        self.usage = event.usage
                        if event.stop_reason == "stopped":
                            return "stopped"
                        self.cut_short = _CUT_SHORT.get(event.stop_reason, "")
                        return "done"
            return "done"
        finally:
            # Not cut off in mid-word: nobody could tell whether the log has it.
            self.all_said = True
            await asyncio.wait({spoken}, timeout=LAST_WORDS_SECONDS)
            spoken.cancel()

    async def _speak(self) -> None:
        """Bring what has come to the log, as fast as people read, not as fast as tokens fall."""
        while not self.all_said:
            try:
                await self._log_deltas()
            except RedisError:
                log.warning("words not logged, Redis is away: answer=%s", self.call.answer_id)
            await asyncio.sleep(DELTA_SECONDS)

    async def _log_deltas(self) -> None:
        text = self.text
        if len(text) == self.logged and not self.view.behind(text):
            return
        if len(text) > self.logged:
            await live.append(self.call.answer_id, "delta", {"text": text[self.logged :]})
            self.logged = len(text)
        for kind, data in self.view.news(text, whole=self.all_said):
            await live.append(self.call.answer_id, kind, data)

    async def _keep(self, maker: "asyncio.Future[str]") -> None:
        """Renew the lease, save the text, hear the wish to stop: every second."""
        while True:
            await asyncio.sleep(live.RENEW_SECONDS)
            try:
                self.stop_wished = await live.renew_lease(self.call.answer_id)
                still_ours = await self._flush()
            except Exception:
                # Redis or the database is away for a moment: the text is here, the next second tries again.
                log.exception("answer not flushed id=%s", self.call.answer_id)
                continue
            if not still_ours:
                maker.cancel()
                return
            if self.stop_wished:
                # The provider's end is read for a moment more, for its count; nothing of it is shown.
                self.control.stop()

    async def _flush(self) -> bool:
        usage = self.control.usage()
        text, tokens = self.text, usage.total_tokens if usage else 0
        if (text, tokens) == self.flushed:
            return True
        ours = await in_thread(
            self.tenant, services.answer_flush, answer_id=self.call.answer_id, text=text, tokens=tokens
        )
        self.flushed = (text, tokens)
        return ours

    async def _end(self, result: Result) -> None:
        state = await self._finish(result)
        with contextlib.suppress(Exception):
            # The tabs: if Redis is away they learn it from the page.
            await self._log_deltas()
            if state is not None:
                await live.append(self.call.answer_id, "done", {"state": state})
            await live.end(self.call.answer_id)

    async def _finish(self, result: Result) -> str | None:
        for wait in (0.2, 1.0, 3.0, None):
            try:
                return await in_thread(
                    self.tenant, services.answer_finish, answer_id=self.call.answer_id, result=result
                )
            except Exception:
                log.exception("answer not saved id=%s", self.call.answer_id)
                if wait is None:
                    # Its lease runs out and the sweeper closes it from what was flushed.
                    return None
                await asyncio.sleep(wait)
        return None
