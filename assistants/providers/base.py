"""The interface of a provider, and what all of them share: waiting, retrying at the start, closing."""

import asyncio
import contextlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

import httpx2

from assistants.providers import errors, quirks
from assistants.providers.control import StreamControl
from assistants.providers.reading import Reader
from assistants.providers.retrying import persist
from assistants.providers.types import ChatRequest, Delta, ErrorKind, Finished, ProviderError, Usage
from assistants.providers.wire import Watched, watch
from assistants.providers.words import Words

log = logging.getLogger(__name__)
EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)
ResultT = TypeVar("ResultT")

# A compressed stream comes in lumps, and an error in it cannot be read where it should not be.
IDENTITY = {"Accept-Encoding": "identity"}
# How long an answer that is complete may keep us for its usage and the end of its stream.
TAIL_SECONDS = 5.0
# How long a provider is asked for its count of an input that it did not tell by itself.
COUNT_SECONDS = 1.5


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
    provider at once, which stops the generation and its cost. `StreamControl.stop` ends it more gently: the end is
    read for a moment, nothing shown, for the provider's own count.
    """

    @property
    def name(self) -> str: ...

    def stream(
        self, request: ChatRequest, control: StreamControl | None = None
    ) -> AsyncGenerator[Delta | Finished, None]: ...

    async def aclose(self) -> None: ...


class Upstream(Protocol[EventT_co]):
    """The stream objects of both SDKs."""

    response: httpx2.Response

    def __aiter__(self) -> AsyncIterator[EventT_co]: ...

    async def close(self) -> None: ...


class StreamingProvider(ABC):
    """The part of a provider that does not depend on its dialect. Subclasses open and read."""

    # What the SDK raises where no answer came.
    unanswered: ClassVar[type[Exception]]

    def __init__(self, name: str, *, base_url: str, timeouts: Timeouts, retries: int, secrets: Sequence[str]) -> None:
        self.name = name
        self.timeouts = timeouts
        self.retries = retries
        self.secrets = tuple(secret for secret in secrets if secret)
        # What a model refuses depends on who serves it.
        self.server = f"{name} {base_url}"

    @abstractmethod
    def stream(
        self, request: ChatRequest, control: StreamControl | None = None
    ) -> AsyncGenerator[Delta | Finished, None]: ...

    async def count_input(self, request: ChatRequest) -> int | None:
        """The tokens of a request by the provider's own count; None where it has no such thing. May raise anything."""
        return None

    @abstractmethod
    def models(self) -> Any:
        """The SDK's list of models."""

    @abstractmethod
    async def aclose(self) -> None: ...

    def translate(self, error: Exception, *, opened: bool) -> ProviderError:
        """Anything an SDK may raise, as ours. One generator made both: their errors are alike."""
        # Network errors are wrapped before the answer; inside the stream httpx's own come through.
        if isinstance(error, (self.unanswered, httpx2.TransportError)):
            return errors.from_network(error, provider=self.name, opened=opened, secrets=self.secrets)
        if isinstance(error, json.JSONDecodeError):
            return ProviderError("cut", f"{self.name}: what came is not JSON", may_be_paid=True)
        if isinstance(error, UnicodeEncodeError):
            # Not sent: what is configured, a key above all, goes in headers.
            return ProviderError("auth", f"{self.name}: its key or address has a character that no header may have")
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
        self,
        request: ChatRequest,
        open_: Callable[[frozenset[str]], Awaitable[Upstream[EventT]]],
        reader: Reader[EventT],
        control: StreamControl | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        """The life of one answer: start it, pass its text on, end it, and let go of the connection in every case.

        `open_` is given the parameters to leave out.
        """
        control = control or StreamControl()
        deadline = asyncio.get_running_loop().time() + self.timeouts.total
        try:
            upstream, events, event = await self.persist(
                lambda: self._begin(lambda: self._open_as_taken(request, open_)),
                within=self.timeouts.first_byte,
                control=control,
            )
        except ProviderError as error:
            if not control.stopped:
                raise
            if error.kind == "timeout":
                # Taken or not, nobody knows: what it may have read is paid for.
                yield await self._stopped(request, reader)
            else:
                yield Finished(Usage(0, 0, 0, 0), "stopped", request.model)
            return
        control.count_with(reader)
        words, has_spoken = Words(), False
        try:
            while event is not None:
                text = words.feed(self._feed(reader, event))
                if text and not control.stopped:
                    has_spoken = has_spoken or bool(text.strip())
                    yield Delta(text)
                event = await self._next(events, reader, deadline, control)
        except ProviderError as error:
            error.usage = await self._reckoned(request, reader)
            raise
        finally:
            await upstream.close()
        if control.stopped:
            yield await self._stopped(request, reader)
            return
        if text := words.end():
            has_spoken = has_spoken or bool(text.strip())
            yield Delta(text)
        end = reader.finished()
        usage = await self._reckoned(request, reader)
        if not reader.complete:
            raise ProviderError("cut", f"{self.name}: the stream ended without its end", usage=usage)
        if not has_spoken:
            kind: ErrorKind = "refused" if end.stop_reason == "refusal" else "empty"
            raise ProviderError(kind, f"{self.name}: the answer has no text ({end.stop_reason})", usage=usage)
        yield Finished(usage, end.stop_reason, end.model)

    async def _stopped(self, request: ChatRequest, reader: Reader[EventT]) -> Finished:
        usage = await self._reckoned(request, reader)
        return Finished(usage, "stopped", reader.finished().model)

    async def _reckoned(self, request: ChatRequest, reader: Reader[EventT]) -> Usage:
        """What the call took; the provider is asked for what it did not tell, for a bounded moment."""
        if not reader.input_is_told:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(COUNT_SECONDS):
                    reader.report(prompt=await self.count_input(request))
        return reader.usage()

    async def persist(
        self,
        action: Callable[[], Awaitable[ResultT]],
        *,
        within: float,
        control: StreamControl | None = None,
        pays_once: bool = False,
    ) -> ResultT:
        """Do something that can be begun again, at most `retries` times more, all within so many seconds."""
        return await persist(
            self.name, action, retries=self.retries, within=within, control=control, pays_once=pays_once
        )

    async def _open_as_taken(
        self, request: ChatRequest, open_: Callable[[frozenset[str]], Awaitable[Upstream[EventT]]]
    ) -> Upstream[EventT]:
        """Open the stream without what the model is known to refuse; each refusal is learned once."""
        while True:
            refused = quirks.refused_by(self.server, request.model)
            try:
                return await self.guard(partial(open_, refused), opened=False)
            except ProviderError as error:
                if not quirks.learn(self.server, request.model, error):
                    raise
                log.warning(
                    "model %s of %s refuses a parameter, left out from now on: %s", request.model, self.name, error
                )

    async def _begin(
        self, open_: Callable[[], Awaitable[Upstream[EventT]]]
    ) -> tuple[Upstream[EventT], AsyncIterator[EventT], EventT | None]:
        """Open the stream and read its first event: an error sent as the first event can still be retried."""
        upstream = await open_()
        try:
            body = watch(upstream.response)
            # httpx has one figure for waiting for the answer and for each piece of it; here they differ.
            upstream.response.request.extensions["timeout"]["read"] = self.timeouts.between
            events = aiter(upstream)
            event = await self._pull(events)
            if event is None:
                self._refuse_what_is_no_stream(upstream.response, body)
            return upstream, events, event
        except BaseException:
            await upstream.close()
            raise

    def _feed(self, reader: Reader[EventT], event: EventT) -> str:
        """The SDKs check no shape: an event of another make reaches the reader with holes in it."""
        try:
            return reader.feed(event)
        except ProviderError:
            raise
        except Exception as error:
            line = f"{self.name}: an event of unknown shape ({type(error).__name__})"
        raise ProviderError("unknown", line)

    async def _next(
        self, events: AsyncIterator[EventT], reader: Reader[EventT], deadline: float, control: StreamControl
    ) -> EventT | None:
        """The next event; None at the end, and where the rest is not worth waiting for."""
        if reader.complete:
            deadline = min(deadline, asyncio.get_running_loop().time() + TAIL_SECONDS)
        try:
            async with asyncio.timeout_at(deadline) as limit:
                control.wait_within(limit)
                return await self._pull(events)
        except (TimeoutError, ProviderError) as error:
            if reader.complete or control.stopped:
                return None
            if isinstance(error, TimeoutError):
                error = ProviderError("timeout", f"{self.name}: not finished within {self.timeouts.total:g} s")
            raise error from None
        finally:
            control.waits_no_more()

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

    def _refuse_what_is_no_stream(self, response: httpx2.Response, body: Watched | None) -> None:
        """Nothing came that is an event: say what came instead, be it an error told with status 200."""
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        head = body.head.strip() if body else b""
        if head.startswith(b"{") or media_type != "text/event-stream":
            raise errors.from_body(head, provider=self.name, media_type=media_type, secrets=self.secrets)
