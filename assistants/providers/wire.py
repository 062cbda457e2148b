"""Between the socket and the SDK: what the body began with, events without data, bytes that are no UTF-8 by themselves.

The SDKs take every event for JSON, also those that only keep the connection open (an empty `data:`, an `id:`, a
`retry:`, a comment, all allowed by the HTML standard, 9.2.6): such events do not reach them.

The SDKs decode each event alone, and fail on a character whose bytes a server sent in two of them. Such bytes pass as
characters of a private area, and `words.WholeCharacters` joins them again.
"""

import codecs
import re
from collections.abc import AsyncIterator

import httpx2

# Enough for any error body; what follows is the stream's own.
HEAD_BYTES = 16_384
# Bytes 0x80 to 0xFF stand as U+F780 to U+F7FF.
FIRST_BYTE = 0xF700
BYTES_AS_CHARACTERS = frozenset(map(chr, range(FIRST_BYTE + 0x80, FIRST_BYTE + 0x100)))


def _bytes_as_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(FIRST_BYTE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("ruche-bytes-as-characters", _bytes_as_characters)


def has_bytes(text: str) -> bool:
    """True where the text holds bytes that came as characters."""
    return not text.isascii() and not BYTES_AS_CHARACTERS.isdisjoint(text)


_ENDS = re.compile(r"\r\n|\n|\r")
# A field that an event has more than once, or that the SDKs read: the others are about the connection.
_DATA = re.compile(r"data(?::|$)")
_NAMED = re.compile(r"event(?::|$)")


class Events:
    """The events of a stream that carry data, as text, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._rest = ""
        self._lines: list[str] = []
        self._has_begun = False

    def feed(self, text: str, *, last: bool = False) -> str:
        if text and not self._has_begun:
            # A stream may begin with a byte order mark.
            text, self._has_begun = text.removeprefix("\ufeff"), True
        text = self._rest + text
        # The second half of an end of line may be on its way.
        held = "\r" if text.endswith("\r") and not last else ""
        *lines, self._rest = _ENDS.split(text.removesuffix(held) if held else text)
        self._rest += held
        if last and self._rest:
            lines, self._rest = [*lines, self._rest], ""
        return "".join(map(self._line, lines)) + (self._line("") if last else "")

    def _line(self, line: str) -> str:
        if line:
            if _DATA.match(line) or _NAMED.match(line):
                self._lines.append(line)
            return ""
        event, self._lines = self._lines, []
        if any(_DATA.match(one) and one[5:].strip() for one in event):
            return "\n".join([*event, "", ""])
        return ""


class Watched(httpx2.AsyncByteStream):
    """A response's body, handed on as it comes."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body
        self.head = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        events = Events()
        decoder = codecs.getincrementaldecoder("utf-8")("ruche-bytes-as-characters")
        async for chunk in self._body:
            if len(self.head) < HEAD_BYTES:
                self.head += chunk[: HEAD_BYTES - len(self.head)]
            if ready := events.feed(decoder.decode(chunk)):
                yield ready.encode()
        if ready := events.feed(decoder.decode(b"", True), last=True):
            yield ready.encode()

    async def aclose(self) -> None:
        await self._body.aclose()


def watch(response: httpx2.Response) -> Watched | None:
    """Read the response's body through a `Watched`; None where it is compressed: its bytes say nothing."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        return None
    response.stream = Watched(response.stream)
    return response.stream
