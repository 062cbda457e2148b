"""The interface of a provider, and what all of them share: waiting, retrying at the start, closing."""

import asyncio
import json
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import httpx2

from assistants.providers import errors
from assistants.providers.types import ChatMessage, ChatRequest, Delta, Finished, ProviderError, Usage

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)
EventT_contra = TypeVar("EventT_contra", contravariant=True)
ResultT = TypeVar("ResultT")

# Retried by ourselves only while nothing was shown, and only when a short wait may help.
START_RETRIED = frozenset({"connection", "overloaded", "rate_limit"})
LONGEST_WAIT = 8.0
# How long an answer that is complete may keep us for its usage and the end of its stream.
TAIL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first_byte` bounds everything before the first event, retries included; `between` is silence on the
    wire (a provider's pings count as life); `total` ends a stream that only ever pings."""

    connect: float = 10.0
    first_byte: float = 60.0
    between: float = 60.0
    total: float = 900.0
    image: float = 240.0


class Provider(Protocol):
    """`stream` gives any number of Delta, then exactly one Finished, or raises ProviderError.

    Closing the iterator (`contextlib.aclosing`) or cancelling the task that reads it closes the connection to the
    provider at once, which stops the generation and its cost.
    """

    @property
    def name(self) -> str: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finished, None]: ...

    async def aclose(self) -> None: ...


class Upstream(Protocol[EventT_co]):
    """The stream objects of both SDKs."""

    response: httpx2.Response

    def __aiter__(self) -> AsyncIterator[EventT_co]: ...

    async def close(self) -> None: ...


class Answer(Protocol[EventT_contra]):
    """Reads one provider's events. `complete` once the answer itself is whole, whatever may still come."""

    complete: bool

    def feed(self, event: EventT_contra) -> str: ...

    def usage(self) -> Usage | None: ...

    def finished(self) -> Finished: ...


class StreamingProvider(ABC):
    """The part of a provider that does not depend on its dialect. Subclasses open and read."""

    # What the SDK raises where no answer came.
    unanswered: ClassVar[type[Exception]]

    def __init__(self, name: str, *, timeouts: Timeouts, retries: int, secrets: Sequence[str]) -> None:
        self.name = name
        self.timeouts = timeouts
        self.retries = retries
        self.secrets = tuple(secret for secret in secrets if secret)

    @abstractmethod
    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finished, None]: ...

    @abstractmethod
    async def aclose(self) -> None: ...

    def translate(self, error: Exception, *, opened: bool) -> ProviderError:
        """Anything an SDK may raise, as ours. One generator made both: their errors are alike."""
        # Network errors are wrapped before the answer; inside the stream httpx's own come through.
        if isinstance(error, (self.unanswered, httpx2.TransportError)):
            return errors.from_network(error, provider=self.name, opened=opened, secrets=self.secrets)
        if isinstance(error, json.JSONDecodeError):
            return ProviderError("cut", f"{self.name}: an event is not JSON")
        response, status = getattr(error, "response", None), getattr(error, "status_code", None)
        return errors.from_sdk(
            error,
            provider=self.name,
            # An error inside the stream carries the 200 of its response.
            status=None if status == 200 else status,
            headers=response.headers if isinstance(response, httpx2.Response) else None,
            body=getattr(error, "body", None) or str(error),
            secrets=self.secrets,
        )

    def httpx_timeout(self, read: float) -> httpx2.Timeout:
        return httpx2.Timeout(connect=self.timeouts.connect, read=read, write=read, pool=self.timeouts.connect)

    async def run(
        self, open_: Callable[[], Awaitable[Upstream[EventT]]], answer: Answer[EventT]
    ) -> AsyncGenerator[Delta | Finished, None]:
        """The life of one answer: start it, pass its text on, end it, and let go of the connection in every case."""
        deadline = asyncio.get_running_loop().time() + self.timeouts.total
        upstream, events, event = await self.persist(lambda: self._begin(open_), within=self.timeouts.first_byte)
        try:
            while event is not None:
                if text := self._feed(answer, event):
                    yield Delta(text)
                event = await self._next(events, answer, deadline)
            if not answer.complete:
                raise ProviderError("cut", f"{self.name}: the stream ended without its end", usage=answer.usage())
        finally:
            await upstream.close()
        yield answer.finished()

    async def persist(self, action: Callable[[], Awaitable[ResultT]], *, within: float) -> ResultT:
        """Do something that can be begun again, at most `retries` times more, all within so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        for attempt in range(self.retries + 1):
            try:
                async with asyncio.timeout_at(deadline):
                    return await action()
            except TimeoutError:
                raise ProviderError("timeout", f"{self.name}: nothing came within {within:g} s") from None
            except ProviderError as error:
                wait = _wait_before_retry(error, attempt)
                if wait is None or attempt == self.retries or loop.time() + wait >= deadline:
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _begin(
        self, open_: Callable[[], Awaitable[Upstream[EventT]]]
    ) -> tuple[Upstream[EventT], AsyncIterator[EventT], EventT | None]:
        """Open the stream and read its first event: an error sent as the first event can still be retried."""
        upstream = await self.guard(open_, opened=False)
        try:
            self._check_is_stream(upstream.response)
            # httpx has one figure for waiting for the answer and for each piece of it; here they differ.
            upstream.response.request.extensions["timeout"]["read"] = self.timeouts.between
            events = aiter(upstream)
            return upstream, events, await self._pull(events)
        except BaseException:
            await upstream.close()
            raise

    def _feed(self, answer: Answer[EventT], event: EventT) -> str:
        """The SDKs check no shape: an event of another make reaches the reader with holes in it."""
        try:
            return answer.feed(event)
        except Exception as error:
            line = f"{self.name}: an event of unknown shape ({type(error).__name__})"
        raise ProviderError("unknown", line, usage=answer.usage())

    async def _next(self, events: AsyncIterator[EventT], answer: Answer[EventT], deadline: float) -> EventT | None:
        if answer.complete:
            deadline = min(deadline, asyncio.get_running_loop().time() + TAIL_SECONDS)
        try:
            async with asyncio.timeout_at(deadline):
                return await self._pull(events)
        except (TimeoutError, ProviderError) as error:
            if answer.complete:
                return None
            if isinstance(error, TimeoutError):
                error = ProviderError("timeout", f"{self.name}: not finished within {self.timeouts.total:g} s")
            error.usage = answer.usage()
            raise error from None

    async def _pull(self, events: AsyncIterator[EventT]) -> EventT | None:
        async def pull() -> EventT | None:
            return await anext(events, None)

        return await self.guard(pull, opened=True)

    async def guard(self, action: Callable[[], Awaitable[ResultT]], *, opened: bool) -> ResultT:
        try:
            return await action()
        except ProviderError:
            raise
        except Exception as error:
            # Not chained: the SDK's message may quote the key, and tracebacks print causes.
            translated = self.translate(error, opened=opened)
        raise translated

    def _check_is_stream(self, response: httpx2.Response) -> None:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        if media_type in ("text/html", "application/json", "text/plain"):
            raise ProviderError("bad_request", f"{self.name} answered {media_type}, not a stream: check its address")


def _wait_before_retry(error: ProviderError, attempt: int) -> float | None:
    """Seconds, or None to give up: people are waiting, a clear error soon beats an answer after a minute."""
    if error.kind not in START_RETRIED and (error.status or 0) < 500:
        return None
    if error.retry_after is not None:
        return error.retry_after if 0 <= error.retry_after <= LONGEST_WAIT else None
    return float(0.5 * 2**attempt * random.uniform(0.75, 1))  # noqa: S311 - a wait, not a secret


def said(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Without the empty ones (an answer stopped before its first word): Anthropic refuses a request that has any."""
    return [message for message in messages if message.text.strip()]
