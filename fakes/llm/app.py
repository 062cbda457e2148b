"""A fake provider that speaks as OpenAI and Anthropic do on the wire: an ASGI application without any framework.

Served: `POST /v1/chat/completions` (stream and not), `GET /v1/models`, `POST /v1/images/generations` as OpenAI;
`POST /v1/messages` (stream and not), `GET /v1/models` (with an `anthropic-version` header) as Anthropic, API version
2026-10-21 (which refuses `temperature`). Counting an input: `POST /v1/responses/input_tokens`,
`POST /v1/messages/count_tokens`.

By default it answers the same French text of about 60 words, at once, cut at the token limit of the request (one word
is one token). Words in brackets, in the last user message (or the image's prompt) or in the model's name, change that:

    [slow 0.05]            wait so many seconds before each word
    [words 200]            answer 200 words
    [echo X]               answer "X-0 X-1 X-2 …": as many words, all of them this question's own
    [markdown]             answer a rich Markdown document, with hostile HTML and links in it
    [fail 429 quota]       answer an error. The status and, where a status has several causes, which one:
                           400 (context, credit, content), 401, 403, 404, 413, 429 (quota, rate), 500, 503, 504, 529
    [flaky 503]            the same, but only the first time this very message is sent
    [retry-after 3]        add this header to the error
    [leak]                 errors quote the key they received, as careless servers do
    [error 5]              an error event (overloaded) inside the stream after 5 words; 0: as the very first event
    [cut 10]               close the socket after 10 words
    [hang]                 never answer
    [drop]                 read the request, then close the socket without a byte; [drop once]: the first time only;
                           [drop half]: after the first half of an answer that is not a stream
    [stall 5]              stop after 5 words, leaving the connection open; [stall 5 ping]: keep sending pings
    [refuse]               refuse after a few words; [refuse text]: OpenAI's `refusal` field
    [think]                think before speaking (Anthropic's thinking block, `reasoning_content` elsewhere)
    [usage 50000 30000 cached 20000 write 1000 reasoning 500]
                           report 50 000 tokens in, of which 20 000 read from the cache and 1 000 written to it, and
                           30 000 out, of which 500 of reasoning: each dialect counts this same call in its own way
    [no-usage]             report no usage
    [no-image]             an image's answer has bytes that are no image
    [garbage]              stream an event of a shape nobody knows
    [html]                 answer an HTML page with status 200, as a wrong address does
    [gone]                 404: the model was ended ([fail 410] and [fail 400 gone] say so in other ways)
    [json-error 503]       the same errors as [fail], but with status 200 and a JSON body, as some proxies do
    [plain]                stream as text/plain
    [blank]                answer without a word
    [think text]           think in the text, within <think>…</think>, cut anywhere; [think only]: and no more;
                           [think list]: content as a list of parts, as Mistral's reasoning models (OpenAI's dialect)
    [split bytes]          send the two halves of an emoji's bytes in two events; [split surrogates]: of its UTF-16 pair
    [usage-at zero]        report usage in every event and 0 in the last; start: at the start only; every: in every
                           event; finish: in the event that finishes; groq, kimi: where these servers put it
    [refuse-param temperature]  400 while the request has this parameter, as OpenAI says it; a second word says it
                           otherwise: sentence (in the sentence alone), detail (422, a list of problems)
    [alternate]            400 unless questions and answers take turns, as chat templates of Mistral and llama.cpp do

A missing key, or one that contains "invalid", is refused with 401. `GET /_calls` lists the requests received (each with
headers, body, status, `outcome`: running, done, failed, cut or disconnected, the words sent, when
it came and when its first word left), `DELETE /_calls`
forgets them, `GET /_health` answers at once.
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from fakes.llm import anthropic, openai
from fakes.llm.directives import BEE, Plan, read_plan

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[str, str]

CALLS: deque[dict[str, Any]] = deque(maxlen=2000)
_SEEN: set[str] = set()


class CutError(Exception):
    """Raised after the answer has begun: the server then closes the socket without ending the body."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    if scope["path"].startswith("/_"):
        return await _control(scope, send)
    body = await _read_body(receive)
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    dialect = anthropic if "anthropic-version" in headers else openai
    call: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "method": scope["method"],
        "path": scope["path"],
        "headers": headers,
        "body": body,
        "status": None,
        "outcome": "running",
        "words": 0,
        "at": time.time(),
        "first_word_at": None,
    }
    CALLS.append(call)
    answering = asyncio.ensure_future(_answer(dialect, call, send))
    leaving = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            call["outcome"] = "disconnected"
            return
        await answering
    finally:
        for task in (answering, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, CutError):
                await task


async def _answer(dialect: Any, call: dict[str, Any], send: Send) -> None:
    reply = Reply(dialect, call, send)
    route = (call["method"], call["path"])
    if problem := dialect.refusal_of_key(call["headers"]):
        return await reply.error(problem, leak=True)
    if route == ("GET", "/v1/models"):
        return await reply.json(dialect.models())
    if route not in dialect.ROUTES:
        return await reply.error(dialect.error_for(["404"]))
    if problem := dialect.refusal_of_body(call["path"], call["body"], call["headers"]):
        return await reply.error(problem)
    plan = read_plan(str(call["body"].get("model", "")), dialect.last_text(call["body"]))
    await _follow(reply, plan)


async def _follow(reply: "Reply", plan: Plan) -> None:
    call = reply.call
    if plan.hang:
        await asyncio.Event().wait()
    if plan.drop == "at once" or (plan.drop == "once" and plan.key not in _SEEN):
        _SEEN.add(plan.key)
        return await reply.drop()
    if plan.flaky and plan.key not in _SEEN:
        _SEEN.add(plan.key)
        plan.fail = plan.flaky
    if call["path"] == reply.dialect.COUNTING:
        return await reply.json(reply.dialect.counted(call["body"], plan))
    if problem := _refusal_of_plan(reply.dialect, call["body"], plan):
        return await reply.error(problem)
    if plan.json_error:
        _status, body = reply.dialect.error_for(plan.json_error)
        return await reply.json(body)
    if plan.fail:
        extra = {"retry-after": plan.retry_after} if plan.retry_after else {}
        return await reply.error(reply.dialect.error_for(plan.fail), leak=plan.leak, headers=extra)
    if plan.html:
        return await reply.complete(b"<!doctype html><title>Bienvenue</title>", "text/html; charset=utf-8")
    if call["path"].endswith("/images/generations"):
        image = openai.image(call["body"], plan)
        return await (reply.half(image) if plan.drop == "half" else reply.json(image))
    if not call["body"].get("stream"):
        return await reply.json(reply.dialect.whole_answer(call, plan))
    await _stream(reply, plan)


def _refusal_of_plan(dialect: Any, body: dict[str, Any], plan: Plan) -> tuple[int, dict[str, Any]] | None:
    if plan.gone:
        return dialect.error_for(["404"])  # type: ignore[no-any-return]
    if plan.refuse_param and plan.refuse_param[0] in body:
        return dialect.refusal_of_parameter(*plan.refuse_param)  # type: ignore[no-any-return]
    roles = [message["role"] for message in body.get("messages", []) if message["role"] != "system"]
    wanted = ["user", "assistant"] * len(roles)
    if plan.alternate and roles != wanted[: len(roles)]:
        return dialect.refusal_of_roles()  # type: ignore[no-any-return]
    return None


async def _stream(reply: "Reply", plan: Plan) -> None:
    script = reply.dialect.Script(reply.call, plan)
    await reply.open("text/plain; charset=utf-8" if plan.plain else "text/event-stream; charset=utf-8")
    if plan.garbage:
        return await reply.more(script.garbage(), last=True)
    if plan.error == 0:
        return await reply.more(script.error(), last=True)
    await reply.more(script.opening())
    for word in script.words:
        if plan.delay:
            await asyncio.sleep(plan.delay)
        sent = reply.call["words"]
        if sent == plan.cut:
            reply.call["outcome"] = "cut"
            raise CutError
        if sent == plan.error:
            return await reply.more(script.error(), last=True)
        while sent == plan.stall:
            await asyncio.sleep(0.1)
            if plan.ping:
                await reply.more(script.ping())
        reply.call["first_word_at"] = reply.call["first_word_at"] or time.time()
        for event in halves(script.word, word, plan.split):
            await reply.more(event)
        reply.call["words"] += 1
    await reply.more(script.closing(), last=True)
    reply.call["outcome"] = "done"


def halves(event: Callable[[str], bytes], word: str, how: str) -> list[bytes]:
    """The event of a word; of an emoji, where it is wished, two events with a half each."""
    if not how or BEE not in word:
        return [event(word)]
    pair = BEE.encode("utf-16-be")
    first, second = ({"bytes": (BEE.encode()[:2], BEE.encode()[2:])}).get(how) or (
        *(f"\\u{pair[at : at + 2].hex()}".encode() for at in (0, 2)),
    )
    return [event("HALF").replace(b"HALF", half) for half in (first, second + word.replace(BEE, "").encode())]


class Reply:
    """Sends one answer and keeps the record of the call up to date."""

    def __init__(self, dialect: Any, call: dict[str, Any], send: Send) -> None:
        self.dialect = dialect
        self.call = call
        self._send = send

    async def open(self, content_type: str, status: int = 200, headers: Headers | None = None) -> None:
        self.call["status"] = status
        named = {"content-type": content_type, **self.dialect.headers(self.call), **(headers or {})}
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def more(self, data: bytes, *, last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def complete(self, data: bytes, content_type: str, status: int = 200, headers: Headers | None = None) -> None:
        self.call["outcome"] = "done" if status == 200 else "failed"
        await self.open(content_type, status, {"content-length": str(len(data)), **(headers or {})})
        await self.more(data, last=True)

    async def json(self, value: object, status: int = 200, headers: Headers | None = None) -> None:
        await self.complete(json.dumps(value).encode(), "application/json", status, headers)

    async def half(self, value: object) -> None:
        data = json.dumps(value).encode()
        await self.open("application/json", headers={"content-length": str(len(data))})
        await self.more(data[: len(data) // 2])
        self.call["outcome"] = "cut"
        raise CutError

    async def drop(self) -> None:
        """Close the socket before any answer. ASGI has no such thing: uvicorn's own connection is reached for."""
        self.call["outcome"] = "cut"
        self._send.__self__.transport.close()  # type: ignore[attr-defined]

    async def error(
        self, problem: tuple[int, dict[str, Any]], *, leak: bool = False, headers: Headers | None = None
    ) -> None:
        status, body = problem
        if leak:
            body["error"]["message"] += f" Key received: {self.call['headers'].get('authorization', '')}"
        await self.json(body, status, headers)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(receive: Receive) -> Any:
    data, more = b"", True
    while more:
        message = await receive()
        data, more = data + message.get("body", b""), message.get("more_body", False)
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return {}


async def _control(scope: Scope, send: Send) -> None:
    value: object = {"ok": True}
    if scope["path"] == "/_calls" and scope["method"] == "DELETE":
        CALLS.clear()
        _SEEN.clear()
    elif scope["path"] == "/_calls":
        value = list(CALLS)
    data = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
